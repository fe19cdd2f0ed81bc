"""Errors, couplings and jobs in words, for templates."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from couplings import links, messages, rules_in_words, schema_in_words
from couplings.configuration import sentences as configuration_in_words
from couplings.log import OUTCOMES
from couplings.models import Connection, SyncError, TableMapping
from couplings.models.error import Resolution
from couplings.shown import counted
from couplings.tables import requested_text
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side

register = template.Library()

register.filter("problem", messages.of)
register.filter("requested", requested_text)
register.filter("field", messages.field_name)
register.filter("change", schema_in_words.sentence)
register.filter("arrow", rules_in_words.arrow)
register.filter("schedule", rules_in_words.schedule)
register.filter("told", configuration_in_words.render)


@register.filter
def side(mapping: TableMapping | None, which: str) -> str:
    return mapping.side_name(which) if mapping else ""


@register.filter
def record_name(error: SyncError) -> str:
    """What people call the record an error is about; the mapping or the connection when it is about no record."""
    return error.description or error.left_key or error.right_key or str(error.mapping or error.connection)


@register.filter
def next_step(error: SyncError) -> str:
    return messages.next_step(error.code, error.kind)


@register.filter
def sentence(problem: tuple[str, dict[str, Any]], mapping: TableMapping) -> str:
    """A message code and its parameters, about a mapping's systems."""
    code, params = problem
    return messages.render(code, {"mapping": mapping.name, **messages.named(params, mapping)})


@register.filter
def said(problem: tuple[str, dict[str, Any]]) -> str:
    """A message code and its parameters, about no mapping."""
    return messages.render(*problem)


@register.filter
def differing(rows: list[Any]) -> list[Any]:
    return [row for row in rows if not row.equal]


@register.filter
def agreeing(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row.equal]


@register.filter
def stored(error: SyncError) -> list[dict[str, Any]]:
    """The values kept with an error: for readers when a system cannot be asked."""
    return [{"name": name, **values} for name, values in error.details.items() if isinstance(values, dict)]


def _missing(error: SyncError) -> Side | None:
    match error.left_exists, error.right_exists:
        case False, True:
            return Side.LEFT
        case True, False:
            return Side.RIGHT
    return None


@register.filter
def missing_side(error: SyncError) -> str:
    """The system in which the record was deleted, when it was deleted in exactly one."""
    missing = _missing(error)
    return side(error.mapping, missing) if missing else ""


@register.filter
def surviving_side(error: SyncError) -> str:
    missing = _missing(error)
    return side(error.mapping, missing.other) if missing else ""


@register.filter
def set_up_coupling(error: SyncError) -> str:
    """Where a person couples the record of ``error`` with another one; empty for records that are coupled, and for
    errors that are closed unless it was by Remove Coupling."""
    keys = {name: key for name in ("left", "right") if (key := getattr(error, f"{name}_key"))}
    uncoupled = error.is_open or error.resolution == Resolution.UNCOUPLED
    if error.mapping is None or error.coupling_id or not keys or not uncoupled:
        return ""
    return f"{reverse('jobs:set_up_coupling')}?{urlencode({'mapping': error.mapping.name, **keys})}"


@register.simple_tag
def record_url(mapping: TableMapping, which: str, key: str, page: str = "record") -> str:
    """The page of a record of one side, coupled or not; ``page``: another page about the same record."""
    return f"{reverse(f'jobs:{page}')}?{urlencode({'mapping': mapping.name, 'side': str(which), 'key': key})}"


@register.simple_tag
def open_url(mapping: TableMapping, which: str, key: str | None) -> str:
    """Where the record opens in its own application; empty where nobody has said where."""
    return links.of(mapping, Side(which), key)


@register.filter
def unanswered_in(error: SyncError) -> str:
    """The system in which a create was announced whose answer nobody heard; empty for any other error."""
    keys = {name for name in ("left", "right") if getattr(error, f"{name}_key") is not None}
    lost = error.is_open and error.kind == ErrorKind.UNKNOWN_OUTCOME and error.coupling_id is None and len(keys) == 1
    return side(error.mapping, "right" if "left" in keys else "left") if lost else ""


@register.filter
def outcomes(job: Any) -> str:
    """“3 Modified, 2 Failed”: what adds up to the records read, without the zeros."""
    counts = ((label, getattr(job, name)) for name, label in OUTCOMES.items())
    return ", ".join(counted(count, label) for label, count in counts if count) or "—"


@register.filter
def job_message(job: Any) -> str:
    return sentence((job.code, job.params), job.mapping)


@register.filter
def health_message(connection: Connection) -> str:
    """Why a system does not answer, as it was found at the last check."""
    health = connection.health
    if not health.get("code"):
        return ""
    params = {**health.get("params", {}), "connection": connection.name, "detail": health.get("detail", "")}
    return messages.render(health["code"], params)
