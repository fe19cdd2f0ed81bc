"""Pause, resume and cancel jobs.

A job that waits obeys at once; a running one when the page it is in is committed, so that everything it wrote is in
the log; one whose worker is dead at once, too. A job on hold keeps its place and does not occupy its mapping: what
people ask for is done meanwhile. Only the schedule waits with it, because it would begin the same work again.
"""

from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from couplings import audit
from jobs import tasks
from jobs.models import JobState, Kind, SyncJob, Wish
from jobs.services.errors import Refused

ATTEMPTS = 3  # a job that changes its state in this very moment is looked at again


def pause(job: SyncJob, *, user: User | None) -> SyncJob:
    """Put a job that waits or runs on hold; the job as it is now (``asked`` while its page goes on).

    Raises ``Refused`` (``job_on_hold``, ``job_being_cancelled``, ``job_ended``).
    """
    return _stop(job, [JobState.QUEUED], Wish.PAUSE, state=JobState.PAUSED, code="paused", params=_by(user))


def cancel(job: SyncJob, *, user: User | None) -> SyncJob:
    """End a job that waits, runs or is on hold; the job as it is now. What it has done stays.

    Raises ``Refused`` (``job_being_cancelled``, ``job_ended``)."""
    fields = {"state": JobState.CANCELLED, "code": "cancelled", "params": _by(user), "finished": Now()}
    return _stop(job, [JobState.QUEUED, JobState.PAUSED], Wish.CANCEL, **fields)


def resume(job: SyncJob, *, user: User | None) -> SyncJob:
    """Let a job that is on hold, or was stopped at a terminal, wait for the workers again: it goes on after its last
    page. One of the same kind that waits already is cancelled, as this one does its work.

    Raises ``Refused`` (``job_not_on_hold``, ``job_being_cancelled``, ``job_ended``).
    """
    for _attempt in range(ATTEMPTS):
        try:
            if _let_go_on(job) or _queue_again(job):
                transaction.on_commit(lambda: tasks.ring(job.pk))
                return _now(job)
        except IntegrityError:  # one_queued_job_per_mapping_and_kind: another one came in this very moment
            continue
        break
    raise _refusal(_now(job))


def _stop(job: SyncJob, at_once: list[JobState], wish: Wish, **ended: Any) -> SyncJob:
    mine = SyncJob.objects.filter(pk=job.pk)
    abandoned = Q(state=JobState.RUNNING, lease_until__lt=Now())
    for _attempt in range(ATTEMPTS):
        if mine.filter(Q(state__in=at_once) | abandoned).update(lease_until=None, holder="", asked="", **ended):
            return _now(job)
        running = mine.filter(state=JobState.RUNNING).exclude(asked__in=[wish, Wish.CANCEL])
        if running.update(asked=wish, params=ended["params"]):
            return _now(job)
    raise _refusal(_now(job))


def _let_go_on(job: SyncJob) -> bool:
    """Whether it ran still, on its way to being put on hold."""
    asked = SyncJob.objects.filter(pk=job.pk, state=JobState.RUNNING, asked=Wish.PAUSE)
    return asked.update(asked=Wish.NONE, params={}) == 1


def _queue_again(job: SyncJob) -> bool:
    parameters = {name: value for name, value in job.parameters.items() if name != "resume"}
    with transaction.atomic():
        if not _stopped(job).select_for_update().exists():
            return False
        _same_wish(job).update(state=JobState.CANCELLED, finished=Now(), code="resumed_instead", params={"job": job.pk})
        _stopped(job).update(state=JobState.QUEUED, code="", params={}, parameters=parameters)
    return True


def _stopped(job: SyncJob) -> QuerySet[SyncJob]:
    at_terminal = Q(state=JobState.QUEUED, parameters__has_key="resume")
    return SyncJob.objects.filter(Q(state=JobState.PAUSED) | at_terminal, pk=job.pk)


def _same_wish(job: SyncJob) -> QuerySet[SyncJob]:
    """Jobs that wait to do all that ``job`` has left to do."""
    alike = job.kind in (Kind.MODIFIED, Kind.RETRY)
    waiting = SyncJob.objects.filter(mapping=job.mapping_id, kind=job.kind, state=JobState.QUEUED)
    return waiting.exclude(pk=job.pk) if alike else waiting.none()


def _refusal(job: SyncJob) -> Refused:
    """Why the wish does not fit the job's state."""
    code = "job_not_on_hold"
    if job.state in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED):
        code = "job_ended"
    elif job.asked == Wish.CANCEL:
        code = "job_being_cancelled"
    elif job.state == JobState.PAUSED or job.asked == Wish.PAUSE:
        code = "job_on_hold"
    return Refused(code, job=job.pk, mapping=job.mapping.name)


def _now(job: SyncJob) -> SyncJob:
    now = SyncJob.objects.select_related("mapping").get(pk=job.pk)
    audit.note(mapping=now.mapping.name, jobs=[job.pk])
    return now


def _by(user: User | None) -> dict[str, Any]:
    return {"by": user.get_username(), "reason": "person"} if user is not None else {}
