"""Start jobs: hand them to the workers or run them here; preview them."""

import time
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from couplings.models import SyncError, TableMapping
from couplings.store import errors
from jobs import circuits, tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.queue import enqueue, enqueue_each
from jobs.runner import runner
from jobs.runner.runner import OnPage, Stop, Tell
from jobs.services.errors import Refused

BUSY_PAUSE = 0.2  # seconds between looks at a mapping that another job works on


def start(
    mapping: TableMapping,
    kind: Kind,
    *,
    trigger: Trigger = Trigger.MANUAL,
    user: User | None = None,
    parameters: dict[str, Any] | None = None,
    queue: bool = True,
) -> SyncJob:
    """Start a job: handed to the workers after the commit, or run here to its end (``queue=False``).

    A job of the same kind that still waits is returned instead of a second one. Raises ``Refused``
    (``mapping_disabled``, ``mapping_paused``, ``mapping_deleted``).
    """
    check_may_run(mapping)
    job = _queued(mapping, kind, trigger, user, parameters)
    if not queue:
        return run_here(job)
    ring(job)
    return job


def start_each(
    mappings: Iterable[TableMapping], kind: Kind, *, user: User | None, queue: bool = True
) -> tuple[list[SyncJob], list[Refused]]:
    """``start`` for each of ``mappings``, with a few statements and one bell for all; why it was refused for some."""
    if not queue:
        return _one_by_one(mappings, kind, user, queue=False)
    refused = []
    may_run = []
    for mapping in mappings:
        try:
            check_may_run(mapping)
            may_run.append(mapping)
        except Refused as no:
            refused.append(no)
    try:
        jobs = enqueue_each(may_run, kind, Trigger.MANUAL, user)
    except IntegrityError:  # somebody else starts or deletes one of them in this moment
        started, also = _one_by_one(may_run, kind, user, queue=True)
        return started, refused + also
    transaction.on_commit(lambda: tasks.ring_each([job.pk for job in jobs]))
    return jobs, refused


def _one_by_one(
    mappings: Iterable[TableMapping], kind: Kind, user: User | None, *, queue: bool
) -> tuple[list[SyncJob], list[Refused]]:
    started, refused = [], []
    for mapping in mappings:
        try:
            started.append(start(mapping, kind, user=user, queue=queue))
        except Refused as no:
            refused.append(no)
    return started, refused


def start_here(
    mapping: TableMapping,
    kind: Kind,
    *,
    parameters: dict[str, Any] | None = None,
    on_page: OnPage | None = None,
    stop: Stop | None = None,
) -> SyncJob:
    """``start`` in the foreground, with somebody watching: see ``runner.run`` for ``on_page`` and ``stop``."""
    check_may_run(mapping)
    return run_here(_queued(mapping, kind, Trigger.MANUAL, None, parameters), on_page=on_page, stop=stop)


def _queued(mapping: TableMapping, *wish: Any) -> SyncJob:
    try:
        return enqueue(mapping, *wish)
    except TableMapping.DoesNotExist:
        raise Refused("mapping_deleted", mapping=mapping.name) from None


def check_may_run(mapping: TableMapping) -> None:
    if not mapping.enabled:
        raise Refused("mapping_disabled", mapping=mapping.name)
    if mapping.paused:
        raise Refused("mapping_paused", mapping=mapping.name)


def ring(job: SyncJob) -> None:
    """Tell the workers, once the job is committed."""
    transaction.on_commit(lambda: tasks.ring(job.pk))


def run_here(job: SyncJob, *, on_page: OnPage | None = None, stop: Stop | None = None) -> SyncJob:
    """Run a queued job in this process, after whatever runs on its mapping; the job as it is afterwards.

    Raises ``Refused`` when the mapping is paused before its turn comes, ``ConnectionRests`` while a system has asked to
    be left alone; then the job goes on waiting. ``Refused``, too, when it is deleted with its mapping."""
    while True:
        done = runner.run(job.pk, on_page=on_page, stop=stop, call=tasks.call)
        if done is not None and not _goes_on(done):
            return done
        _look_again(job)
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            return job
        for running in SyncJob.objects.filter(mapping=job.mapping_id, state=JobState.RUNNING).exclude(pk=job.pk):
            runner.run_orphan(running.pk)
        mapping = TableMapping.objects.select_related("left_connection", "right_connection").get(pk=job.mapping_id)
        check_may_run(mapping)
        circuits.obey_both(mapping)
        time.sleep(BUSY_PAUSE)


def _look_again(job: SyncJob) -> None:
    """Raises ``Refused`` when the job was deleted with its mapping."""
    try:
        job.refresh_from_db()
    except SyncJob.DoesNotExist:
        raise Refused("mapping_deleted", mapping=job.mapping.name) from None


def _goes_on(job: SyncJob) -> bool:
    """Whether the store was lost on the way, so that the job waits to be taken up again."""
    return job.state == JobState.QUEUED and "resume" not in job.parameters


def preview(
    mapping: TableMapping, kind: Kind, parameters: dict[str, Any] | None = None, *, tell: Tell | None = None
) -> SyncJob:
    """What a job would do: its counters, unsaved. Nothing is written anywhere. ``tell`` gets what would be done to each
    record, page by page, and why others are left out. Raises the connectors' errors."""
    job = SyncJob(mapping=mapping, kind=kind, trigger=Trigger.MANUAL, parameters=parameters or {})
    return runner.preview(job, tell=tell)


def is_due(mapping: TableMapping) -> bool:
    """Whether errors of the mapping are to be worked off now."""
    return errors.count_due(mapping.pk) > 0


def open_errors(mapping: TableMapping) -> bool:
    """Whether the mapping is out of step somewhere, itself or through a connection."""
    connections = (mapping.left_connection_id, mapping.right_connection_id)
    concerned = Q(mapping=mapping) | Q(connection__in=connections)
    return SyncError.objects.open().filter(concerned).exists()
