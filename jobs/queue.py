"""The queue of jobs. It stands in PostgreSQL; the broker only carries the bells (DESIGN R13)."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Case, DurationField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet, When
from django.db.models.functions import Coalesce, Now

from couplings import audit
from couplings.models import ErrorRequest, SyncError, TableMapping
from couplings.models.error import State
from couplings.store import clock
from jobs import circuits, room
from jobs.models import LONG, ONE_WAITING, JobPart, JobState, Kind, SyncJob, Trigger

LOST_AFTER = timedelta(seconds=4)  # a job that waited so long has probably lost its bell

WAITING = Q(state=JobState.QUEUED, mapping__enabled=True, mapping__paused=False) & ~Q(parameters__has_key="resume")
"""Jobs that wait for a worker or for their mapping, and not for a person."""

FRESH_FIRST = Case(When(trigger=Trigger.RETRY, then=1), default=0)


INTERRUPTED = {"resume": "foreground"}
"""The parameters of a job without a wish that was stopped in the foreground."""


def enqueue(
    mapping: TableMapping,
    kind: Kind,
    trigger: Trigger,
    user: User | None = None,
    parameters: dict[str, Any] | None = None,
) -> SyncJob:
    """A queued job: a new one, or the one of the same wish that waits already (one_queued_job_per_mapping_and_kind).
    Raises ``TableMapping.DoesNotExist`` when the mapping was deleted meanwhile."""
    job = _enqueue(mapping, kind, trigger, user, parameters or {})
    audit.note(mapping=mapping.name, jobs=[job.pk])
    return job


def enqueue_each(mappings: Collection[TableMapping], kind: Kind, trigger: Trigger, user: User | None) -> list[SyncJob]:
    """A queued job for each of ``mappings``, as by ``enqueue``, with one statement for all that are new. Raises
    ``IntegrityError`` when somebody else enqueued one of them in this moment, or deleted its mapping: then none is."""
    queued = SyncJob.objects.filter(mapping__in=mappings, kind=kind, state=JobState.QUEUED)
    waiting = {job.mapping_id: job for job in queued if kind in ONE_WAITING or job.parameters == INTERRUPTED}
    new = (mapping for mapping in mappings if mapping.pk not in waiting)
    with transaction.atomic():
        made = SyncJob.objects.bulk_create(
            SyncJob(mapping=mapping, kind=kind, trigger=trigger, requested_by=user) for mapping in new
        )
    for mapping in mappings:
        audit.note(mapping=mapping.name)
    jobs = [*waiting.values(), *made]
    audit.note(jobs=[job.pk for job in jobs])
    return jobs


def _enqueue(mapping: TableMapping, kind: Kind, trigger: Trigger, user: User | None, wish: dict[str, Any]) -> SyncJob:
    interrupted = _interrupted(mapping, kind, wish)
    if interrupted is not None:
        return interrupted
    try:
        with transaction.atomic():
            return SyncJob.objects.create(
                mapping=mapping, kind=kind, trigger=trigger, requested_by=user, parameters=wish
            )
    except IntegrityError:  # one_queued_job_per_mapping_and_kind, or the mapping is gone
        TableMapping.objects.only("pk").get(pk=mapping.pk)
        waiting = SyncJob.objects.filter(mapping=mapping, kind=kind, state=JobState.QUEUED).first()
        # It may have been claimed in this very moment; then there is room for the new one.
        return waiting or _enqueue(mapping, kind, trigger, user, wish)


def _interrupted(mapping: TableMapping, kind: Kind, wish: dict[str, Any]) -> SyncJob | None:
    """A job of the same wish that was stopped in the foreground and waits to go on."""
    waiting = SyncJob.objects.filter(mapping=mapping, kind=kind, state=JobState.QUEUED, parameters__has_key="resume")
    return next((job for job in waiting if _wish(job.parameters) == _wish(wish)), None)


def _wish(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "resume"}


def state_of(job: int) -> str:
    """For the log: the job's state, empty when there is no such job."""
    return SyncJob.objects.filter(pk=job).values_list("state", flat=True).first() or ""


def next_of(mapping: int) -> int | None:
    """The job that has waited longest for the mapping, fresh changes before retries (DESIGN R10); one that was stopped
    in the foreground waits for a person."""
    waiting = SyncJob.objects.filter(mapping=mapping, state=JobState.QUEUED).exclude(parameters__has_key="resume")
    waiting = waiting.exclude(_behind())
    waiting = waiting.filter(circuits.both_admitting("mapping__"))
    return waiting.order_by(FRESH_FIRST, "id").values_list("pk", flat=True).first()


def next_with_room(mapping: int) -> int | None:
    """The job of another mapping that has waited longest for room at a connection which a job of ``mapping`` has just
    left."""
    shared = room.shared_with(mapping)
    used = Q(mapping__left_connection__in=shared) | Q(mapping__right_connection__in=shared)
    waiting = SyncJob.objects.filter(WAITING & used).exclude(_behind()).exclude(mapping=mapping)
    return waiting.order_by(FRESH_FIRST, "id").values_list("pk", flat=True).first() if shared else None


