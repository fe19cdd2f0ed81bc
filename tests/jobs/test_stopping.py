"""Pause, resume and cancel: a running job ends with its page, keeps its place, and its log is whole."""

from collections.abc import Callable

import pytest
from django.db.models.functions import Now

from couplings.models import Coupling, FieldMapping, SyncLogEntry, TableMapping
from jobs import queue, tasks
from jobs.models import JobState, Kind, SyncJob, Trigger, Wish
from jobs.runner import lease, runner, sources
from jobs.runner.context import Run
from jobs.services import jobs, mappings, stopping
from jobs.services.errors import Refused
from tests import given
from tests.jobs.worlds import World, counters, told

OnPage = Callable[[Run], None]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """Ten records a page, so that a job has a middle."""
    monkeypatch.setattr(sources, "PAGE", 10)
    return 10


def many(world: World, count: int) -> None:
    for number in range(count):
        world.left.add(name=f"Name {number:04}", phone="1")


def after_pages(number: int, act: Callable[[], object]) -> OnPage:
    """Somebody acts while the page after the ``number``-th is worked off."""
    seen: list[int] = []

    def on_page(run: Run) -> None:
        seen.append(run.tally.read)
        if len(seen) == number:
            act()

    return on_page


def queued(world: World, kind: Kind = Kind.MODIFIED) -> SyncJob:
    return queue.enqueue(world.mapping, kind, Trigger.MANUAL)


def refused(act: Callable[..., object], job: SyncJob) -> str:
    with pytest.raises(Refused) as no:
        act(job, user=None)
    return no.value.code


def test_a_running_job_is_put_on_hold_after_its_page(world: World, small_pages: int) -> None:
    ada = given.person("ada", "operator")
    many(world, 45)
    job = queued(world)

    done = runner.run(job.pk, on_page=after_pages(3, lambda: stopping.pause(job, user=ada)))

    assert done is not None
    assert (done.state, done.code, done.params["by"]) == (JobState.PAUSED, "paused", "ada")
    assert (done.attempts, done.holder, done.lease_until, done.asked) == (0, "", None, "")
    assert 0 < done.inserted < 45
    assert done.inserted == Coupling.objects.count() == len(world.right.keys())
    assert SyncLogEntry.objects.filter(job=job.pk, outcome="inserted").count() == done.inserted


def test_it_keeps_its_place_and_goes_on(world: World, small_pages: int) -> None:
    many(world, 45)
    job = queued(world)
    runner.run(job.pk, on_page=after_pages(3, lambda: stopping.pause(job, user=None)))
    assert runner.run(job.pk) is None, "nobody takes it up while it is on hold"

    stopping.resume(job, user=None)
    done = runner.run(job.pk)

    assert done is not None
    assert (done.state, told(done), done.read) == (JobState.FINISHED, {"inserted": 45}, 45)
    world.assert_quiet()


def test_what_waits_is_put_on_hold_and_rung_again_when_it_is_resumed(world: World) -> None:
    job = queued(world)
    assert stopping.pause(job, user=None).state == JobState.PAUSED
    assert runner.run(job.pk) is None
    assert job.pk not in queue.due()
    assert stopping.resume(job, user=None).state == JobState.QUEUED
    done = runner.run(job.pk)
    assert done is not None
    assert done.state == JobState.FINISHED


