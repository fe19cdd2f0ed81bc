"""What happens to a job whose ground is taken away, and to tasks that nobody waits for: harmless, and said."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.db.models.functions import Now

from couplings.models import Connection, Coupling, TableMapping
from jobs import queue, tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import lease, runner, sources
from jobs.runner.context import Run
from jobs.services import configuration, jobs, mappings
from jobs.services.errors import Refused
from tests.faults import processes
from tests.jobs.command_line import run
from tests.jobs.worlds import World, counters

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten records a page, so that a job has a middle."""
    monkeypatch.setattr(sources, "PAGE", 10)


def many(world: World, count: int) -> None:
    for number in range(count):
        world.left.add(name=f"Name {number:04}", phone="1")


def in_the_middle(act: Callable[[], object]) -> Callable[[Run], None]:
    """Somebody acts after the third page of a job."""
    pages: list[int] = []

    def on_page(run: Run) -> None:
        pages.append(run.tally.read)
        if len(pages) == 3:
            act()

    return on_page


def queued(world: World, kind: Kind = Kind.MODIFIED) -> SyncJob:
    return queue.enqueue(world.mapping, kind, Trigger.MANUAL)


@pytest.mark.parametrize("ended", [JobState.FINISHED, JobState.FAILED, JobState.CANCELLED, JobState.PAUSED])
def test_the_task_of_a_job_that_is_over_or_on_hold_does_nothing(
    world: World, caplog: pytest.LogCaptureFixture, ended: JobState
) -> None:
    world.left.add(name="Adatum")
    job = queued(world)
    SyncJob.objects.update(state=ended, created=Now() - WEEK)
    with caplog.at_level(logging.INFO, "jobs.tasks"):
        tasks.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.read) == (ended, 0, 0)
    assert world.right.keys() == []
    (said,) = [record for record in caplog.records if record.message == "nothing to run"]
    assert (said.__dict__["job"], said.__dict__["state"]) == (job.pk, ended)


def test_the_task_of_a_job_that_never_was_says_so(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "jobs.tasks"):
        tasks.run_job(4711)
    assert [record.message for record in caplog.records] == ["nothing to run"]


def test_a_task_delivered_twice_gives_way_without_an_attempt(world: World) -> None:
    many(world, 25)
    job = queued(world)
    done = runner.run(job.pk, on_page=in_the_middle(lambda: tasks.run_job(job.pk)))
    assert done is not None
    assert (done.state, done.attempts, done.inserted) == (JobState.FINISHED, 1, 25)
    tasks.run_job(job.pk)
    assert SyncJob.objects.get().attempts == 1


def test_a_mapping_that_is_deleted_in_the_middle_ends_its_job(world: World, caplog: pytest.LogCaptureFixture) -> None:
    many(world, 45)
    job = queued(world)
    assert runner.run(job.pk, on_page=in_the_middle(world.mapping.delete)) is None
    assert "the mapping was deleted while its job ran; what it had done stays" in caplog.messages
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not SyncJob.objects.exists()
    assert not Coupling.objects.exists()
    written = len(world.right.keys())
    assert 0 < written < 45, "the run ended with the page it was in"
    tasks.run_job(job.pk)
    assert len(world.right.keys()) == written


def test_whoever_waits_for_a_deleted_mapping_is_told(world: World) -> None:
    many(world, 45)
    with pytest.raises(Refused) as no:
        jobs.start_here(world.mapping, Kind.MODIFIED, on_page=in_the_middle(world.mapping.delete))
    assert (no.value.code, no.value.params) == ("mapping_deleted", {"mapping": "CUSTOMER"})


def test_a_click_on_a_mapping_that_is_gone_is_refused(world: World) -> None:
    seen = TableMapping.objects.get()
    TableMapping.objects.get().delete()
    for kind in (Kind.MODIFIED, Kind.FULL):
        with pytest.raises(Refused) as no:
            jobs.start(seen, kind)
        assert no.value.code == "mapping_deleted"


