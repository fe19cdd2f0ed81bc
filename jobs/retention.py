"""What is deleted when it is old enough, and what stays however old it is (SCENARIOS T25).

Each kind of row is walked through by key in batches, each a short transaction of its own, so that nothing waits long,
memory stays flat, and whoever is killed on the way leaves a smaller store. Keys grow with time: the walk ends with the
first batch in which nothing is old, and needs no index by age.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from couplings import bulk
from couplings.models import AuditEntry, BulkRequest, MappingDraft, SyncError, SyncLogEntry
from couplings.models.error import State
from couplings.store import clock
from jobs import history, totals, workers
from jobs.models import ENDED, JobState, Kind, PlannedChange, Slot, SyncJob

logger = logging.getLogger(__name__)

BATCH = 5_000
EVERY = timedelta(days=1)
SLOT = "retention"
DISCARDED = "plan_discarded"


@dataclass(frozen=True)
class Rule:
    """Rows born ``before`` may go where they are among ``old``; ``born`` names a time that grows with their keys."""

    name: str
    before: datetime
    born: str
    old: QuerySet


def is_due() -> bool:
    """Whether the day's slot has come; the first one comes a day after the installation."""
    Slot.objects.get_or_create(name=SLOT, defaults={"next_run": Now() + EVERY})
    return _come().exists()


def claim() -> bool:
    """Whether the slot is ours: two beats, or a bell that rings late, find it taken (SCENARIOS T23)."""
    return _come().update(next_run=Now() + EVERY) == 1


def _come() -> QuerySet[Slot]:
    return Slot.objects.filter(name=SLOT, next_run__lte=Now())


def prune(*, dry_run: bool = False) -> dict[str, int]:
    """Delete what is older than the settings KEEP_… say; how many rows of each went, or would."""
    if not dry_run:
        totals.fold()
        history.forget()
        workers.forget_lost()
    pruned = {"plans": _expire_plans(dry_run), "drafts": _forget_drafts(dry_run)}
    pruned |= {rule.name: _prune(rule, dry_run) for rule in _rules()}
    logger.info("pruned", extra={**pruned, "dry_run": dry_run})
    return pruned


def kept() -> dict[str, timedelta | None]:
    """How long each kind of row is kept; None is for ever."""
    return {
        "log_entries": settings.KEEP_LOG,
        "jobs": settings.KEEP_JOBS,
        "resolved_errors": settings.KEEP_RESOLVED_ERRORS,
        "plans": settings.KEEP_PLANS,
        "drafts": settings.KEEP_DRAFTS,
        "bulk_requests": bulk.WATCHED,
        "audit_entries": settings.KEEP_AUDIT,
    }


def _rules() -> Iterator[Rule]:
    makers = {
        "log_entries": ("at", _old_entries),
        "jobs": ("created", _old_jobs),
        "resolved_errors": ("first_seen", _old_errors),
        "audit_entries": ("at", _old_audit_entries),
    }
    for name, (born, old) in makers.items():
        keep = kept()[name]
        if keep is not None:
            before = clock.now() - keep
            yield Rule(name, before, born, old(before))
    yield Rule("planned_changes", clock.now(), "at", _forgotten_changes())
    watched = clock.now() - bulk.WATCHED
    yield Rule("bulk_requests", watched, "requested_at", BulkRequest.objects.filter(requested_at__lt=watched))


def _old_entries(before: datetime) -> QuerySet[SyncLogEntry]:
    """But not what was done to a record with an open error, nor by a job that has not ended."""
    same = SyncError.objects.open().filter(mapping=OuterRef("mapping"))
    active = SyncJob.objects.filter(pk=OuterRef("job")).exclude(state__in=ENDED)
    return SyncLogEntry.objects.filter(
        ~Exists(same.filter(left_key=OuterRef("left_key"))),
        ~Exists(same.filter(right_key=OuterRef("right_key"))),
        ~Exists(active),
        at__lt=before,
    )


def _old_jobs(before: datetime) -> QuerySet[SyncJob]:
    """But not the last of its mapping, nor one that an open error names, nor a plan that is being applied."""
    later = SyncJob.objects.filter(mapping=OuterRef("mapping"), pk__gt=OuterRef("pk"), state__in=ENDED)
    named = SyncError.objects.open().filter(job=OuterRef("pk"))
    old = SyncJob.objects.filter(Exists(later), ~Exists(named), state__in=ENDED, counted=True, finished__lt=before)
    return old.exclude(pk__in=_applied_now())


def _old_errors(before: datetime) -> QuerySet[SyncError]:
    return SyncError.objects.filter(state=State.RESOLVED, resolved_at__lt=before)


def _old_audit_entries(before: datetime) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(at__lt=before)


def _applied_now() -> list[int]:
    applying = SyncJob.objects.filter(kind=Kind.APPLY, counted=False).exclude(state__in=ENDED)
    return [parameters["plan"] for parameters in applying.values_list("parameters", flat=True)]


def _forgotten_changes() -> QuerySet[PlannedChange]:
    """Those of plans that were discarded, or whose job is gone; what a plan that was applied had told stays with it."""
    plan = SyncJob.objects.filter(pk=OuterRef("job"))
    return PlannedChange.objects.filter(~Exists(plan) | Exists(plan.filter(code=DISCARDED)))


def _expire_plans(dry_run: bool) -> int:
    """Discard plans that nobody applied for so long: too much has moved since they were made."""
    if settings.KEEP_PLANS is None:
        return 0
    old = SyncJob.objects.filter(state=JobState.PLANNED, finished__lt=clock.now() - settings.KEEP_PLANS)
    return old.count() if dry_run else old.update(state=JobState.CANCELLED, code=DISCARDED, params={})


def _forget_drafts(dry_run: bool) -> int:
    """Delete drafts of mappings that their owners have not touched for so long. They are few, so that one statement
    looks at them all, and sees what somebody changes while it waits for the row."""
    if settings.KEEP_DRAFTS is None:
        return 0
    old = MappingDraft.objects.filter(updated__lt=clock.now() - settings.KEEP_DRAFTS)
    return old.count() if dry_run else _delete(old)


def _prune(rule: Rule, dry_run: bool) -> int:
    gone = 0
    for batch in _batches(rule):
        old = rule.old.filter(batch)
        gone += old.count() if dry_run else _delete(old)
    return gone


def _delete(old: QuerySet) -> int:
    """How many of them, without what the store's models take along."""
    return old.delete()[1].get(old.model._meta.label, 0)


def _batches(rule: Rule) -> Iterator[Q]:
    """Ranges of keys, up to the first that holds nothing old."""
    after = 0
    while True:
        page = rule.old.model._default_manager.filter(pk__gt=after).order_by("pk")[:BATCH]
        found = page.aggregate(last=Max("pk"), oldest=Min(F(rule.born)))
        if found["last"] is None or found["oldest"] >= rule.before:
            return
        yield Q(pk__gt=after, pk__lte=found["last"])
        after = found["last"]