def test_a_job_on_hold_leaves_its_mapping_to_what_people_ask_for_and_holds_the_schedule_back(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    job = queued(world, Kind.FULL)
    stopping.pause(job, user=None)
    world.left.edit(key, phone="2")
    TableMapping.objects.update(schedule_every=60, next_run=Now())

    assert queue.due() == [], "the schedule would begin the work of the job on hold"
    click = world.sync(Kind.RECORDS, side="left", keys=[key])
    assert click.state == JobState.FINISHED
    assert world.right.get(partner, "phone") == ("2",)

    stopping.cancel(job, user=None)
    assert len(queue.due()) == 1


def test_a_resumed_job_stands_for_one_of_its_kind_that_waits(world: World) -> None:
    first = queued(world)
    stopping.pause(first, user=None)
    second = queued(world)
    assert second.pk != first.pk

    stopping.resume(first, user=None)

    second.refresh_from_db()
    assert (second.state, second.code, second.params) == (JobState.CANCELLED, "resumed_instead", {"job": first.pk})
    assert queue.next_of(world.mapping.pk) == first.pk


def test_resumed_before_its_page_has_ended_it_never_stops(world: World, small_pages: int) -> None:
    many(world, 25)
    job = queued(world)

    def changes_their_mind() -> None:
        assert stopping.pause(job, user=None).asked == Wish.PAUSE
        assert stopping.resume(job, user=None).asked == ""

    done = runner.run(job.pk, on_page=after_pages(1, changes_their_mind))
    assert done is not None
    assert (done.state, done.inserted) == (JobState.FINISHED, 25)


def test_a_running_job_is_cancelled_after_its_page_and_its_log_is_whole(world: World, small_pages: int) -> None:
    many(world, 45)
    job = queued(world)

    done = runner.run(job.pk, on_page=after_pages(2, lambda: stopping.cancel(job, user=None)))

    assert done is not None
    assert (done.state, done.code) == (JobState.CANCELLED, "cancelled")
    assert done.finished is not None
    assert done.read == sum(counters(done).values())
    assert len(world.right.keys()) == SyncLogEntry.objects.filter(job=job.pk).count() == done.inserted < 45
    world.sync()
    assert len(world.right.keys()) == 45
    world.assert_quiet()


def test_a_job_whose_worker_is_dead_obeys_at_once(world: World) -> None:
    job = queued(world)
    assert lease.claim(job.pk, "elsewhere:1:x")
    SyncJob.objects.update(lease_until=Now() - lease.TERM)
    assert stopping.cancel(job, user=None).state == JobState.CANCELLED


def test_a_wish_outlives_the_worker_that_was_to_obey(world: World) -> None:
    world.left.add(name="Adatum")
    job = queued(world)
    assert lease.claim(job.pk, "elsewhere:1:x")
    stopping.pause(job, user=None)
    SyncJob.objects.update(lease_until=Now() - lease.TERM)

    done = runner.run(job.pk)

    assert done is not None
    assert (done.state, done.read, done.attempts) == (JobState.PAUSED, 0, 1)
    assert world.right.keys() == []


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.FAILED, JobState.CANCELLED])
@pytest.mark.django_db
def test_a_job_that_has_ended_stays_as_it_is(state: JobState) -> None:
    job = given.job(given.mapping(), state=state)
    for act in (stopping.pause, stopping.resume, stopping.cancel):
        assert refused(act, job) == "job_ended"
    assert SyncJob.objects.get().state == state


def test_twice_is_harmless_and_says_so(world: World) -> None:
    job = queued(world)
    assert refused(stopping.resume, job) == "job_not_on_hold"
    stopping.pause(job, user=None)
    assert refused(stopping.pause, job) == "job_on_hold"
    stopping.resume(job, user=None)
    assert lease.claim(job.pk, "elsewhere:1:x")
    stopping.pause(job, user=None)
    assert refused(stopping.pause, job) == "job_on_hold"
    assert stopping.cancel(job, user=None).asked == Wish.CANCEL
    for act in (stopping.cancel, stopping.pause, stopping.resume):
        assert refused(act, job) == "job_being_cancelled"


def test_a_job_stopped_at_the_terminal_is_handed_to_the_workers(world: World, small_pages: int) -> None:
    many(world, 25)
    job = jobs.start_here(world.mapping, Kind.MODIFIED, stop=lambda: True)
    assert job.actions == ["resume", "cancel"]
    assert stopping.resume(job, user=None).parameters == {}
    tasks.run_job(job.pk)
    assert Coupling.objects.count() == 25


