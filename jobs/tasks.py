"""What Celery calls: a task takes an id, calls the runner, rings the next. The truth stands in PostgreSQL."""

import logging
from collections.abc import Sequence
from contextlib import suppress

from celery import shared_task
from django.db import close_old_connections

from couplings.store import counts, notes
from jobs import history, queue, retention, totals
from jobs.runner import lease, runner

logger = logging.getLogger(__name__)

BELL = 3600.0  # seconds until a bell that nobody hears is gone; far longer than clocks are apart
CALL = 60.0  # seconds after which a call to a large job is stale


def ring(job: int) -> None:
    """Put the job before the workers. A broker that is away costs nothing but time: beat rings again."""
    try:
        run_job.apply_async((job,), retry=False)
    except run_job.OperationalError:
        logger.warning("the broker does not answer; the job waits for the next bell", extra={"job": job})


def ring_each(jobs: Sequence[int]) -> None:
    """One bell for any number of jobs: nobody waits for a broker that is slow, or away, once for each of them."""
    if len(jobs) == 1:
        ring(*jobs)
    elif jobs:
        with suppress(ring_all.OperationalError):  # beat rings again
            ring_all.apply_async((list(jobs),), retry=False)


@shared_task(name="jobs.tasks.ring_all")
def ring_all(jobs: Sequence[int]) -> None:
    """Hand each job to a worker of its own."""
    for job in jobs:
        ring(job)


@shared_task(name="jobs.tasks.run_job")
def run_job(job: int) -> None:
    """Run one job, unless it is finished, taken, or its mapping busy; then ring the next that waits for the mapping.

    Delivered twice, or a week late, it finds nothing to claim.
    """
    close_old_connections()
    done = runner.run(job, ring=ring, call=call)
    if done is None:
        logger.info("nothing to run", extra={"job": job, "state": queue.state_of(job)})
        return
    for following in (queue.next_of(done.mapping_id), queue.next_with_room(done.mapping_id)):
        if following is not None:
            ring(following)


def call(job: int) -> None:
    """Call a worker to a large job that another one runs. Nobody has to come."""
    with suppress(run_parts.OperationalError):
        run_parts.apply_async((job,), retry=False, expires=CALL)


@shared_task(name="jobs.tasks.run_parts")
def run_parts(job: int) -> None:
    """Work off parts of a job; then let the others in the queue have their turn first."""
    close_old_connections()
    if runner.run_parts(job):
        call(job)


@shared_task(name="jobs.tasks.ring_due")
def ring_due() -> None:
    """Beat's only entry."""
    close_old_connections()
    for job in dict.fromkeys(queue.due() + lease.orphans()):
        ring(job)
    for job in queue.with_parts():
        call(job)
    totals.fold()
    counts.fold()
    notes.bring_back_due()
    history.sample()
    if retention.is_due():
        ring_prune()


def ring_prune() -> None:
    """Like every bell it may get lost or ring twice: the task claims the day's slot."""
    with suppress(prune.OperationalError):
        prune.apply_async(retry=False, expires=BELL)


@shared_task(name="jobs.tasks.prune")
def prune() -> None:
    """Delete what is old enough, once a day."""
    close_old_connections()
    if retention.claim():
        retention.prune()
