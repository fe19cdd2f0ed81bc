"""What a person reads before an action is carried out: its number, the systems, and what it leaves out."""

from collections import Counter
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings import error_actions
from couplings.error_actions import Reckoning
from couplings.messages import render as sentence
from couplings.models import SyncError, TableMapping
from couplings.shown import number
from jobs.forms import ErrorActionForm
from jobs.services import actions as service
from syncstatus.engine.records import Side

# Where each action writes: on the side where the record is missing, where it is still, or opposite to the data it uses.
WRITES = {error_actions.RESTORE, error_actions.DELETE, error_actions.USE_LEFT, error_actions.USE_RIGHT}


def confirm(
    request: HttpRequest, form: ErrorActionForm, errors: QuerySet[SyncError], reckoned: Reckoning, back: str
) -> HttpResponse:
    """The page that asks; its form sends the same again, confirmed."""
    systems = written(service.applicable(errors, form.rule), form.rule) if form.rule in WRITES else Counter()
    context = {
        "action": form.action_name,
        "answer": caption(form, reckoned.fitting, list(systems)),
        "effects": [effect(form.rule, system, count) for system, count in sorted(systems.items())],
        "count": reckoned.fitting,
        "left_out": [(count, sentence(code, {})) for code, count in reckoned.refused.items()],
        "form": form,
        "back": back,
    }
    return render(request, "jobs/confirm.html", context)


def written(errors: QuerySet[SyncError], rule: str) -> Counter[str]:
    """How many records would be written in which system."""
    mappings = TableMapping.objects.select_related("left_connection", "right_connection").in_bulk()
    counted = errors.order_by().values_list("mapping", "left_exists").annotate(records=Count("pk"))
    names: Counter[str] = Counter()
    for mapping, left_exists, records in counted:
        names[mappings[mapping].side_name(side_written(rule, left_exists))] += records
    return names


def side_written(rule: str, left_exists: bool | None) -> Side:
    survivor = Side.LEFT if left_exists else Side.RIGHT
    return {
        error_actions.RESTORE: survivor.other,
        error_actions.DELETE: survivor,
        error_actions.USE_LEFT: Side.RIGHT,
        error_actions.USE_RIGHT: Side.LEFT,
    }[rule]


def effect(rule: str, system: str, count: int) -> str:
    match rule:
        case error_actions.DELETE:
            text = ngettext(
                "%(count)s record will be deleted in %(system)s.",
                "%(count)s records will be deleted in %(system)s.",
                count,
            )
        case error_actions.RESTORE:
            text = ngettext(
                "%(count)s record will be created again in %(system)s.",
                "%(count)s records will be created again in %(system)s.",
                count,
            )
        case _:
            text = ngettext(
                "%(count)s record in %(system)s gets the other side's data where they differ.",
                "%(count)s records in %(system)s get the other side's data where they differ.",
                count,
            )
    return text % {"count": number(count), "system": system}


def caption(form: ErrorActionForm, count: int, systems: list[str]) -> str:
    """What the button does, with the number and, where one system is written, its name."""
    values: dict[str, Any] = {"count": number(count), "system": "".join(systems), **asked_for(form)}
    if len(systems) == 1 and (named := in_system(form.rule, count)) is not None:
        return named % values
    match form.service_action:
        case "delete":
            text = ngettext("Delete %(count)s record", "Delete %(count)s records", count)
        case "restore":
            text = ngettext("Restore %(count)s record", "Restore %(count)s records", count)
        case "create_again":
            text = ngettext("Create %(count)s record again", "Create %(count)s records again", count)
        case "uncouple":
            text = ngettext("Remove %(count)s coupling", "Remove %(count)s couplings", count)
        case "synchronize":
            text = ngettext("Synchronize %(count)s record", "Synchronize %(count)s records", count)
        case "retry":
            text = ngettext("Retry %(count)s record", "Retry %(count)s records", count)
        case action:
            text = of_notes(action, bool(values["person"]), count)
    return text % values


def in_system(rule: str, count: int) -> str | None:
    match rule:
        case error_actions.DELETE:
            return ngettext("Delete %(count)s record in %(system)s", "Delete %(count)s records in %(system)s", count)
        case error_actions.RESTORE:
            return ngettext("Restore %(count)s record in %(system)s", "Restore %(count)s records in %(system)s", count)
        case error_actions.USE_LEFT | error_actions.USE_RIGHT:
            return ngettext(
                "Overwrite %(count)s record in %(system)s", "Overwrite %(count)s records in %(system)s", count
            )
    return None


def of_notes(action: str, to_somebody: bool, count: int) -> str:
    match action:
        case error_actions.ASSIGN if to_somebody:
            return ngettext("Assign %(count)s error to %(person)s", "Assign %(count)s errors to %(person)s", count)
        case error_actions.ASSIGN:
            return ngettext("Assign %(count)s error to nobody", "Assign %(count)s errors to nobody", count)
        case error_actions.COMMENT:
            return ngettext("Comment on %(count)s error", "Comment on %(count)s errors", count)
        case error_actions.IGNORE:
            return ngettext("Ignore %(count)s error until %(until)s", "Ignore %(count)s errors until %(until)s", count)
    return ngettext("Bring %(count)s error back into the list", "Bring %(count)s errors back into the list", count)


def asked_for(form: ErrorActionForm) -> dict[str, str]:
    until = form.cleaned_data["until"]
    return {
        "person": form.cleaned_data["person"],
        "until": date_format(until, "SHORT_DATE_FORMAT") if until else _("a day"),
    }
