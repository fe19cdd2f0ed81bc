"""T16: a system that asks for patience, over HTTP. It is left alone exactly so long, and no record is to blame."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db.models.functions import Now
from django.utils import timezone
from sqlalchemy import text

from couplings.models import Connection, SyncError, SyncLogEntry, TableMapping
from couplings.models.connection import Circuit
from couplings.models.error import Resolution
from jobs import circuits, queue, tasks
from jobs.models import CreateIntent, JobState, Kind, SyncJob, Trigger
from jobs.runner.context import PAGE
from jobs.runner.systems import open_endpoint
from jobs.services import jobs
from syncstatus.engine.records import Side
from tests.faults import processes, throttled
from tests.faults.processes import bells
from tests.faults.throttled import Gate
from tests.jobs.worlds import World, told

SECOND = timedelta(seconds=1)


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


@pytest.fixture
def world(make_world: Callable[..., World], gate: Gate, broker: redis.Redis) -> World:
    """CRM stands behind the gate, and one pair is in step."""
    made = make_world()
    crm = made.mapping.right_connection
    crm.kind, crm.settings = throttled.KIND, {"url": f"{gate.url(crm.settings['url'])}&lock_timeout=1"}
    crm.save()
    made.mapping = TableMapping.objects.get(pk=made.mapping.pk)
    made.pair(name="Adatum", phone="1")
    return made


def crm() -> Connection:
    return Connection.objects.get(name="CRM")


def time_passes() -> None:
    """The time has come at which the system may be asked again."""
    Connection.objects.filter(name="CRM").update(open_until=Now() - SECOND)
    SyncJob.objects.update(created=Now() - timedelta(minutes=1))


def scheduled(world: World, kind: Kind = Kind.MODIFIED) -> SyncJob:
    return queue.enqueue(world.mapping, kind, Trigger.SCHEDULE)


def add_customers(world: World, count: int) -> None:
    world.left.execute(
        f"INSERT INTO customer (name, phone) SELECT 'Name ' || n, '1' FROM generate_series(1, {count}) n"
    )


def fail_once(world: World) -> SyncError:
    """An edit of a while ago that met a lock; it is due now, and no feed lists it any more."""
    (key,) = world.left.keys()
    world.left.edit(key, phone="7")
    with world.right.engine.begin() as user:
        user.execute(text("SELECT 1 FROM account FOR UPDATE"))
        world.sync()
    world.left.execute("ALTER TABLE customer DISABLE TRIGGER stamp")
    world.left.execute("UPDATE customer SET modified_at = now() - interval '1 hour'")
    world.left.execute("ALTER TABLE customer ENABLE TRIGGER stamp")
    SyncError.objects.update(next_attempt=Now() - SECOND)
    return world.error()


def test_t16_a_large_run_stops_waits_and_goes_on_with_fresh_changes_first(
    world: World, gate: Gate, broker: redis.Redis
) -> None:
    failed = fail_once(world)
    add_customers(world, 2 * PAGE + 100)
    gate.refuse(only="create", after=1, retry_after=300)
    job = scheduled(world)
    tasks.run_job(job.pk)
    broker.flushall()  # others were called to the large job

    job.refresh_from_db()
    assert (job.state, job.code, job.attempts) == (JobState.QUEUED, "waiting_for_connection", 0)
    assert job.inserted == len(world.right.keys()) - 1 == PAGE
    connection = crm()
    assert (connection.circuit, connection.asked_to_wait) == (Circuit.OPEN, True)
    assert connection.open_until is not None
    (of_record, of_connection) = world.errors()
    assert (of_record.pk, of_record.attempts, of_record.state) == (failed.pk, 1, "retrying")
    assert (of_connection.kind, of_connection.code, of_connection.connection) == (
        "connection",
        "asked_to_wait",
        connection,
    )
    assert of_connection.next_attempt == connection.open_until
    assert not CreateIntent.objects.exists(), "what was refused was not done, and need not be searched for"

    asked, until = len(gate.asked), connection.open_until
    tasks.ring_due()
    tasks.run_job(job.pk)
    with pytest.raises(circuits.ConnectionRests):
        open_endpoint(world.mapping, Side.RIGHT)
    assert (len(gate.asked), bells(broker)) == (asked, 0), "nobody asks before the time"
    assert crm().open_until == until

    time_passes()
    tasks.ring_due()
    assert bells(broker) == 1
    tasks.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.inserted, job.modified) == (JobState.FINISHED, 2 * PAGE + 100, 1)
    assert job.read == job.inserted + job.modified
    assert world.errors() == []
    of_connection.refresh_from_db()
    assert of_connection.resolution == Resolution.RECOVERED
    assert crm().circuit == Circuit.CLOSED
    last = SyncLogEntry.objects.filter(job=job.pk).latest("pk")
    assert (last.outcome, last.left_key) == ("modified", failed.left_key), "retries come after fresh changes"
    world.assert_quiet()


def test_what_was_written_of_a_page_that_is_cut_short_is_in_the_log_once(world: World, gate: Gate) -> None:
    """The creates of the page go through, its updates do not."""
    (key,) = world.left.keys()
    world.left.edit(key, phone="7")
    add_customers(world, 3)
    gate.refuse(only="update", retry_after=300)
    job = scheduled(world)
    tasks.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.read, job.inserted) == (JobState.QUEUED, 3, 3)
    assert SyncLogEntry.objects.filter(job=job.pk).count() == 3
    time_passes()
    tasks.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.read, job.inserted, job.modified) == (JobState.FINISHED, 4, 3, 1)
    assert SyncLogEntry.objects.filter(job=job.pk).count() == 4
    world.assert_quiet()


def test_a_create_that_may_have_been_done_before_is_searched_for(world: World, gate: Gate) -> None:
    """The system asks for patience when the next run looks what became of it."""
    add_customers(world, 1)
    processes.die_at("after the answer", 1, "sync", "CUSTOMER")
    gate.refuse(only="read", retry_after=300)
    job = SyncJob.objects.get(state=JobState.RUNNING)
    tasks.run_job(job.pk)
    assert crm().asked_to_wait
    time_passes()
    tasks.run_job(job.pk)
    assert len(world.right.keys()) == 2
    assert world.errors() == []
    world.assert_quiet()


@pytest.mark.parametrize("what", ["create", "update"])
def test_a_system_that_does_a_part_of_what_it_was_sent(world: World, gate: Gate, what: str) -> None:
    """The part is remembered, and the rest is no error of its records."""
    connection = crm()
    Connection.objects.filter(pk=connection.pk).update(settings={"url": f"{connection.settings['url']}&batch=100"})
    world.sync()  # another URL may be another system: everything is compared once
    add_customers(world, 1000)
    if what == "update":
        tasks.run_job(scheduled(world).pk)
        world.left.execute("UPDATE customer SET phone = '7' WHERE name <> 'Adatum'")
    gate.refuse(only=what, after=3, retry_after=300)
    job = scheduled(world)
    tasks.run_job(job.pk)
    job.refresh_from_db()
    done = {"create": "inserted", "update": "modified"}[what]
    assert told(job) == {done: 300}
    assert (job.state, job.read) == (JobState.QUEUED, 300)
    assert world.error().code == "asked_to_wait"
    assert not CreateIntent.objects.exists()
    time_passes()
    tasks.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.read, getattr(job, done)) == (JobState.FINISHED, 1000, 1000)
    assert SyncLogEntry.objects.filter(job=job.pk).count() == 1000
    assert world.errors() == []
    world.assert_quiet()


@pytest.mark.parametrize("answer", [{"as_date": True, "retry_after": 2}, {"status": 503, "retry_after": 2}])
def test_workers_obey_the_time_and_go_on_by_themselves(
    world: World, gate: Gate, broker: redis.Redis, answer: dict[str, Any]
) -> None:
    """Two of them, and a beat that rings all the time."""
    add_customers(world, 10)
    gate.refuse(after=2, **answer)
    job = jobs.start(world.mapping, Kind.MODIFIED)

    def in_step() -> bool:
        tasks.ring_due()
        SyncJob.objects.update(created=Now() - timedelta(minutes=1))
        return SyncJob.objects.filter(pk=job.pk, state=JobState.FINISHED).exists()

    with processes.worker(), processes.worker():
        processes.until(in_step, "the job to finish")
    (refusal,) = gate.refused()
    after = [question.at for question in gate.asked if question.at > refusal.at]
    assert min(after) - refusal.at >= 2
    assert len(world.right.keys()) == 11
    assert not world.errors()


def test_a_system_that_names_no_time_is_left_alone_by_our_own_back_off(world: World, gate: Gate) -> None:
    add_customers(world, 10)
    pauses = []
    job = scheduled(world)
    for attempt in (1, 2, 3):
        gate.refuse(status=503, after=1)
        tasks.run_job(job.pk)
        connection = crm()
        assert (connection.circuit, connection.asked_to_wait) == (Circuit.OPEN, False)
        assert connection.open_until is not None
        pauses.append((connection.open_until - timezone.now()).total_seconds())
        assert world.error().attempts == attempt
        time_passes()
    assert pauses[0] < 19 < pauses[1] < 37 < pauses[2] < 73
    tasks.run_job(job.pk)
    assert SyncJob.objects.get(pk=job.pk).inserted == 10
    assert world.errors() == []


def test_a_person_in_a_hurry_is_told_until_when(world: World, gate: Gate) -> None:
    add_customers(world, 1)
    gate.refuse(retry_after=300)
    tasks.run_job(scheduled(world).pk)
    asked = len(gate.asked)
    said = processes.run("sync", "CUSTOMER")
    assert said.returncode == 3
    assert "CRM has asked to be left alone until" in said.stderr
    assert processes.run("sync", "CUSTOMER", "--preview").returncode == 3
    assert len(gate.asked) == asked
    assert SyncJob.objects.get(state=JobState.QUEUED).kind == Kind.MODIFIED


def test_a_check_that_succeeds_ends_the_wait(world: World, gate: Gate, broker: redis.Redis) -> None:
    add_customers(world, 1)
    gate.refuse(retry_after=300)
    tasks.run_job(scheduled(world).pk)
    assert bells(broker) == 0
    assert processes.run("connection", "check", "CRM").returncode == 0
    assert crm().circuit == Circuit.CLOSED
    assert world.errors() == []
    assert bells(broker) == 1, "what waited is rung at once"
