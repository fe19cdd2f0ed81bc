"""A program that is killed with records in work: whoever wants them next gets them, and what it began is found (T7)."""

import pytest

from jobs.models import CreateIntent, JobState, Kind, RecordHolder, RecordLock, SyncJob
from jobs.services import couplings, jobs
from syncstatus.engine.records import Side
from tests.faults import processes
from tests.jobs.worlds import World, told

GATE = """
CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
CREATE TRIGGER gate BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION gate();
"""
POINTS = ["after the plan", "after the other side's commit", "after the answer", "before our commit"]


@pytest.mark.parametrize("point", POINTS)
def test_a_click_gets_the_record_that_a_killed_run_had_in_work(world: World, point: str) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    processes.die_at(point, 1, "sync", "CUSTOMER")
    killed = SyncJob.objects.get(state=JobState.RUNNING)
    assert RecordLock.objects.filter(holder=killed.holder, released=None).exists()
    clicked = couplings.records(world.mapping, Side.LEFT, [key], user=None, queue=False)
    assert (clicked.state, clicked.attempts) == (JobState.FINISHED, 1)
    assert world.right.get(partner, "phone") == ("2",)
    assert not RecordHolder.objects.filter(name=killed.holder).exists()
    world.sync(Kind.FIND_DELETED)  # which takes the killed run over first
    assert not RecordLock.objects.exists()
    assert world.errors() == []
    world.assert_quiet()


@pytest.mark.parametrize("point", ["after the create intent", *POINTS[1:]])
def test_a_click_on_what_a_killed_click_has_just_created_adopts_it(world: World, point: str) -> None:
    """It looks for the answer before it takes the record for a new one."""
    world.pair(name="Kept")
    source = world.left.add(name="Adatum")
    processes.die_at(point, 1, "sync", "CUSTOMER", "--records", source)
    made = [key for key in sorted(world.right.versions()) if world.right.get(key, "name") == ("Adatum",)]
    couplings.records(world.mapping, Side.RIGHT, made or ["none"], user=None, queue=False)
    jobs.start(world.mapping, Kind.MODIFIED, queue=False)
    assert len(world.left.keys()) == len(world.right.keys()) == 2
    assert not CreateIntent.objects.exists()
    assert world.errors() == []
    world.assert_quiet()


def test_t7_a_run_that_stands_still_with_a_record_does_not_share_it_with_a_click(world: World) -> None:
    """Two programs: the run is stopped in the middle of its page, the click waits for it."""
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    world.right.execute(GATE)
    with world.right.engine.connect() as gate:
        gate.exec_driver_sql("SELECT pg_advisory_lock(1)")
        run = processes.start("manage.py", "sync", "CUSTOMER")
        processes.until(lambda: RecordLock.objects.filter(released=None).exists(), "the run to have the record")
        click = processes.start("manage.py", "sync", "CUSTOMER", "--records", key)
        processes.until(lambda: RecordHolder.objects.count() == 2, "the click to come")
        world.left.edit(key, phone="3")
        gate.exec_driver_sql("SELECT pg_advisory_unlock(1)")
        for program in (run, click):
            _, complained = program.communicate(timeout=processes.PATIENCE)
            assert program.returncode == 0, complained
    first, second = SyncJob.objects.filter(kind__in=[Kind.MODIFIED, Kind.RECORDS]).order_by("-id")[:2][::-1]
    assert [(job.attempts, told(job)) for job in (first, second)] == [(1, {"modified": 1}), (1, {"modified": 1})]
    assert world.right.get(partner, "phone") == ("3",)
    world.assert_quiet()
