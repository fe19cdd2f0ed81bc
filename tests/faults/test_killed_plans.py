"""SCENARIOS 4 for plans: what keeps one, or applies one, is killed at each point, and nothing is lost or done twice."""

from collections.abc import Callable

import pytest

from jobs.models import JobState, Kind, PlannedChange, SyncJob
from jobs.runner import runner
from jobs.services import plans
from tests.faults import processes
from tests.faults.stories import assert_as_undisturbed, prepare
from tests.jobs.worlds import World, told

# The plan has one page. It is applied by two deletions, then keys drawn, creates and updates for either side.
POINTS = [
    ("after the plan", 1),
    ("after the create intent", 1),
    ("after the request was sent", 4),
    *(("after the other side's commit", write) for write in (1, 3, 5)),
    ("after the answer", 1),
    ("after the coupling", 1),
    ("before our commit", 1),
    ("after our commit", 1),
    ("before the job ends", 1),
]


@pytest.fixture
def story(make_world: Callable[..., World]) -> World:
    world = make_world(deletion_conflict="delete")
    prepare(world)
    world.mapping.refresh_from_db()
    return world


def orphan(kind: Kind) -> SyncJob:
    return SyncJob.objects.get(kind=kind, state=JobState.RUNNING)


@pytest.mark.parametrize(("point", "number"), POINTS)
def test_the_next_worker_applies_the_rest(story: World, point: str, number: int) -> None:
    plan = plans.preview(story.mapping, Kind.MODIFIED, user=None, queue=False)
    processes.die_at(point, number, "sync", "--apply", str(plan.pk))
    done = runner.run(orphan(Kind.APPLY).pk)
    assert done is not None
    assert done.state == JobState.FINISHED
    assert_as_undisturbed(story)


def test_a_run_that_comes_first_leaves_nothing_to_apply(story: World) -> None:
    plan = plans.preview(story.mapping, Kind.MODIFIED, user=None, queue=False)
    processes.die_at("after the answer", 1, "sync", "--apply", str(plan.pk))
    story.sync()
    runner.run(orphan(Kind.APPLY).pk)
    assert_as_undisturbed(story)


@pytest.mark.parametrize(
    ("point", "number"), [("after the plan", 2), ("before our commit", 2), ("before the job ends", 1)]
)
def test_a_preview_is_looked_at_anew(story: World, point: str, number: int) -> None:
    seen = plans.preview(story.mapping, Kind.MODIFIED, user=None, queue=False)
    processes.die_at(point, number, "sync", "CUSTOMER", "--preview", "--keep")
    again = runner.run(orphan(Kind.PREVIEW).pk)
    assert again is not None
    assert (again.state, told(again)) == (JobState.PLANNED, told(seen))
    assert PlannedChange.objects.filter(job=again.pk).count() == PlannedChange.objects.filter(job=seen.pk).count()
    plans.apply(again, user=None, queue=False)
    assert_as_undisturbed(story)