def waiting_for(connections: Collection[int]) -> list[int]:
    """The jobs that wait and use one of ``connections``, fresh changes first."""
    used = Q(mapping__left_connection__in=connections) | Q(mapping__right_connection__in=connections)
    return list(SyncJob.objects.filter(WAITING & used).order_by(FRESH_FIRST, "id").values_list("pk", flat=True))


def _behind() -> Q:
    """Jobs over a whole mapping whose mapping another such job goes through; jobs over a few records run beside it."""
    running = SyncJob.objects.filter(state=JobState.RUNNING, kind__in=LONG)
    return Q(kind__in=LONG, mapping__in=running.values("mapping"))


def due() -> list[int]:
    """Start the jobs whose time has come; the ids of these and of all whose bell was lost, to be rung.

    Everything it goes by stands in PostgreSQL, so two beats, a restart or an emptied broker do no harm.
    """
    started = [job.pk for job in _scheduled() + _retries()]
    return started + [pk for pk in _without_bell().values_list("pk", flat=True) if pk not in started]


def _scheduled() -> list[SyncJob]:
    """One job for each mapping whose slot has come; slots that were missed coalesce into it. A mapping with a job on
    hold is passed by: its schedule would begin the same work again."""
    _pull_back()
    with transaction.atomic():
        on_hold = SyncJob.objects.filter(state=JobState.PAUSED).values("mapping")
        mappings = list(_ready(TableMapping.objects.filter(next_run__lte=Now()).exclude(pk__in=on_hold)))
        for mapping in mappings:
            _next_slot(mapping)
        return [enqueue(mapping, Kind.MODIFIED, Trigger.SCHEDULE) for mapping in mappings]


def _pull_back() -> None:
    """A slot further away than the mapping's interval was given when the clock was ahead; it would not come for as long
    as that was."""
    every = ExpressionWrapper(F("schedule_every") * timedelta(seconds=1), DurationField())
    ahead = TableMapping.objects.filter(next_run__isnull=False, next_run__gt=Now() + every)
    ahead.update(next_run=Now() + every)


def _ready(mappings: QuerySet[TableMapping]) -> QuerySet[TableMapping]:
    """Mappings that may run, locked: not paused, neither connection's circuit open, not broken a moment ago."""
    broken = SyncError.objects.open().filter(left_key=None, right_key=None, next_attempt__gt=Now()).values("mapping")
    mappings = mappings.exclude(pk__in=broken.filter(mapping__isnull=False))
    mappings = mappings.filter(circuits.both_admitting(), enabled=True, paused=False)
    return mappings.select_for_update(skip_locked=True, of=("self",))


def _next_slot(mapping: TableMapping) -> None:
    """The next slot after now in the mapping's own rhythm."""
    if mapping.next_run is None or mapping.schedule_every is None:
        return
    every = timedelta(seconds=mapping.schedule_every)
    missed = max(clock.now() - mapping.next_run, timedelta(0)) // every
    TableMapping.objects.filter(pk=mapping.pk).update(next_run=mapping.next_run + every * (missed + 1))


def _retries() -> list[SyncJob]:
    """One job for each mapping with errors that are due or asked for and that no job is going to work off soon."""
    failed = SyncError.objects.of_records().filter(state=State.RETRYING, next_attempt__lte=Now())
    due = Q(pk__in=failed.values("mapping")) | Exists(ErrorRequest.objects.filter(mapping=OuterRef("pk")))
    at_them = Q(state=JobState.QUEUED) & ~_behind() | Q(state=JobState.RUNNING, kind=Kind.RETRY)
    active = SyncJob.objects.filter(at_them).values("mapping")
    with transaction.atomic():
        mappings = list(_ready(TableMapping.objects.filter(due).exclude(pk__in=active)))
        return [enqueue(mapping, Kind.RETRY, Trigger.RETRY) for mapping in mappings]


def _without_bell() -> QuerySet[SyncJob]:
    """Jobs that have waited for a while although their mapping is free and may run, and jobs whose worker died."""
    waiting = WAITING & Q(created__lt=Now() - LOST_AFTER) & ~_behind()
    may_run = circuits.both_admitting("mapping__")
    return SyncJob.objects.filter(may_run, waiting | Q(state=JobState.RUNNING, lease_until__lt=Now()))


def oldest_waiting() -> timedelta | None:
    """The age of the job that has waited longest for its turn, by the store's clock; None when none waits. A job that
    was put back counts from its first start, and one that waits for a system not at all."""
    waited = Now() - Coalesce(F("started"), F("created"))
    its_turn = SyncJob.objects.filter(WAITING, circuits.both_admitting("mapping__"))
    found: timedelta | None = its_turn.aggregate(longest=Max(waited))["longest"]
    return found


def with_parts() -> list[int]:
    """Running jobs with parts that nobody has taken yet."""
    return list(JobPart.objects.filter(holder="").values_list("job", flat=True).order_by("job").distinct())
