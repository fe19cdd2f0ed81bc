"""The part of a job's page that lists what it did to each record, or says where its records are listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from couplings import log
from couplings.paging import page
from jobs.models import OUTCOMES, SyncJob
from jobs.services import job_records, undo
from syncstatus.engine.records import Side

SIZE = 25
SIDES = ("mapping__left_connection", "mapping__right_connection")


@dataclass(frozen=True)
class Counter:
    """How many records of a job had the outcome ``name``; ``label`` in the reader's language."""

    name: str
    label: Any
    count: int


def log_of(request: HttpRequest, job: SyncJob) -> dict[str, Any]:
    """The records of the job that the query string asks for: of one ``outcome``, or ``written`` on a side."""
    outcome, side = chosen(request.GET.get("outcome", ""), request.GET.get("written", ""))
    found = job_records.entries(job, outcome, side)
    shown = page(found, job_records.ORDER, request.GET, SIZE)
    return {
        "outcome": outcome,
        "written": side.value if side is not None else "",
        "entries": log.with_links(log.readable(entry, job.mapping) for entry in shown),
        "unlisted": [] if outcome or side else unlisted(job),
        "undoable": undo.undoable(shown.rows) if undo.may_be_undone(job) else set(),
        "page": shown,
        **elsewhere(request, job, outcome, shown.rows),
    }


def chosen(outcome: str, side: str) -> tuple[str, Side | None]:
    """What of a query string is an outcome and a side; the rest is as if it were not there."""
    return outcome if outcome in OUTCOMES else "", Side(side) if side in set(Side) else None


def unlisted(job: SyncJob) -> list[Counter]:
    """The outcomes of which the log says nothing, with their numbers."""
    return [Counter(name, log.OUTCOMES[name], count) for name, count in job_records.unlisted(job).items()]


def elsewhere(request: HttpRequest, job: SyncJob, outcome: str, entries: Sequence[Any]) -> dict[str, Any]:
    """Instead of an empty list: where the records of an outcome are that write no entries, or their open errors."""
    found = None if entries else job_records.elsewhere(job, outcome)
    told: dict[str, Any] = {"elsewhere": found}
    if found is not None and found.errors is not None:
        told["errors"] = page(found.errors.select_related(*SIDES).defer("details", "searched"), "pk", request.GET, SIZE)
        told["page"] = told["errors"]
    if found is not None and found.page:
        told["elsewhere_url"] = address(job, found)
    return told


def address(job: SyncJob, found: job_records.Elsewhere) -> str:
    if found.page == "jobs:mapping":
        return reverse(found.page, args=[job.mapping.name])
    query = {"mapping": job.mapping.name} | ({"state": found.state} if found.state else {})
    return f"{reverse(found.page)}?{urlencode(query)}"
