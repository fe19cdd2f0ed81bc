"""SCENARIOS 4 with Celery workers: killed at work, before the task is acknowledged; bells lost or rung twice."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now

from jobs import tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import runner
from jobs.services import jobs, mappings
from tests.faults import processes
from tests.faults.processes import bells
from tests.faults.stories import assert_as_undisturbed, prepare
from tests.jobs.worlds import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


@pytest.fixture
def story(make_world: Callable[..., World], broker: redis.Redis) -> World:
    world = make_world(deletion_conflict="delete")
    prepare(world)
    return world


def has_ended(job: SyncJob) -> Callable[[], bool]:
    return lambda: SyncJob.objects.filter(pk=job.pk, state=JobState.FINISHED).exists()


def kill_worker_at(point: str, number: int) -> None:
    with processes.worker("-m", "tests.faults.driver", point, str(number), "worker") as process:
        processes.until(lambda: process.poll() is not None, f"the worker to die {point}")
    assert process.returncode == -9


def test_another_worker_takes_over_once_the_lease_ran_out(story: World, broker: redis.Redis) -> None:
    job = jobs.start(story.mapping, Kind.MODIFIED)
    kill_worker_at("after the other side's commit", 5)
    broker.flushall()
    SyncJob.objects.filter(pk=job.pk).update(holder="elsewhere:1:abc")
    tasks.ring_due()
    assert bells(broker) == 0, "the lease still holds"
    SyncJob.objects.filter(pk=job.pk).update(holder="elsewhere:1:abc", lease_until=Now() - MINUTE)
    tasks.ring_due()
    assert bells(broker) == 1
    with processes.worker():
        processes.until(has_ended(job), "the second worker to finish the job")
    job.refresh_from_db()
    assert job.attempts == 2
    assert_as_undisturbed(story)


def test_a_task_that_was_never_acknowledged_comes_back_and_finds_nothing_to_do(
    story: World, broker: redis.Redis
) -> None:
    job = jobs.start(story.mapping, Kind.MODIFIED)
    kill_worker_at("before the task is acknowledged", 1)
    job.refresh_from_db()
    assert job.state == JobState.FINISHED
    (task,) = broker.hvals("unacked")  # type: ignore[misc]
    assert b"run_job" in task
    tasks.run_job(job.pk)
    after = SyncJob.objects.get(pk=job.pk)
    assert (after.attempts, after.finished, after.read) == (1, job.finished, job.read)
    assert_as_undisturbed(story)


def test_a_task_that_is_delivered_twice_runs_once(story: World, broker: redis.Redis) -> None:
    job = jobs.start(story.mapping, Kind.MODIFIED)
    tasks.ring(job.pk)
    assert bells(broker) == 2
    with processes.worker():
        processes.until(lambda: bells(broker) == 0 and has_ended(job)(), "both deliveries")
    assert SyncJob.objects.get(pk=job.pk).attempts == 1
    assert_as_undisturbed(story)


def test_an_emptied_broker_loses_no_job(story: World, broker: redis.Redis) -> None:
    job = jobs.start(story.mapping, Kind.MODIFIED)
    assert bells(broker) == 1
    broker.flushall()
    tasks.ring_due()
    assert bells(broker) == 0, "it may just be on its way"
    SyncJob.objects.filter(pk=job.pk).update(created=Now() - MINUTE)
    tasks.ring_due()
    assert bells(broker) == 1
    with processes.worker():
        processes.until(has_ended(job), "the job whose bell was lost")
    assert_as_undisturbed(story)


def test_the_job_of_a_dead_process_of_this_machine_is_rung_at_once(story: World, broker: redis.Redis) -> None:
    job = jobs.start(story.mapping, Kind.MODIFIED)
    kill_worker_at("after the other side's commit", 5)
    broker.flushall()
    tasks.ring_due()
    assert bells(broker) == 1, "nobody need wait for the lease"
    with processes.worker():
        processes.until(has_ended(job), "another worker to finish the job")
    assert_as_undisturbed(story)


def orphan(world: World, **fields: int) -> SyncJob:
    """A job whose worker is dead, after so many attempts."""
    job = jobs.enqueue(world.mapping, Kind.MODIFIED, Trigger.MANUAL)
    dead = {"state": JobState.RUNNING, "holder": "elsewhere:1:abc", "lease_until": Now() - MINUTE}
    SyncJob.objects.filter(pk=job.pk).update(**dead, **fields)
    return job


def test_attempts_that_changed_records_are_not_held_against_a_job(story: World, broker: redis.Redis) -> None:
    job = orphan(story, attempts=runner.ATTEMPTS, advanced_in=1)
    done = runner.run(job.pk)
    assert done is not None
    again = runner.ATTEMPTS + 1
    assert (done.state, done.attempts, done.advanced_in) == (JobState.FINISHED, again, again)
    assert_as_undisturbed(story)


def test_a_job_that_gets_on_is_given_up_in_the_end(story: World, broker: redis.Redis) -> None:
    job = orphan(story, attempts=runner.ATTEMPTS_AT_MOST, advanced_in=runner.ATTEMPTS_AT_MOST)
    done = runner.run(job.pk)
    assert done is not None
    assert (done.state, done.code) == (JobState.FAILED, "attempts_exhausted")


def test_t6_a_job_that_kills_its_worker_every_time_is_given_up(story: World, broker: redis.Redis) -> None:
    job = jobs.start(story.mapping, Kind.MODIFIED)
    for attempt in range(1, runner.ATTEMPTS + 1):
        processes.die_at("after the plan", 1, "sync", "CUSTOMER")
        job.refresh_from_db()
        assert (job.state, job.attempts) == (JobState.RUNNING, attempt)
    assert runner.run(job.pk) is not None
    job.refresh_from_db()
    assert (job.state, job.code, job.params) == (JobState.FAILED, "attempts_exhausted", {"attempts": runner.ATTEMPTS})
    story.mapping.refresh_from_db()
    assert story.mapping.paused
    error = story.error()
    assert (error.mapping, error.code, error.state) == (story.mapping, "attempts_exhausted", "skipped")
    broker.flushall()
    SyncJob.objects.filter(state=JobState.QUEUED).update(created=Now() - MINUTE)
    tasks.ring_due()
    assert bells(broker) == 0, "what still waits for the mapping waits on"
    mappings.resume(story.mapping, user=None, queue=False)
    assert_as_undisturbed(story)
