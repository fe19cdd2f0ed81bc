"""Previews that are kept: look ahead, then apply exactly what was seen, or discard it (DESIGN R12)."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from couplings.models import TableMapping
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.queue import enqueue
from jobs.runner import plans
from jobs.services import jobs
from jobs.services.errors import Refused

APPLY, DISCARD = "apply", "discard"


def preview(
    mapping: TableMapping,
    kind: Kind,
    *,
    user: User | None,
    parameters: dict[str, Any] | None = None,
    queue: bool = True,
    **watched: Any,
) -> SyncJob:
    """Look at what a job of ``kind`` with ``parameters`` would do, and keep it as a plan: the job becomes ``planned``,
    its records are ``PlannedChange`` rows, and nothing else is written anywhere.

    ``queue=False`` looks here, ``watched`` (``on_page``, ``stop``) by somebody. Raises ``Refused``
    (``mapping_disabled``, ``resume_first``).
    """
    _check_may_run(mapping)
    job = enqueue(mapping, Kind.PREVIEW, Trigger.MANUAL, user, {**(parameters or {}), "of": kind.value})
    return _let_run(job, queue, watched)


def apply(plan: SyncJob, *, user: User | None, queue: bool = True, **watched: Any) -> SyncJob:
    """Carry out a plan, once; the job that does it. Each record is read afresh and decided by the ordinary rules, and a
    deletion that the plan did not tell is held.

    Raises ``Refused`` (``plan_applied``, ``plan_discarded``, ``plan_unfinished``, ``not_a_plan``, ``mapping_disabled``,
    ``resume_first``); then nothing has changed.
    """
    _check_may_run(plan.mapping)
    parameters = {name: plan.parameters[name] for name in ("of", "use") if name in plan.parameters}
    with transaction.atomic():
        _take(plan, user, JobState.FINISHED, "plan_applied")
        job = enqueue(plan.mapping, Kind.APPLY, Trigger.MANUAL, user, {**parameters, "plan": plan.pk})
        SyncJob.objects.filter(pk=plan.pk).update(params={**_by(user), "job": job.pk})
    return _let_run(job, queue, watched)


def discard(plan: SyncJob, *, user: User | None) -> SyncJob:
    """Forget a plan; the job as it is now. Raises ``Refused`` like ``apply``, a paused mapping aside."""
    with transaction.atomic():
        _take(plan, user, JobState.CANCELLED, "plan_discarded")
        plans.drop(plan.pk)
    plan.refresh_from_db()
    return plan


def actions(job: SyncJob) -> list[str]:
    """What can be done with the job's plan, in the order of its buttons."""
    return [APPLY, DISCARD] if job.state == JobState.PLANNED else []


def _check_may_run(mapping: TableMapping) -> None:
    """Other wishes are kept until a paused mapping resumes; a plan would be out of date by then."""
    if mapping.paused:
        raise Refused("resume_first", mapping=mapping.name)
    jobs.check_may_run(mapping)


def _take(plan: SyncJob, user: User | None, state: JobState, code: str) -> None:
    """The plan is ours, and nobody else's any more."""
    waiting = SyncJob.objects.filter(pk=plan.pk, state=JobState.PLANNED)
    if not waiting.update(state=state, code=code, params=_by(user), finished=Now()):
        raise _refusal(SyncJob.objects.get(pk=plan.pk))


def _refusal(job: SyncJob) -> Refused:
    if job.code in ("plan_applied", "plan_discarded"):
        return Refused(job.code, **job.params)
    waits = job.kind == Kind.PREVIEW and job.state in (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
    return Refused("plan_unfinished" if waits else "not_a_plan", plan=job.pk)


def _let_run(job: SyncJob, queue: bool, watched: dict[str, Any]) -> SyncJob:
    if not queue:
        return jobs.run_here(job, **watched)
    jobs.ring(job)
    return job


def _by(user: User | None) -> dict[str, Any]:
    return {"by": user.get_username()} if user is not None else {}
