"""Several jobs of one mapping at once: never on one record; waiting costs no attempt, and nothing is lost (T7)."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from couplings.models import Coupling, SyncError, SyncLogEntry, TableMapping
from jobs.models import CreateIntent, JobState, Kind, RecordHolder, RecordLock, SyncJob
from jobs.runner.context import Run
from jobs.runner.holders import new_holder
from jobs.runner.locks import Locks, mark
from jobs.services import actions, couplings, in_work, jobs
from jobs.services.errors import Refused
from syncstatus.engine.records import Side
from tests.faults.processes import until
from tests.jobs.worlds import World, told

MINUTE = timedelta(minutes=1)
PATIENCE = 60

InThread = Callable[..., "Future[Any]"]


@pytest.fixture
def in_thread() -> Iterator[InThread]:
    """Calls something in a thread with a connection of its own."""
    with ThreadPoolExecutor(8) as threads:

        def called(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
            try:
                return function(*arguments, **options)
            finally:
                connection.close()

        yield lambda function, *arguments, **options: threads.submit(called, function, *arguments, **options)


def click(world: World, *keys: str, side: str = "left") -> SyncJob:
    mapping = TableMapping.objects.get(pk=world.mapping.pk)
    return couplings.records(mapping, Side(side), keys, user=None, queue=False)


class Patient:
    """A click whose test can wait until it has met a record in other hands."""

    def __init__(self, world: World, key: str, side: str = "left") -> None:
        self._world, self._parameters = world, {"side": side, "keys": [key], "use": ""}
        self._looked = threading.Event()

    def __call__(self) -> SyncJob:
        mapping = TableMapping.objects.get(pk=self._world.mapping.pk)
        return jobs.start_here(mapping, Kind.RECORDS, parameters=self._parameters, stop=self._asked)

    def _asked(self) -> bool:
        """Whether to stop is asked after each look at the records."""
        self._looked.set()
        return False

    def has_looked(self) -> None:
        assert self._looked.wait(PATIENCE)


def schedule(world: World, kind: Kind = Kind.MODIFIED) -> SyncJob:
    return jobs.start(TableMapping.objects.get(pk=world.mapping.pk), kind, queue=False)


def waits_for_a_record() -> bool:
    """Whether a job has met a record that is held: it has entered, and holds nothing itself."""
    mine = RecordLock.objects.filter(released=None).values("holder")
    return RecordHolder.objects.exclude(name__in=mine).exists()


def test_a_click_waits_for_the_record_and_then_reads_it_afresh(world: World, in_thread: InThread) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    with Locks(world.mapping.pk, new_holder()).entered() as run:
        assert run.take([mark(Side.LEFT, key)]).locked
        patient = Patient(world, key)
        clicked = in_thread(patient)
        patient.has_looked()
        world.left.edit(key, phone="3")
    job = clicked.result(PATIENCE)
    assert (job.state, job.attempts, told(job)) == (JobState.FINISHED, 1, {"modified": 1})
    assert world.right.get(partner, "phone") == ("3",)
    assert not SyncError.objects.exists()
    world.assert_quiet()


def test_a_run_puts_a_record_off_and_its_cursor_does_not_pass_it(world: World, in_thread: InThread) -> None:
    pairs = world.pairs(3)
    cursor = TableMapping.objects.get().left_cursor | {"from": "2020-01-01 00:00:00"}
    TableMapping.objects.update(left_cursor=cursor)
    for key, _ in pairs:
        world.left.edit(key, phone="7")
    (held, held_partner), (_, other) = pairs[1], pairs[2]
    with Locks(world.mapping.pk, new_holder()).entered() as clicking:
        assert clicking.take([mark(Side.RIGHT, held_partner)]).locked
        running = in_thread(schedule, world)
        until(lambda: world.right.get(other, "phone") == ("7",), "the others to be synchronized")
        until(waits_for_a_record, "the run to have nothing else to do")
        assert TableMapping.objects.get().left_cursor == cursor
        assert world.right.get(held_partner, "phone") != ("7",)
    job = running.result(PATIENCE)
    assert (job.state, job.attempts, told(job)) == (JobState.FINISHED, 1, {"modified": 3})
    assert world.right.get(held_partner, "phone") == ("7",)
    assert TableMapping.objects.get().left_cursor != cursor
    assert SyncLogEntry.objects.filter(job=job.pk, left_key=held).count() == 1
    world.assert_quiet()


def test_what_was_listed_before_another_job_wrote_it_is_looked_up_again(world: World) -> None:
    """The click comes between the listing of the page and its lock; what it agreed on must not be forgotten."""
    key, partner = world.pair(name="Adatum", phone="1", fax="1")
    world.left.edit(key, phone="2")

    def between(run: Run, page: Any) -> None:
        if not SyncJob.objects.filter(kind=Kind.RECORDS).exists():
            thread = threading.Thread(target=_clicked_in_its_own_connection, args=(world, key))
            thread.start()
            thread.join(PATIENCE)
            world.left.edit(key, phone="1")  # back to what the page's coupling remembers
        begin(run, page)

    from jobs.runner import pages

    begin = pages.begin
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pages, "begin", between)
        world.sync()
    assert world.right.get(partner, "phone") == ("1",)
    assert world.left.get(key, "phone") == ("1",)
    world.assert_quiet()


def _clicked_in_its_own_connection(world: World, key: str) -> None:
    try:
        assert told(click(world, key)) == {"modified": 1}
    finally:
        connection.close()


def test_a_click_ends_before_the_long_run_that_it_came_into(world: World, in_thread: InThread) -> None:
    world.left.execute("INSERT INTO customer (name, phone) SELECT 'Name ' || n, '1' FROM generate_series(1, 6000) n")
    world.sync()
    world.left.execute("UPDATE customer SET phone = '2'")
    key = world.left.keys()[-1]
    clicked: list[SyncJob] = []

    def on_page(run: Run) -> None:
        if not clicked:
            assert run.job.kind == Kind.MODIFIED
            clicked.append(in_thread(click, world, key).result(PATIENCE))

    job = jobs.start_here(TableMapping.objects.get(), Kind.MODIFIED, on_page=on_page)
    assert told(clicked[0]) == {"modified": 1}
    assert clicked[0].finished is not None
    assert job.finished is not None
    assert clicked[0].finished < job.finished
    assert (job.state, job.modified) == (JobState.FINISHED, 5999)
    assert SyncLogEntry.objects.filter(left_key=key, outcome="modified").count() == 1
    assert world.right.execute("SELECT count(*) FROM account WHERE telephone = '2'") == [(6000,)]
    assert not RecordLock.objects.exists()


def test_two_long_runs_of_a_mapping_run_one_after_the_other(world: World, in_thread: InThread) -> None:
    world.left.add(name="Adatum")
    second: list[Any] = []

    def on_page(run: Run) -> None:
        if not second:
            second.append(in_thread(schedule, world, Kind.FIND_DELETED))
            until(lambda: SyncJob.objects.filter(kind=Kind.FIND_DELETED).exists(), "the second run to be queued")
            assert SyncJob.objects.get(kind=Kind.FIND_DELETED).state == JobState.QUEUED

    jobs.start_here(world.mapping, Kind.FULL, on_page=on_page)
    assert second[0].result(PATIENCE).state == JobState.FINISHED


def test_many_clicks_and_a_run_write_each_change_once(world: World, in_thread: InThread) -> None:
    pairs = world.pairs(40)
    for number, (key, _) in enumerate(pairs):
        world.left.edit(key, phone=f"new {number}")
    keys = [key for key, _ in pairs]
    working = [in_thread(schedule, world)]
    working += [in_thread(click, world, *(keys[start:] + keys[:start])) for start in (0, 10, 20, 30)]
    assert {job.result(PATIENCE).state for job in working} == {JobState.FINISHED}
    assert SyncLogEntry.objects.filter(outcome="modified").count() == 40
    for number, (key, partner) in enumerate(pairs):
        assert world.left.get(key, "phone") == world.right.get(partner, "phone") == (f"new {number}",)
    assert not SyncError.objects.exists()
    assert not RecordHolder.objects.exists()
    world.assert_quiet()


def test_clicks_and_a_run_create_each_record_once(world: World, in_thread: InThread) -> None:
    """Also the run that lists on one side what a click has just created there."""
    world.pair(name="Kept")
    lefts = [world.left.add(name=f"Left {number}") for number in range(10)]
    rights = [world.right.add(name=f"Right {number}") for number in range(10)]
    working = [in_thread(schedule, world)]
    working += [in_thread(click, world, *lefts), in_thread(click, world, *rights, side="right")]
    working += [in_thread(click, world, key) for key in lefts[:5]]
    assert {job.result(PATIENCE).state for job in working} == {JobState.FINISHED}
    assert len(world.left.keys()) == len(world.right.keys()) == Coupling.objects.count() == 21
    assert not CreateIntent.objects.exists()
    assert not SyncError.objects.exists()
    world.assert_quiet()


def test_t24_two_users_retry_the_same_errors_at_once(world: World, in_thread: InThread) -> None:
    world.left.execute("ALTER TABLE customer ALTER COLUMN name TYPE varchar(200)")
    for number in range(20):
        world.left.add(name=f"{number:02}" + "x" * 98)  # too long for the other side
    world.sync()
    assert {error.attempts for error in world.errors()} == {1}
    everything = SyncError.objects.open()
    working = [in_thread(actions.request, everything.all(), "retry", user=None, queue=False) for _ in range(2)]
    working += [in_thread(schedule, world)]
    for done in working:
        done.result(PATIENCE)
    errors = world.errors()
    assert len(errors) == 20
    assert {error.attempts for error in errors} == {2}


def test_what_a_job_has_just_created_is_no_new_record_to_another(world: World, in_thread: InThread) -> None:
    """The right system has the record, the store does not know it yet."""
    world.pair(name="Kept")
    world.left.add(name="Adatum")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE couplings_coupling IN SHARE MODE")
        running = in_thread(schedule, world)
        until(lambda: len(world.right.keys()) == 2, "the record to be created")
        (made,) = [key for key in world.right.versions() if world.right.get(key, "name") == ("Adatum",)]
        patient = Patient(world, made, "right")
        clicked = in_thread(patient)
        patient.has_looked()
    assert {job.result(PATIENCE).state for job in (running, clicked)} == {JobState.FINISHED}
    assert len(world.left.keys()) == len(world.right.keys()) == 2
    world.assert_quiet()


def test_a_create_that_a_dying_job_left_behind_is_adopted_by_the_click_that_met_it(
    world: World, in_thread: InThread
) -> None:
    world.pair(name="Kept")
    source = world.left.add(name="Adatum", phone="1")
    world.sync()
    made = world.coupling(source).right_key
    values = world.coupling(source).base
    Coupling.objects.filter(left_key=source).delete()
    CreateIntent.objects.create(
        mapping=world.mapping,
        side="right",
        source_key=source,
        idempotency_key=uuid.uuid4(),
        target_key=made,
        values=values,
        job=0,
    )
    with Locks(world.mapping.pk, "elsewhere:1:abc").entered() as dying:
        assert dying.take([mark(Side.LEFT, source)]).locked
        dying.announce([Side.RIGHT])
        patient = Patient(world, made, "right")
        clicked = in_thread(patient)
        patient.has_looked()
        RecordHolder.objects.filter(name="elsewhere:1:abc").update(until=Now() - MINUTE)
        assert clicked.result(PATIENCE).state == JobState.FINISHED
    assert world.coupling(source).right_key == made
    assert len(world.left.keys()) == len(world.right.keys()) == 2
    assert not CreateIntent.objects.exists()
    world.assert_quiet()


def test_a_coupling_is_removed_when_the_run_lets_go_of_it(world: World, in_thread: InThread) -> None:
    (key, _), (other, _) = world.pairs(2)
    with Locks(world.mapping.pk, new_holder()).entered() as run:
        assert run.take([mark(Side.LEFT, key)]).locked
        removing = in_thread(couplings.remove, Coupling.objects.all(), user=None)
        until(lambda: not Coupling.objects.filter(left_key=other).exists(), "the free one to be removed")
        assert Coupling.objects.filter(left_key=key).exists()
    assert removing.result(PATIENCE) == 2
    assert not Coupling.objects.exists()
    world.assert_quiet()


def test_a_record_that_a_job_does_not_let_go_of_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = world.pair(name="Adatum")
    world.left.delete(key)
    world.sync()
    left, right = world.left.add(name="Fabrikam"), world.right.add(name="Contoso")
    monkeypatch.setattr(in_work, "PATIENCE", 0.1)
    with Locks(world.mapping.pk, new_holder()).entered() as run:
        assert run.take([mark(Side.LEFT, key), mark(Side.LEFT, left)]).locked
        done = actions.request(SyncError.objects.open(), "uncouple", user=None)
        assert (done.asked, done.accepted, done.refused) == (1, 0, {"record_in_work": 1})
        with pytest.raises(Refused) as refused:
            couplings.add(world.mapping, left, right, user=None)
    assert refused.value.code == "record_in_work"
    assert Coupling.objects.get().left_key == key
