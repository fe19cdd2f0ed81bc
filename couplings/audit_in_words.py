"""What the audit log says, in the reader's language."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from couplings.models import TableMapping
from couplings.models.audit import AuditEntry
from couplings.shown import number
from syncstatus.engine.records import Side

GROUPS: Final = {
    gettext_lazy("Errors"): {
        "errors.retry": gettext_lazy("Retry"),
        "errors.retry_all": gettext_lazy("Retry All"),
        "errors.synchronize": gettext_lazy("Synchronize"),
        "errors.choose": gettext_lazy("Synchronize, field by field"),
        "errors.restore": gettext_lazy("Restore Records"),
        "errors.delete": gettext_lazy("Delete Records"),
        "errors.create_again": gettext_lazy("Create again"),
        "errors.remove_coupling": gettext_lazy("Remove Coupling"),
        "errors.find_deleted": gettext_lazy("Find for Deleted"),
        "errors.adopt": gettext_lazy("Couple with a found record"),
        "errors.assign": gettext_lazy("Assign"),
        "errors.comment": gettext_lazy("Comment"),
        "errors.ignore": gettext_lazy("Ignore"),
        "errors.unignore": gettext_lazy("Bring back"),
        "errors.cancel": gettext_lazy("Cancel what has not begun"),
        "errors.export": gettext_lazy("Export"),
        "views.save": gettext_lazy("Save a view"),
        "views.first": gettext_lazy("Open the page with this view"),
        "views.not_first": gettext_lazy("Open the page with all open errors"),
        "views.delete": gettext_lazy("Delete a view"),
    },
    gettext_lazy("Held deletions"): {
        "held.approve": gettext_lazy("Approve held deletions"),
        "held.approve_all": gettext_lazy("Approve all held deletions of a plan"),
        "held.discard": gettext_lazy("Discard held deletions"),
        "held.discard_all": gettext_lazy("Discard all held deletions of a plan"),
    },
    gettext_lazy("Records"): {
        "couplings.add": gettext_lazy("Set Up Coupling"),
        "couplings.couple": gettext_lazy("Couple the chosen records"),
        "couplings.remove_coupling": gettext_lazy("Remove Coupling"),
        "couplings.synchronize": gettext_lazy("Synchronize"),
        "couplings.match": gettext_lazy("Match-Based Coupling"),
        "couplings.import": gettext_lazy("Import couplings"),
        "undo_entry": gettext_lazy("Undo what was done to a record"),
    },
    gettext_lazy("Mappings"): {
        "mappings.modified": gettext_lazy("Synchronize Modified Records"),
        "mappings.full": gettext_lazy("Run Full Synchronization"),
        "mappings.first": gettext_lazy("First synchronization"),
        "mappings.find_deleted": gettext_lazy("Find for Deleted"),
        "mappings.preview": gettext_lazy("Preview"),
        "mappings.pause": gettext_lazy("Pause a mapping"),
        "mappings.resume": gettext_lazy("Resume a mapping"),
        "mappings.accept": gettext_lazy("Accept changed tables"),
        "mappings.add": gettext_lazy("Begin a mapping"),
        "mappings.draft": gettext_lazy("Change the draft of a mapping"),
        "mappings.save": gettext_lazy("Save a mapping"),
        "mappings.delete": gettext_lazy("Delete a mapping"),
        "sync": gettext_lazy("Synchronize"),
    },
    gettext_lazy("Jobs"): {
        "jobs.pause": gettext_lazy("Pause a job"),
        "jobs.resume": gettext_lazy("Resume a job"),
        "jobs.cancel": gettext_lazy("Cancel a job"),
        "jobs.apply": gettext_lazy("Apply a preview"),
        "jobs.discard": gettext_lazy("Discard a preview"),
        "undo": gettext_lazy("Undo"),
        "undo_job": gettext_lazy("Undo a job"),
    },
    gettext_lazy("Connections"): {
        "connection_add": gettext_lazy("Add a connection"),
        "connection_edit": gettext_lazy("Change a connection"),
        "connection_test": gettext_lazy("Try settings of a connection"),
        "connection_secret": gettext_lazy("Replace a secret"),
        "connection_delete": gettext_lazy("Delete a connection"),
        "check": gettext_lazy("Check a connection"),
    },
    gettext_lazy("People"): {
        "sign_in": gettext_lazy("Sign in"),
        "sign_out": gettext_lazy("Sign out"),
        "password": gettext_lazy("Change the password"),
        "person_add": gettext_lazy("Add a person"),
        "person": gettext_lazy("Change a person"),
        "person_password": gettext_lazy("Give a person a new password"),
    },
    gettext_lazy("Configuration"): {
        "config.apply": gettext_lazy("Apply a configuration"),
        "config.refresh": gettext_lazy("Accept changed tables"),
        "prune": gettext_lazy("Delete what is old"),
    },
}
"""The actions by the names that views and commands give them, in groups."""

ACTIONS: Final = {name: caption for group in GROUPS.values() for name, caption in group.items()}

LABELS: Final = {
    "records": gettext_lazy("records"),
    "selected": gettext_lazy("rows"),
    "use": gettext_lazy("data of"),
    "side": gettext_lazy("keys of"),
    "filter": gettext_lazy("filter"),
    "mappings": gettext_lazy("mappings"),
    "connection": gettext_lazy("connection"),
    "person": gettext_lazy("person"),
    "role": gettext_lazy("role"),
    "grants": gettext_lazy("grants"),
    "job": gettext_lazy("job"),
    "jobs": gettext_lazy("jobs"),
    "changes": gettext_lazy("changes"),
    "file": gettext_lazy("file"),
}
"""What an entry's subject names, in the order in which it is told."""

Sides = Mapping[str, Mapping[str, str]]


def action(name: str) -> str:
    """The caption of an action; one without a caption is told by its name."""
    return str(ACTIONS.get(name, name.replace("_", " ")))


def names_of_sides() -> Sides:
    """What the sides of each mapping are called, for ``subject``."""
    mappings = TableMapping.objects.select_related("left_connection", "right_connection")
    return {one.name: {side.value: one.side_name(side) for side in Side} for one in mappings}


def subject(entry: AuditEntry, sides: Sides) -> str:
    """What was acted on, in one line."""
    return " · ".join([*_counted(entry), *_named(entry, sides)])


def _counted(entry: AuditEntry) -> Iterator[str]:
    if entry.accepted is not None and entry.asked is not None and entry.asked != entry.accepted:
        told = {"count": number(entry.accepted), "asked": number(entry.asked)}
        yield ngettext("%(count)s of %(asked)s record", "%(count)s of %(asked)s records", entry.asked) % told
    elif (count := entry.accepted if entry.accepted is not None else entry.asked) is not None:
        yield ngettext("%(count)s record", "%(count)s records", count) % {"count": number(count)}


def _named(entry: AuditEntry, sides: Sides) -> Iterator[str]:
    """In the order of LABELS, whatever is not among them last."""
    known = {name: entry.subject[name] for name in LABELS if name in entry.subject}
    for name, value in {**known, **entry.subject}.items():
        if name == "unknown_name":
            yield from [_("a name that nobody bears")] if value else []
        elif name in {"use", "side"}:
            yield f"{LABELS[name]} {sides.get(entry.mapping, {}).get(str(value), value)}"
        elif value not in (None, "", [], {}):
            yield f"{LABELS.get(name, name)}: {_text(value)}"


def _text(value: Any) -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(map(_text, value))
        case dict():
            return ", ".join(f"{name}={_text(one)}" for name, one in value.items())
    return str(value)