def test_t18_a_mapping_paused_in_the_middle_of_a_job_plays_everything_back(world: World, small_pages: int) -> None:
    many(world, 45)
    job = queued(world)

    done = runner.run(job.pk, on_page=after_pages(2, lambda: mappings.pause(world.mapping, user=None)))

    assert done is not None
    assert (done.state, done.code, done.attempts) == (JobState.QUEUED, "mapping_on_hold", 0)
    assert 0 < done.inserted < 45
    assert runner.run(job.pk) is None
    coupled = Coupling.objects.order_by("id").first()
    assert coupled is not None
    world.left.edit(coupled.left_key, phone="7")
    world.right.edit(coupled.right_key, fax="8")
    late = world.left.add(name="Late", phone="1")

    mappings.resume(world.mapping, user=None)
    tasks.run_job(job.pk)

    world.sync()
    assert world.left.get(coupled.left_key) == world.right.get(coupled.right_key) == ("Name 0000", "7", "8")
    assert world.right.get(world.coupling(late).right_key, "name") == ("Late",)
    assert len(world.right.keys()) == len(world.left.keys()) == 46
    world.assert_quiet()


def test_a_mapping_paused_while_a_worker_takes_the_job_up(world: World) -> None:
    """The claim saw the mapping run still; the pause saw no running job."""
    job = queued(world)
    holder = lease.new_holder()
    assert lease.claim(job.pk, holder)
    TableMapping.objects.update(paused=True)
    SyncJob.objects.update(lease_until=Now() - lease.TERM)
    done = runner.run(job.pk)
    assert done is not None
    assert (done.state, done.code, done.read) == (JobState.QUEUED, "mapping_on_hold", 0)


def full(world: World) -> SyncJob:
    return queue.enqueue(world.mapping, Kind.FULL, Trigger.MANUAL)


def interrupted(job: SyncJob, page: int) -> SyncJob:
    """The job, put on hold after ``page``, and resumed."""
    held = runner.run(job.pk, on_page=after_pages(page, lambda: stopping.pause(job, user=None)))
    assert held is not None
    assert held.state == JobState.PAUSED
    return stopping.resume(held, user=None)


def test_a_resumed_listing_goes_on_after_its_last_page(make_world: Callable[..., World], small_pages: int) -> None:
    world = make_world(only_coupled=True)
    many(world, 45)
    done = runner.run(interrupted(full(world), 3).pk)
    assert done is not None
    assert (done.state, told(done), done.read) == (JobState.FINISHED, {"excluded": 45}, 45)


def test_records_that_come_behind_the_place_are_found_by_the_next_run(world: World, small_pages: int) -> None:
    for number in range(45):
        world.right.add(name=f"Name {number}")
    job = interrupted(full(world), 3)
    first = "00000000-0000-0000-0000-000000000000"
    world.right.execute(f"INSERT INTO account (id, fullname) VALUES ('{first}', 'Behind')")
    coupled = Coupling.objects.order_by("id").first()
    assert coupled is not None
    world.left.edit(coupled.left_key, phone="7")

    runner.run(job.pk)
    world.mapping.refresh_from_db()
    cursors = {"left": world.mapping.left_cursor, "right": world.mapping.right_cursor}
    assert cursors == job.progress["cursors"], "the next run begins where the job began, not where it was resumed"
    world.sync()

    assert len(world.left.keys()) == 46
    assert Coupling.objects.filter(right_key=first).exists()
    assert world.right.get(coupled.right_key, "phone") == ("7",)
    world.assert_quiet()


def test_what_was_compared_is_not_compared_again(world: World, small_pages: int) -> None:
    world.pairs(45)
    world.set(cursor_scope="another")  # as after a change of fields: every record is looked into
    done = runner.run(interrupted(full(world), 3).pk)
    assert done is not None
    assert (told(done), done.read) == ({"unchanged": 45}, 45)


def test_a_place_of_other_rules_counts_for_nothing(make_world: Callable[..., World], small_pages: int) -> None:
    world = make_world(update_conflict="left")
    many(world, 45)
    job = interrupted(full(world), 3)
    world.mapping.fields.filter(left="phone").delete()
    FieldMapping.objects.create(mapping=world.mapping, position=9, left="phone", right="status")

    runner.run(job.pk)

    assert world.right.execute("SELECT count(*) FROM account WHERE status = '1'") == [(45,)]
    world.mapping = TableMapping.objects.select_related("left_connection", "right_connection").get()
    world.assert_quiet()
