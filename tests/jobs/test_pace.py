"""Progress is measured, and foretold only where it is known how much is left."""

import pytest

from jobs import progress, queue
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import runner, sources
from jobs.runner.context import Run
from jobs.runner.pace import MEASURED, Pace
from tests.jobs.worlds import World


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_rate_is_that_of_the_last_pages(clock: Clock) -> None:
    pace = Pace(clock)
    pace.enter("changed", 100_000)
    assert (pace.rate, pace.remaining) == (0, None)
    for _page in range(MEASURED):
        clock.now += 1
        pace.advance(2000)
    assert (pace.rate, pace.remaining) == (2000, 40)
    for _page in range(MEASURED):
        clock.now += 4
        pace.advance(2000)
    assert (pace.rate, pace.remaining) == (500, 120)


def test_a_step_of_unknown_size_has_a_rate_and_no_estimate(clock: Clock) -> None:
    pace = Pace(clock)
    pace.enter("right_feed")
    clock.now += 2
    pace.advance(1000)
    assert (pace.rate, pace.remaining) == (500, None)


def test_the_next_step_begins_anew(clock: Clock) -> None:
    pace = Pace(clock)
    pace.enter("survey", 10)
    clock.now += 1
    pace.advance(10)
    pace.enter("changed", 5)
    assert pace.fields() == {"phase": "changed", "phase_done": 0, "phase_expected": 5, "rate": 0}


def test_more_than_was_expected_takes_no_negative_time(clock: Clock) -> None:
    pace = Pace(clock)
    pace.enter("changed", 10)
    clock.now += 1
    pace.advance(20)
    assert pace.remaining == 0


def watched(world: World, kind: Kind) -> list[tuple[str, int, int | None]]:
    """What the job's row says of its progress after each page."""
    seen: list[tuple[str, int, int | None]] = []
    job = queue.enqueue(world.mapping, kind, Trigger.MANUAL)

    def look(run: Run) -> None:
        seen.append(SyncJob.objects.values_list("phase", "phase_done", "phase_expected").get(pk=job.pk))

    assert runner.run(job.pk, on_page=look) is not None
    return [found for found in dict.fromkeys(seen) if found[0]]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE", 10)


def test_a_job_writes_with_each_page_how_far_it_is(world: World, small_pages: None) -> None:
    for number in range(25):
        world.left.add(name=f"Name {number}", phone="1")
    listed = [found for found in watched(world, Kind.FULL) if found[0] != "survey"]
    assert listed == [*((f"{side}_uncoupled", done, 25) for side in ("left", "right") for done in (10, 20, 25))]
    world.right.execute("UPDATE account SET telephone = '2'")
    compared = [found for found in watched(world, Kind.FULL) if found[0] == "changed"]
    assert compared == [("changed", done, 25) for done in (10, 20, 25)]


def test_an_ended_job_foretells_nothing(world: World) -> None:
    world.pair(name="Adatum")
    job = world.sync(Kind.FULL)
    assert job.state == JobState.FINISHED
    assert progress.of(job) is None


@pytest.mark.parametrize("phase", list(progress.Phase))
def test_every_step_has_a_caption_with_the_systems_names(world: World, phase: progress.Phase) -> None:
    told = progress.caption(phase, world.mapping)
    assert told != phase.value
    assert "left" not in told
    assert "%" not in told
