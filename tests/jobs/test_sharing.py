"""One large job on several workers: every record once, by whoever takes its part, whatever happens to the others."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from couplings.models import Coupling, SyncLogEntry
from jobs.models import JobPart, JobState, Kind, SyncJob, Trigger
from jobs.queue import enqueue
from jobs.runner import parts, runner, sharing, sources
from jobs.runner.context import Run
from tests.jobs.worlds import World, told

PAGE = 10
RECORDS = 25 * PAGE


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE", PAGE)
    monkeypatch.setattr(sharing, "PATIENCE", 0.1)


class Workers:
    """Called like Celery workers; each works off parts in a thread of its own, with a connection of its own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.threads = threads
        self.calls: list[Future[None]] = []

    def call(self, job: int) -> None:
        self.calls.append(self.threads.submit(self._work, job))

    def _work(self, job: int) -> None:
        try:
            while runner.run_parts(job):
                pass
        finally:
            connection.close()

    def finish(self) -> None:
        for call in self.calls:
            call.result(60)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with ThreadPoolExecutor(8) as threads:
        yield Workers(threads)


def run(world: World, kind: Kind, call: Callable[[int], None] | None, **options: Any) -> SyncJob:
    world.mapping.refresh_from_db()
    job = enqueue(world.mapping, kind, Trigger.MANUAL)
    done = runner.run(job.pk, call=call, **options)
    assert done is not None
    return done


def fill(world: World, count: int = RECORDS) -> None:
    rows = f"SELECT 'Name ' || n, '+45 ' || n FROM generate_series(1, {count}) n"
    world.left.execute(f"INSERT INTO {world.left.name} (name, phone) {rows}")


def assert_all_alike(world: World) -> None:
    left = world.left.execute(f"SELECT name, phone FROM {world.left.name} ORDER BY name")
    right = world.right.execute(f"SELECT fullname, telephone FROM {world.right.name} ORDER BY fullname")
    assert list(map(tuple, left)) == list(map(tuple, right))
    assert Coupling.objects.count() == len(left)


def test_a_first_synchronization_creates_each_record_once(world: World, workers: Workers) -> None:
    fill(world)
    job = run(world, Kind.FULL, workers.call)
    workers.finish()
    assert told(job) == {"inserted": RECORDS}
    assert job.read == RECORDS
    assert job.right_written == RECORDS
    assert_all_alike(world)
    assert not JobPart.objects.exists()
    world.assert_quiet()


def test_whoever_is_called_takes_a_part(world: World, workers: Workers) -> None:
    fill(world)
    left_over: list[bool] = []

    def call(job: int) -> None:
        workers.call(job)
        workers.finish()
        left_over.append(JobPart.objects.filter(job=job).exists())

    job = run(world, Kind.FULL, call)
    assert left_over
    assert not any(left_over)
    assert told(job) == {"inserted": RECORDS}
    assert_all_alike(world)


def test_changes_of_both_sides_are_shared_and_the_cursors_pass_them(world: World, workers: Workers) -> None:
    fill(world)
    run(world, Kind.FULL, None)
    world.left.execute(f"UPDATE {world.left.name} SET phone = 'L' || id")
    world.right.execute(f"UPDATE {world.right.name} SET fax = 'R'")
    job = run(world, Kind.MODIFIED, workers.call)
    workers.finish()
    assert told(job)["modified"] == RECORDS
    assert world.left.execute(f"SELECT count(*) FROM {world.left.name} WHERE fax = 'R'")[0][0] == RECORDS
    assert world.right.execute(f"SELECT count(*) FROM {world.right.name} WHERE telephone LIKE 'L%'")[0][0] == RECORDS
    assert SyncLogEntry.objects.filter(job=job.pk).count() == RECORDS
    world.assert_quiet()


def test_nobody_has_to_come(world: World) -> None:
    fill(world)
    job = run(world, Kind.FULL, lambda job: None)
    assert told(job) == {"inserted": RECORDS}
    assert_all_alike(world)


def test_a_part_whose_worker_died_is_taken_by_another(world: World) -> None:
    fill(world)

    def die_with_a_part(job: int) -> None:
        if JobPart.objects.filter(holder="elsewhere:1:dead").exists():
            return
        pk = JobPart.objects.filter(holder="").values_list("pk", flat=True).first()
        JobPart.objects.filter(pk=pk).update(holder="elsewhere:1:dead", lease_until=Now(), attempts=1)

    job = run(world, Kind.FULL, None, on_page=None)
    assert told(job) == {"inserted": RECORDS}
    world.left.execute(f"UPDATE {world.left.name} SET phone = 'new'")
    job = run(world, Kind.MODIFIED, lambda job: None, on_page=lambda state: die_with_a_part(state.job.pk))
    assert told(job) == {"modified": RECORDS}
    world.assert_quiet()


def test_a_part_that_stops_every_worker_ends_the_job_and_pauses_its_mapping(world: World) -> None:
    fill(world)

    def exhaust(state: Run) -> None:
        JobPart.objects.filter(job=state.job, holder="").update(attempts=parts.ATTEMPTS)

    job = run(world, Kind.FULL, lambda job: None, on_page=exhaust)
    assert (job.state, job.code) == (JobState.FAILED, "attempts_exhausted")
    world.mapping.refresh_from_db()
    assert world.mapping.paused
    assert not JobPart.objects.exists()


def test_a_stopped_job_leaves_no_parts_and_goes_on_later(world: World, workers: Workers) -> None:
    fill(world)
    pages = iter(range(5))
    job = run(world, Kind.FULL, workers.call, stop=lambda: next(pages, None) is None)
    workers.finish()
    assert job.state == JobState.QUEUED
    assert not JobPart.objects.exists()
    assert job.read == sum(told(job).values())
    done = runner.run(job.pk, call=workers.call)
    workers.finish()
    assert done is not None
    assert done.state == JobState.FINISHED
    assert_all_alike(world)
    world.assert_quiet()


def test_a_late_call_finds_nothing_to_do(world: World) -> None:
    fill(world, 5)
    job = run(world, Kind.FULL, None)
    assert runner.run_parts(job.pk) is False
    assert runner.run_parts(job.pk + 1000) is False


def test_two_records_that_match_one_are_told_apart_across_parts(
    make_world: Callable[..., World], workers: Workers
) -> None:
    world = make_world(match=["name"])
    fill(world)
    fill(world)  # every name twice
    world.right.execute(
        f"INSERT INTO {world.right.name} (fullname, telephone) SELECT name, phone FROM"
        f" (SELECT DISTINCT 'Name ' || n AS name, '+45 ' || n AS phone FROM generate_series(1, {RECORDS}) n) x"
    )
    job = run(world, Kind.FULL, workers.call)
    workers.finish()
    assert len(world.right.keys()) == RECORDS, "nothing is created"
    assert job.read == sum(told(job).values())
    per_partner = Coupling.objects.values_list("right_key", flat=True)
    assert len(set(per_partner)) == len(per_partner)


def test_every_part_is_handed_back_when_a_worker_fails(world: World) -> None:
    fill(world)
    given: list[int] = []

    def fail(job: int) -> None:
        part = parts.take(job, "here:1:x")
        if part is not None:
            parts.give_back("here:1:x")
            given.append(JobPart.objects.get(pk=part.pk).attempts)

    job = run(world, Kind.FULL, fail)
    assert told(job) == {"inserted": RECORDS}
    assert set(given) <= {0}


def test_a_small_job_is_not_shared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world, sharing.ALONE * PAGE)
    called: list[int] = []
    run(world, Kind.FULL, called.append)
    assert not called
