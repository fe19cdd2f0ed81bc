"""The clocks of workers, beats and web servers may be wrong and may jump: the store's decides (SCENARIOS T23)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
import time_machine
from django.db import connection
from django.db.models.functions import Now
from sqlalchemy import text

from couplings.models import Connection, SyncError, SyncLogEntry, TableMapping
from couplings.store import clock
from jobs import queue, tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import lease, runner
from syncstatus.rhythm import Steady
from tests.faults import processes
from tests.faults.processes import bells
from tests.jobs.worlds import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WRONG = [pytest.param(-DAY, id="a day behind"), pytest.param(DAY, id="a day ahead")]


@pytest.fixture(params=WRONG)
def wrong_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The clock of this process, not of the store."""
    with time_machine.travel(datetime.now(UTC) + request.param, tick=True):
        yield


def schedule(mapping: TableMapping, every: timedelta, due: timedelta) -> None:
    """A slot that came ``due`` ago by the store's clock."""
    seconds = int(every.total_seconds())
    TableMapping.objects.filter(pk=mapping.pk).update(schedule_every=seconds, next_run=Now() - due)


def until_next_run(mapping: TableMapping) -> timedelta:
    next_run = TableMapping.objects.get(pk=mapping.pk).next_run
    assert next_run is not None
    return next_run - clock.now()


@pytest.mark.usefixtures("wrong_clock")
def test_a_slot_comes_by_the_stores_clock(world: World) -> None:
    schedule(world.mapping, HOUR, -HOUR / 2)
    assert queue.due() == []
    schedule(world.mapping, HOUR, HOUR * 2.5)
    assert len(queue.due()) == 1
    assert timedelta(0) < until_next_run(world.mapping) <= HOUR / 2


@pytest.mark.usefixtures("wrong_clock")
def test_a_lease_lasts_by_the_stores_clock(world: World) -> None:
    job = queue.enqueue(world.mapping, Kind.MODIFIED, Trigger.MANUAL)
    assert lease.claim(job.pk, "elsewhere:1:x", early=True)
    assert runner.run(job.pk) is None, "its worker lives"
    SyncJob.objects.update(lease_until=Now() - timedelta(seconds=1))
    done = runner.run(job.pk)
    assert done is not None
    assert (done.state, done.attempts) == (JobState.FINISHED, 2)


@pytest.mark.usefixtures("wrong_clock")
def test_a_next_attempt_is_set_by_the_stores_clock(world: World) -> None:
    url = f"{world.mapping.right_connection.settings['url']}&lock_timeout=1"
    Connection.objects.filter(name="CRM").update(settings={"url": url})
    key, _partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="7")
    with world.right.engine.connect() as user:
        user.execute(text("SELECT 1 FROM account FOR UPDATE"))
        world.sync()
        user.rollback()
    error = world.error()
    assert error.next_attempt is not None
    assert timedelta(0) < error.next_attempt - clock.now() < timedelta(minutes=1)
    assert queue.due() == []
    SyncError.objects.update(next_attempt=Now())
    assert len(queue.due()) == 1


@pytest.mark.usefixtures("wrong_clock")
def test_what_is_kept_for_so_long_is_dated_by_the_stores_clock(world: World) -> None:
    """A worker whose clock is a year behind must not write log entries that are old enough to be deleted at once."""
    world.pair(name="Adatum")
    world.right.execute("ALTER TABLE account RENAME TO gone")
    world.sync()
    world.right.execute("ALTER TABLE gone RENAME TO account")
    (at,) = SyncLogEntry.objects.values_list("at", flat=True)
    error = SyncError.objects.get()
    for moment in (at, error.first_seen, error.last_seen):
        assert abs(clock.now() - moment) < HOUR


@pytest.mark.usefixtures("wrong_clock")
def test_deleted_records_are_looked_for_as_often_as_ever(world: World, settings: object) -> None:
    key, _partner = world.pair(name="Adatum")
    TableMapping.objects.update(last_sweep=Now() + DAY)  # written when the store's own clock was wrong
    world.left.delete(key)
    world.sync()
    assert world.error().kind == "deleted"


def test_a_slot_that_a_wrong_clock_put_far_away_comes_after_one_interval(world: World) -> None:
    schedule(world.mapping, HOUR, -30 * DAY)
    assert queue.due() == []
    assert timedelta(minutes=59) < until_next_run(world.mapping) <= HOUR


def test_a_slot_within_its_interval_stays_where_it_is(world: World) -> None:
    schedule(world.mapping, HOUR, -HOUR / 2)
    before = TableMapping.objects.get().next_run
    queue.due()
    assert TableMapping.objects.get().next_run == before


@pytest.mark.parametrize("shift", [-HOUR, HOUR])
def test_beat_rings_in_its_rhythm_however_its_clock_is_set(shift: timedelta) -> None:
    steady = Steady(5.0)
    rang = datetime.now(UTC)
    assert 0 < steady.is_due(rang).next <= 5
    with time_machine.travel(datetime.now(UTC) + shift, tick=True):
        due = steady.is_due(rang)
        assert not due.is_due
        assert 0 < due.next <= 5


def test_beat_rings_when_its_time_has_come_and_then_waits_again() -> None:
    steady = Steady(0.01)
    rang = datetime.now(UTC)
    steady.is_due(rang)
    processes.until(lambda: steady.is_due(rang).is_due, "the next ring")
    later = rang + timedelta(seconds=1)
    assert not Steady(5.0).is_due(later).is_due
    steady.run_every = timedelta(seconds=5)
    assert not steady.is_due(later).is_due


def test_t23_a_beat_that_is_killed_and_started_again_starts_each_slot_once(world: World) -> None:
    schedule(world.mapping, HOUR, timedelta(seconds=1))
    with processes.empty_broker() as broker:
        _rung_by_a_beat(broker)
        tasks.ring_due()
        _rung_by_a_beat(broker)
        tasks.ring_due()
    assert SyncJob.objects.count() == 1


def _rung_by_a_beat(broker: "redis.Redis") -> None:
    """A beat rings for the first time, and is killed."""
    before = bells(broker)
    beat = processes.start("-m", "celery", "-A", "syncstatus", "beat", "--loglevel=WARNING", "--pidfile=")
    try:
        processes.until(lambda: bells(broker) > before or beat.poll() is not None, "the beat to ring")
        assert beat.poll() is None
    finally:
        beat.kill()
        beat.communicate(timeout=processes.PATIENCE)


def test_the_stores_clock_is_the_stores(world: World) -> None:
    with time_machine.travel(datetime.now(UTC) + DAY, tick=True), connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        assert abs(clock.now() - cursor.fetchone()[0]) < HOUR
