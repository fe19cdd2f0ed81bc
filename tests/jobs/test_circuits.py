"""T17 and the circuit that all workers share: one error for the connection, one job that tries, all through later."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.db.models.functions import Now

from couplings.models import Connection, SyncError, TableMapping
from couplings.models.connection import Circuit
from couplings.models.error import Resolution
from jobs import queue, tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import lease, runner, troubles
from jobs.runner.lease import new_holder
from jobs.services import jobs
from syncstatus.connectors.errors import Throttled, Unreachable
from tests.faults import processes
from tests.faults.processes import bells
from tests.jobs.worlds import World, told

NOBODY = {"url": "postgresql+psycopg2://crm@127.0.0.1:1/crm"}
MINUTE = timedelta(minutes=1)
MANY = 5_000


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


@pytest.fixture
def crm(world: World) -> Connection:
    return world.mapping.right_connection


def scheduled(mapping: TableMapping, kind: Kind = Kind.MODIFIED) -> SyncJob:
    return queue.enqueue(mapping, kind, Trigger.SCHEDULE)


def time_passes() -> None:
    Connection.objects.exclude(open_until=None).update(open_until=Now() - MINUTE)
    SyncJob.objects.update(created=Now() - MINUTE)


def twin(mapping: TableMapping) -> TableMapping:
    """Another mapping of the same two systems."""
    fields = list(mapping.fields.all())
    other = TableMapping.objects.get(pk=mapping.pk)
    other.pk, other.name = None, "TWIN"
    other.save()
    for field in fields:
        field.pk, field.mapping = None, other
        field.save()
    return other


def open_circuit(connection: Connection, *, asked: bool = False) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        circuit=Circuit.OPEN, open_until=Now() + MINUTE, asked_to_wait=asked
    )


def state(connection: Connection) -> str:
    return Connection.objects.get(pk=connection.pk).circuit


def test_t17_an_hour_without_the_system_is_one_error_and_no_change_is_lost(
    world: World, crm: Connection, broker: redis.Redis
) -> None:
    world.left.execute(f"INSERT INTO customer (name, phone) SELECT 'Name ' || n, '1' FROM generate_series(1, {MANY}) n")
    world.sync()
    world.left.execute("UPDATE customer SET phone = '7'")
    good = crm.settings
    Connection.objects.filter(pk=crm.pk).update(settings=NOBODY)
    job = scheduled(world.mapping)
    for attempt in range(1, 13):
        tasks.run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.code, job.attempts, job.read) == (JobState.QUEUED, "waiting_for_connection", 0, 0)
        error = world.error()
        assert (error.kind, error.connection, error.attempts) == ("connection", crm, attempt)
        assert bells(broker) == 0
        tasks.run_job(job.pk)
        assert world.error().attempts == attempt, "nobody tries before the time"
        assert queue.oldest_waiting() is None, "it waits for the system, not for a worker"
        time_passes()
    Connection.objects.filter(pk=crm.pk).update(settings=good)
    tasks.ring_due()
    assert bells(broker) == 1
    tasks.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FINISHED
    assert told(job) == {"modified": MANY}
    assert world.right.execute("SELECT count(*) FROM account WHERE telephone = '7'") == [(MANY,)]
    assert SyncError.objects.get().resolution == Resolution.RECOVERED
    assert state(crm) == Circuit.CLOSED
    world.assert_quiet()


def test_one_job_tries_and_the_others_wait_without_using_an_attempt(world: World, crm: Connection) -> None:
    first, second = scheduled(world.mapping), scheduled(twin(world.mapping))
    open_circuit(crm)
    assert not lease.claim(first.pk, new_holder())
    time_passes()
    assert lease.claim(first.pk, new_holder())
    assert state(crm) == Circuit.HALF_OPEN
    assert not lease.claim(second.pk, new_holder(), early=True)
    second.refresh_from_db()
    assert (second.state, second.attempts, second.holder) == (JobState.QUEUED, 0, "")


def test_a_probe_whose_worker_died_stands_in_nobodys_way(world: World, crm: Connection) -> None:
    first, second = scheduled(world.mapping), scheduled(twin(world.mapping))
    open_circuit(crm)
    time_passes()
    assert lease.claim(first.pk, "elsewhere:1:abc")
    SyncJob.objects.filter(pk=first.pk).update(lease_until=Now() - MINUTE)
    assert lease.claim(second.pk, new_holder())


def test_a_probe_that_gets_through_starts_what_waited_at_once(
    world: World, crm: Connection, broker: redis.Redis
) -> None:
    world.left.add(name="Adatum")
    first, second = scheduled(world.mapping), scheduled(twin(world.mapping))
    open_circuit(crm)
    time_passes()
    rung: list[int] = []
    runner.run(first.pk, ring=rung.append)
    assert state(crm) == Circuit.CLOSED
    assert rung == [second.pk]


def test_a_probe_that_fails_opens_the_circuit_for_longer(world: World, crm: Connection, broker: redis.Redis) -> None:
    Connection.objects.filter(pk=crm.pk).update(settings=NOBODY)
    job = scheduled(world.mapping)
    pauses = []
    for _ in range(3):
        tasks.run_job(job.pk)
        found = Connection.objects.get(pk=crm.pk)
        assert (found.circuit, found.probe) == (Circuit.OPEN, "")
        assert found.open_until is not None
        assert found.last_check is not None
        pauses.append((found.open_until - found.last_check).total_seconds())
        time_passes()
    assert pauses[0] < 19 < pauses[1] < 37 < pauses[2]


def test_jobs_that_fail_side_by_side_are_one_attempt(world: World, crm: Connection) -> None:
    def fails(holder: str, error: Throttled | Unreachable) -> Connection:
        error.connection = crm.pk
        troubles.report(world.mapping, error, holder)
        return Connection.objects.get(pk=crm.pk)

    until = fails("a", Unreachable()).open_until
    assert fails("b", Unreachable()).open_until == until
    assert world.error().attempts == 1
    later = fails("c", Throttled(retry_after=3600))
    assert later.open_until is not None
    assert until is not None
    assert later.open_until > until
    assert later.asked_to_wait
    assert fails("d", Throttled(retry_after=1)).open_until == later.open_until, "the later time counts"
    error = world.error()
    assert (error.attempts, error.next_attempt) == (1, later.open_until)


def test_a_job_that_a_person_starts_tries_at_once_but_obeys_a_time_that_was_named(
    world: World, crm: Connection
) -> None:
    job = jobs.start(world.mapping, Kind.MODIFIED)
    open_circuit(crm, asked=True)
    assert not lease.claim(job.pk, new_holder())
    open_circuit(crm)
    assert lease.claim(job.pk, new_holder())


def test_a_job_that_has_tried_in_vain_waits_like_the_others(world: World, crm: Connection, broker: redis.Redis) -> None:
    Connection.objects.filter(pk=crm.pk).update(settings=NOBODY)
    job = jobs.start(world.mapping, Kind.MODIFIED)
    tasks.run_job(job.pk)
    assert not lease.claim(job.pk, new_holder())
    assert world.error().attempts == 1


def test_a_new_configuration_is_tried_at_once(world: World, crm: Connection) -> None:
    from couplings.configuration.entries import ConnectionEntry
    from couplings.configuration.stored import save_connection

    open_circuit(crm, asked=True)
    save_connection(ConnectionEntry("CRM", "sql", crm.settings))
    assert state(crm) == Circuit.CLOSED
    assert told(world.sync()) == {}


def test_a_run_that_ends_well_does_not_end_a_time_that_was_named_meanwhile(world: World, crm: Connection) -> None:
    """Its last call was answered before another job was told to wait."""
    open_circuit(crm, asked=True)
    assert troubles.recovered(world.mapping) == []
    assert state(crm) == Circuit.OPEN
    open_circuit(crm)
    assert troubles.recovered(world.mapping) == [crm.pk]
    assert state(crm) == Circuit.CLOSED
