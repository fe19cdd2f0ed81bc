"""What is due is read from PostgreSQL, whenever the bell rings; nobody takes the bells away here."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.utils import timezone
from sqlalchemy import text

from couplings.models import Connection, SyncError, TableMapping
from jobs import queue, tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import runner
from jobs.services import actions, jobs, mappings
from tests.faults import processes
from tests.faults.processes import bells
from tests.jobs.worlds import World

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RING = """
import syncstatus.celery, django
django.setup()
from jobs import queue, tasks
tasks.ring_due()
"""


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


def schedule(mapping: TableMapping, every: int, due: timedelta) -> None:
    """A slot that came ``due`` ago."""
    TableMapping.objects.filter(pk=mapping.pk).update(schedule_every=every, next_run=timezone.now() - due)


def next_run(mapping: TableMapping) -> object:
    return TableMapping.objects.get(pk=mapping.pk).next_run


def test_missed_slots_coalesce_and_the_rhythm_stays(world: World, broker: redis.Redis) -> None:
    schedule(world.mapping, 3600, 5 * HOUR + 20 * MINUTE)
    slot = next_run(world.mapping)
    tasks.ring_due()
    tasks.ring_due()
    assert SyncJob.objects.filter(state=JobState.QUEUED).count() == 1
    assert next_run(world.mapping) == slot + 6 * HOUR  # type: ignore[operator]
    assert bells(broker) == 1


def test_t23_two_beats_at_once_start_one_job(world: World, broker: redis.Redis) -> None:
    schedule(world.mapping, 3600, timedelta(seconds=1))
    beats = [processes.start("-c", RING) for _ in range(2)]
    for beat in beats:
        _, complained = beat.communicate(timeout=processes.PATIENCE)
        assert beat.returncode == 0, complained
    assert SyncJob.objects.count() == 1
    assert bells(broker) == 1


def test_a_slot_that_has_not_come_rings_nothing(world: World, broker: redis.Redis) -> None:
    schedule(world.mapping, 3600, -MINUTE)
    tasks.ring_due()
    assert not SyncJob.objects.exists()
    assert bells(broker) == 0


@pytest.mark.parametrize("state", [{"paused": True}, {"enabled": False}])
def test_a_mapping_that_may_not_run_is_not_rung_and_its_slot_waits(
    world: World, broker: redis.Redis, state: dict[str, bool]
) -> None:
    schedule(world.mapping, 3600, MINUTE)
    slot = next_run(world.mapping)
    TableMapping.objects.filter(pk=world.mapping.pk).update(**state)
    tasks.ring_due()
    assert not SyncJob.objects.exists()
    assert next_run(world.mapping) == slot


def test_an_open_circuit_holds_schedules_back_until_it_closes(world: World, broker: redis.Redis) -> None:
    schedule(world.mapping, 3600, MINUTE)
    crm = Connection.objects.filter(name="CRM")
    crm.update(circuit="open", open_until=timezone.now() + MINUTE)
    tasks.ring_due()
    assert not SyncJob.objects.exists()
    crm.update(open_until=timezone.now() - MINUTE)
    tasks.ring_due()
    assert SyncJob.objects.get().trigger == Trigger.SCHEDULE


def test_retries_become_due_and_run(world: World, broker: redis.Redis) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    with world.right.engine.connect() as user:
        url = f"{world.mapping.right_connection.settings['url']}&lock_timeout=1"
        Connection.objects.filter(name="CRM").update(settings={"url": url})
        user.execute(text("SELECT 1 FROM account FOR UPDATE"))
        world.sync()
        user.rollback()
    error = world.error()
    assert (error.kind, error.state, error.attempts) == ("transient", "retrying", 1)
    assert error.next_attempt is not None
    assert error.next_attempt > timezone.now()
    tasks.ring_due()
    assert bells(broker) == 0, "not due yet"
    SyncError.objects.update(next_attempt=timezone.now() - MINUTE)
    tasks.ring_due()
    job = SyncJob.objects.get(state=JobState.QUEUED)
    assert (job.kind, job.trigger) == (Kind.RETRY, Trigger.RETRY)
    tasks.run_job(job.pk)
    assert world.right.get(partner, "phone") == ("7",)
    assert world.errors() == []


def test_a_wish_whose_job_was_lost_is_rung(world: World, broker: redis.Redis) -> None:
    key, _ = world.pair(name="Adatum")
    world.left.delete(key)
    world.sync()
    mappings.pause(world.mapping, user=None)
    actions.request(SyncError.objects.open(), "restore", user=None)
    tasks.ring_due()
    assert bells(broker) == 0
    TableMapping.objects.update(paused=False)
    tasks.ring_due()
    job = SyncJob.objects.get(state=JobState.QUEUED)
    assert job.kind == Kind.RETRY
    tasks.run_job(job.pk)
    assert world.errors() == []
    assert len(world.left.keys()) == 1


def test_a_job_that_was_stopped_in_the_foreground_waits_for_a_person(world: World, broker: redis.Redis) -> None:
    world.left.add(name="Adatum")
    job = jobs.start_here(world.mapping, Kind.FULL, stop=lambda: True)
    assert job.state == JobState.QUEUED
    SyncJob.objects.update(created=timezone.now() - HOUR)
    tasks.ring_due()
    assert bells(broker) == 0


def test_a_broker_that_is_away_costs_nothing_but_time(world: World, broker: redis.Redis) -> None:
    done = processes.run("sync", "CUSTOMER", "--queue", "--json", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 0, done.stderr
    assert "the broker does not answer" in done.stderr
    SyncJob.objects.update(created=timezone.now() - MINUTE)
    tasks.ring_due()
    assert bells(broker) == 1


def test_the_task_of_a_job_that_is_gone_does_nothing(world: World) -> None:
    tasks.run_job(4711)
    assert not SyncJob.objects.exists()


def test_a_scheduled_run_leaves_a_record_to_its_next_attempt(world: World) -> None:
    """A record that is locked for a while must not use up its attempts at the speed of the schedule."""
    crm = Connection.objects.get(name="CRM")
    crm.settings = {"url": f"{crm.settings['url']}&lock_timeout=1"}
    crm.save()
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    with world.right.engine.begin() as somebody:
        somebody.execute(text("SELECT 1 FROM account WHERE CAST(id AS text) = :key FOR UPDATE"), {"key": partner})
        world.sync()
        error = world.error()
        assert (error.kind, error.state, error.attempts) == ("transient", "retrying", 1)
    world.left.edit(key, phone="3")
    job = queue.enqueue(world.mapping, Kind.FULL, Trigger.SCHEDULE)
    runner.run(job.pk)
    assert world.error().attempts == 1
    assert world.right.get(partner, "phone") == ("1",)
    SyncError.objects.update(next_attempt=timezone.now())
    job = queue.enqueue(world.mapping, Kind.MODIFIED, Trigger.SCHEDULE)
    runner.run(job.pk)
    assert world.errors() == []
    assert world.right.get(partner, "phone") == ("3",)
