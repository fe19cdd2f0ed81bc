"""SCENARIOS 4 for undo: whoever undoes a job is killed at each point, and both systems end as before the job."""

from collections.abc import Callable

import pytest

from jobs.models import CreateIntent, JobState, Kind, SyncJob
from jobs.runner import runner
from jobs.services import undo
from tests.faults import processes
from tests.faults.stories import Rows, prepare, rows
from tests.jobs.worlds import World

# Two records are created again, four deleted and three changed, each kind for either side; there is a page for each.
POINTS = [
    ("after the create intent", 1),
    *(("after the request was sent", write) for write in (1, 2, 3, 4, 5)),
    *(("after the other side's commit", write) for write in (1, 2, 3, 4, 5)),
    *(("after the answer", page) for page in (1, 2, 3)),
    *(("before our commit", page) for page in (1, 2, 3)),
    ("before the job ends", 1),
]

Both = tuple[Rows, Rows]


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    world = make_world(deletion_conflict="delete")
    prepare(world)
    return world


def both(world: World) -> Both:
    return rows(world, "left"), rows(world, "right")


@pytest.fixture
def before(world: World) -> Both:
    return both(world)


@pytest.fixture
def job(world: World, before: Both) -> SyncJob:
    return world.sync()


@pytest.mark.parametrize(("point", "number"), POINTS)
def test_the_next_worker_undoes_the_rest(world: World, before: Both, job: SyncJob, point: str, number: int) -> None:
    processes.die_at(point, number, "undo", str(job.pk))
    done = runner.run(SyncJob.objects.get(kind=Kind.UNDO, state=JobState.RUNNING).pk)
    assert done is not None
    assert done.state == JobState.FINISHED
    assert both(world) == before
    assert not CreateIntent.objects.exists()
    assert undo.plan_of_job(job).is_empty
