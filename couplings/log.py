"""The Synchronization Log as its readers see it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from couplings import messages
from couplings.models import Coupling, TableMapping
from couplings.models.log import Change as FieldChange
from couplings.models.log import RecordEntry

OUTCOMES = {
    "inserted": _("Inserted"),
    "modified": _("Modified"),
    "deleted": _("Deleted"),
    "unchanged": _("Unchanged"),
    "coupled": _("Coupled"),
    "uncoupled": _("Uncoupled"),
    "excluded": _("Excluded"),
    "waiting": _("Waiting"),
    "held": _("Held"),
    "skipped": _("Skipped"),
    "failed": _("Failed"),
}


@dataclass(frozen=True)
class Change:
    """One field that was written; ``side`` is the name of the system it was written in."""

    side: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Entry:
    """What one job did to one record."""

    pk: int
    at: datetime
    job: int
    outcome: str
    label: Any
    message: str
    changes: list[Change]
    left_key: str
    right_key: str
    coupling: int | None


def readable(entry: RecordEntry, mapping: TableMapping) -> Entry:
    params = {
        "record": entry.left_key or entry.right_key or "",
        "mapping": mapping.name,
        **messages.named(entry.message_params(), mapping),
    }
    return Entry(
        pk=entry.pk,
        at=entry.at,
        job=entry.job,
        outcome=entry.outcome,
        label=OUTCOMES.get(entry.outcome, entry.outcome),
        message=messages.render(entry.code, params) if entry.code else "",
        changes=[_change(change, mapping) for change in entry.field_changes()],
        left_key=entry.left_key or "",
        right_key=entry.right_key or "",
        coupling=entry.coupling,
    )


def with_links(entries: Iterable[Entry]) -> list[Entry]:
    """``entries`` without links to couplings that were removed since."""
    found = list(entries)
    ids = {entry.coupling for entry in found if entry.coupling is not None}
    alive = set(Coupling.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    return [entry if entry.coupling in alive else replace(entry, coupling=None) for entry in found]


def _change(change: FieldChange, mapping: TableMapping) -> Change:
    return Change(mapping.side_name(change.side), change.field, change.old, change.new)