def test_a_connection_with_jobs_waiting_is_kept_until_its_mapping_goes(world: World) -> None:
    world.left.add(name="Adatum")
    job = queued(world)
    with pytest.raises(ProtectedError), transaction.atomic():
        Connection.objects.get(name="CRM").delete()
    world.mapping.delete()
    Connection.objects.get(name="CRM").delete()
    tasks.run_job(job.pk)
    assert queue.due() == []
    assert world.right.keys() == []


def test_a_connection_that_goes_in_the_middle_with_its_mapping_leaves_the_worker_alive(world: World) -> None:
    many(world, 45)

    def go() -> None:
        world.mapping.delete()
        Connection.objects.all().delete()

    assert runner.run(queued(world).pk, on_page=in_the_middle(go)) is None


def applied(old: str, new: str) -> Callable[[], object]:
    def apply() -> None:
        text = configuration.export()
        assert old in text
        configuration.apply(text.replace(old, new).encode())

    return apply


def test_rules_that_change_in_the_middle_hold_from_the_next_page(world: World) -> None:
    many(world, 45)
    job = queued(world)
    change = applied("      phone: telephone\n", "")

    done = runner.run(job.pk, on_page=in_the_middle(change))

    assert done is not None
    assert (done.state, done.code) == (JobState.QUEUED, "mapping_changed")
    by_old_rules = done.inserted
    assert 0 < by_old_rules < 45
    again = runner.run(job.pk)
    assert again is not None
    assert (again.state, again.inserted, again.read) == (JobState.FINISHED, 45, sum(counters(again).values()))
    phones = [phone for (phone,) in world.right.execute("SELECT telephone FROM account")]
    assert phones.count("1") == by_old_rules
    assert phones.count(None) == 45 - by_old_rules
    world.mapping.refresh_from_db()
    world.assert_quiet()


def test_a_mapping_paused_while_the_configuration_is_applied_stays_paused(world: World) -> None:
    def waiting() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            return cursor.fetchone() is not None

    def apply() -> None:
        applied("deletion_conflict: delete", "deletion_conflict: restore")()
        connection.close()

    world.set(deletion_conflict="delete")
    with ThreadPoolExecutor(1) as somebody, transaction.atomic():
        mappings.pause(world.mapping, user=None)
        done = somebody.submit(apply)
        processes.until(lambda: waiting() or done.done(), "the other one to come to the mapping")
        transaction.on_commit(done.result)
    world.mapping.refresh_from_db()
    assert (world.mapping.deletion_conflict, world.mapping.paused) == ("restore", True)


def test_a_mapping_disabled_in_the_middle_does_no_more(world: World) -> None:
    many(world, 45)
    job = queued(world)
    done = runner.run(job.pk, on_page=in_the_middle(applied("direction: bidirectional", "enabled: false")))
    assert done is not None
    assert done.state == JobState.QUEUED
    assert runner.run(job.pk) is None
    assert len(world.right.keys()) == done.inserted < 45


def test_another_password_is_used_from_the_next_page(world: World) -> None:
    many(world, 45)
    job = queued(world)
    crm = Connection.objects.get(name="CRM").settings["url"]
    done = runner.run(job.pk, on_page=in_the_middle(applied(crm, f"{crm}&application_name=another")))
    assert done is not None
    assert done.code == "mapping_changed"


def test_another_schedule_disturbs_nobody(world: World) -> None:
    TableMapping.objects.update(schedule_every=3600)
    configuration.apply(configuration.export().encode())  # the password goes where apply keeps it
    many(world, 45)
    done = runner.run(queued(world).pk, on_page=in_the_middle(applied("every: 1h", "every: 2h")))
    assert done is not None
    assert (done.state, done.inserted) == (JobState.FINISHED, 45)


def test_a_command_waits_and_goes_on_by_the_new_rules(world: World) -> None:
    """The configuration was applied while the job was somebody else's, who died."""
    many(world, 5)
    job = queued(world)
    assert lease.claim(job.pk, "elsewhere:1:x", early=True)
    applied("      phone: telephone\n", "")()
    SyncJob.objects.update(lease_until=Now() - lease.TERM)
    done = run("sync", "CUSTOMER", "--json")
    assert done.code == 0
    assert done.object["inserted"] == 5
    assert world.right.execute("SELECT DISTINCT telephone FROM account") == [(None,)]
