"""Celery for real: a worker in a process of its own runs what services queue and what is due (DESIGN R13)."""

import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
import redis
from django.db.models.functions import Now
from django.utils import timezone

from couplings.models import Coupling, SyncError, SyncLogEntry, TableMapping
from jobs import tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import lease
from jobs.services import actions, jobs, stopping
from syncstatus.engine.records import Side
from tests.faults import processes
from tests.faults.processes import bells
from tests.jobs.worlds import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


@pytest.fixture(scope="module")
def worker(django_db_setup: None, django_db_blocker: object) -> "Iterator[subprocess.Popen[str]]":
    """One worker for the tests of this file, as `make run` starts it."""
    options = ("worker", "--concurrency=2", "--without-gossip", "--without-mingle")
    with processes.worker("-m", "celery", "-A", "syncstatus", *options) as process:
        yield process
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=processes.PATIENCE)


@pytest.fixture
def running(worker: "subprocess.Popen[str]", broker: redis.Redis, world: World) -> Iterator[World]:
    """A world that the worker works on; the test ends when the worker has nothing left to do."""
    yield world
    processes.until(lambda: not bells(broker) and not broker.hlen("unacked"), "the worker to rest")


def ended(job: SyncJob) -> SyncJob:
    """The job once a worker has brought it to its end."""
    over = (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)
    processes.until(lambda: SyncJob.objects.filter(pk=job.pk, state__in=over).exists(), f"the end of job {job.pk}")
    job.refresh_from_db()
    return job


def test_a_queued_job_is_run_by_the_worker(running: World) -> None:
    key = running.left.add(name="Adatum")
    job = ended(jobs.start(running.mapping, Kind.MODIFIED))
    assert (job.state, job.inserted, job.attempts, job.lease_until) == (JobState.FINISHED, 1, 1, None)
    assert running.right.get(running.coupling(key).right_key, "name") == ("Adatum",)


def test_a_click_on_a_record_reaches_both_sides(running: World) -> None:
    key, partner = running.pair(name="Adatum", phone="1")
    running.left.edit(key, phone="7")
    running.right.edit(partner, phone="8")
    running.sync()
    done = actions.request(SyncError.objects.open(), "synchronize", user=None, use=Side.LEFT)
    (job,) = done.jobs
    assert (ended(job).state, job.modified, job.kind) == (JobState.FINISHED, 1, Kind.RETRY)
    assert running.left.get(key, "phone") == running.right.get(partner, "phone") == ("7",)
    assert running.errors() == []


def test_a_bell_on_the_schedule_runs_the_job(running: World) -> None:
    key = running.left.add(name="Adatum")
    due = timezone.now() - timedelta(seconds=1)
    TableMapping.objects.filter(pk=running.mapping.pk).update(schedule_every=1800, next_run=due)
    tasks.ring_due()
    job = ended(SyncJob.objects.get())
    assert (job.trigger, job.kind, job.inserted) == (Trigger.SCHEDULE, Kind.MODIFIED, 1)
    assert running.coupling(key)


def test_what_waits_is_rung_after_the_job_before_it_has_ended(running: World) -> None:
    """The bells of the waiting job came while its mapping was busy, and are gone."""
    running.left.add(name="Adatum")
    busy = SyncJob.objects.create(mapping=running.mapping, kind=Kind.FULL, trigger=Trigger.MANUAL)
    assert lease.claim(busy.pk, "elsewhere:1:x")
    waiting = jobs.start(running.mapping, Kind.MODIFIED)
    tasks.run_job(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == (JobState.QUEUED, 0)
    SyncJob.objects.filter(pk=busy.pk).update(lease_until=Now() - MINUTE)
    tasks.ring(busy.pk)
    assert ended(busy).state == JobState.FINISHED
    assert ended(waiting).state == JobState.FINISHED


def test_jobs_of_two_kinds_run_one_after_the_other(running: World) -> None:
    running.pairs(3)
    started = [jobs.start(running.mapping, kind) for kind in (Kind.FULL, Kind.MODIFIED, Kind.FIND_DELETED)]
    done = sorted((ended(job) for job in started), key=lambda job: job.started or timezone.now())
    for earlier, later in pairwise(done):
        assert earlier.finished is not None
        assert later.started is not None
        assert earlier.finished <= later.started


def test_a_job_that_fails_leaves_the_worker_alive(running: World) -> None:
    running.right.execute("ALTER TABLE account RENAME TO gone")
    assert ended(jobs.start(running.mapping, Kind.MODIFIED)).state == JobState.FAILED
    assert running.error().kind == "schema"
    running.right.execute("ALTER TABLE gone RENAME TO account")
    assert ended(jobs.start(running.mapping, Kind.MODIFIED)).state == JobState.FINISHED
    assert running.errors() == []


def test_a_job_is_put_on_hold_under_the_workers_hands_and_goes_on(running: World, broker: redis.Redis) -> None:
    rows = 20_000
    running.left.execute(f"INSERT INTO customer (name) SELECT 'Name ' || n FROM generate_series(1, {rows}) n")
    job = jobs.start(running.mapping, Kind.FULL)
    processes.until(Coupling.objects.exists, "the first page")
    stopping.pause(job, user=None)
    held = SyncJob.objects.filter(pk=job.pk, state=JobState.PAUSED)
    processes.until(held.exists, "the end of the page")
    done = Coupling.objects.count()
    assert 0 < done < rows
    assert done == len(running.right.keys()) == SyncLogEntry.objects.filter(job=job.pk).count()
    tasks.ring(job.pk)
    processes.until(lambda: not bells(broker) and not broker.hlen("unacked"), "the bell to be heard")
    assert held.exists()
    stopping.resume(job, user=None)
    assert (ended(job).state, job.inserted, job.read, job.attempts) == (JobState.FINISHED, rows, rows, 1)
    assert len(running.right.keys()) == Coupling.objects.count() == rows
