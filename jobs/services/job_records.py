"""What a job did to each record, and where else to look for records that it left as they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from couplings import log
from couplings.facets import Facets
from couplings.filters import ErrorFilter
from couplings.models import SyncError, SyncLogEntry
from couplings.models.error import State
from couplings.paging import Count, bounded_count
from couplings.shown import number
from jobs.models import Kind, PlannedChange, SyncJob
from syncstatus.engine.records import Side

# Entries stand in the order of the indexes ``log_of_a_job`` and ``planned_changes_of_a_job``, so that each page of a
# million costs the same.
ORDER = "outcome"
WITHOUT_ENTRIES = ("unchanged", "excluded", "waiting", "held", "skipped")


@dataclass(frozen=True)
class Elsewhere:
    """Why nothing is listed, in a sentence; ``page`` is the URL name of the page that tells more (empty when none does)
    and ``state`` what it is to be filtered by. ``errors`` are the open errors of exactly this job's records, where it
    can be told which they are."""

    text: str
    page: str = ""
    state: str = ""
    errors: QuerySet[SyncError] | None = None


def entries(job: SyncJob, outcome: str = "", written: Side | None = None) -> QuerySet[Any]:
    """The log entries of ``job`` or, of a preview, its planned changes: all of them, or those of one outcome or of the
    records that were ``written`` on a side; to be sorted by ``ORDER`` and id."""
    model = PlannedChange if job.kind == Kind.PREVIEW else SyncLogEntry
    found = model.objects.filter(job=job.pk)
    if written is not None:
        found = found.filter(_wrote(written))
    return found.filter(outcome=outcome) if outcome else found


def _wrote(side: Side) -> Q:
    """``changes`` is text; looked for is the side's name where only a side can stand."""
    return Q(changes__startswith=f'{{"{side.value}":') | Q(changes__contains=f',"{side.value}":{{')


def unlisted(job: SyncJob) -> dict[str, int]:
    """How many of the records that ``job`` read have no entry in its log, by outcome: it left them as they were."""
    return {name: count for name in WITHOUT_ENTRIES if (count := getattr(job, name))}


def all_of(job: SyncJob, outcome: str = "") -> Iterator[log.Entry]:
    """``entries`` as their readers see them, read a page at a time."""
    rows = entries(job, outcome).order_by(ORDER, "pk").iterator(chunk_size=1000)
    return (log.readable(row, job.mapping) for row in rows)


def elsewhere(job: SyncJob, outcome: str) -> Elsewhere | None:
    """Where to look for the records of ``outcome`` when the log has none of them; None when there were none."""
    if not (outcome and getattr(job, outcome)):
        return None
    match outcome:
        case "unchanged":
            text = _("Records that were in step write no entries. Coupled records are listed under Records.")
            return Elsewhere(text, "couplings:couplings")
        case "excluded":
            text = _(
                "Records that the mapping leaves alone write no entries. Its rules and filters say which they are."
            )
            return Elsewhere(text, "jobs:mapping")
        case "waiting" | "held":
            errors, now = left_open(job, State(outcome)), _in_mapping(job, State(outcome))
            text = _still_open(outcome, getattr(job, outcome), bounded_count(errors), now)
            return Elsewhere(text, "couplings:errors", outcome, errors)
        case "skipped":
            text = _(
                "They are left out because of errors that an earlier job found; which ones, this job did not note."
                " Left out in this mapping now: %(now)s."
            )
            return Elsewhere(text % {"now": number(_in_mapping(job, State.SKIPPED))}, "couplings:errors", outcome)
        case _:
            return Elsewhere(_("The log entries of this job are no longer kept."))


def left_open(job: SyncJob, state: State) -> QuerySet[SyncError]:
    """The errors that ``job`` was the last to look at and left in ``state``, WAITING or HELD; in order of id, by the
    indexes ``errors_waiting_of_job`` and ``errors_held``. Those that it left SKIPPED have more than one outcome."""
    return SyncError.objects.filter(job=job.pk, state=state, mapping=job.mapping_id)


def _in_mapping(job: SyncJob, state: State) -> Count:
    """How many errors of the mapping are in ``state`` now, whichever job has found them."""
    return Facets(ErrorFilter({"mapping": job.mapping.name, "state": state}), [job.mapping]).total()


def _still_open(outcome: str, count: int, found: Count, now: Count) -> str:
    """How many of a job's ``count`` waiting or held records are so still by what the job found, and how many of the
    mapping are: a run that finds what an earlier one held back adds nothing to it."""
    if outcome == "waiting":
        text = _(
            "Records that waited for another one: %(count)s. Waiting still, as this job found them: %(found)s."
            " Waiting in this mapping now: %(now)s."
        )
    else:
        text = _(
            "Deletions that a guard kept back: %(count)s. Held still, as this job found them: %(found)s."
            " Held in this mapping now: %(now)s."
        )
    return text % {"count": number(count), "found": number(found), "now": number(now)}
