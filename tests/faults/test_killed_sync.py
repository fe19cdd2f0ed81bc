"""SCENARIOS 4: `sync` is killed at each point, and the next one leaves what an undisturbed run would have left."""

import json
from collections.abc import Callable

import pytest

from jobs.models import JobState, SyncJob
from tests.faults import processes
from tests.faults.stories import assert_as_undisturbed, prepare
from tests.jobs.worlds import World

# The run has three pages: the deletions of both sides, the left feed, the right feed. It commits to the two systems nine
# times: two deletions; keys drawn, an update, creates and updates for the left feed; keys, creates and updates for the
# right one.
POINTS = [
    *(("after the plan", page) for page in (1, 2, 3)),
    *(("after the create intent", create) for create in (1, 2)),
    *(("after the request was sent", write) for write in range(1, 10)),
    *(("after the other side's commit", write) for write in range(1, 10)),
    *(("after the answer", page) for page in (1, 2, 3)),
    ("after the coupling", 2),
    ("after the base", 2),
    ("before the cursor moves", 2),
    ("before our commit", 2),
    *(("after our commit", page) for page in (1, 2, 3)),
    ("before the job ends", 1),
]


@pytest.fixture
def story(make_world: Callable[..., World]) -> World:
    world = make_world(deletion_conflict="delete")
    prepare(world)
    return world


def test_undisturbed(story: World) -> None:
    story.sync()
    assert_as_undisturbed(story)


@pytest.mark.parametrize(("point", "number"), POINTS)
def test_the_next_sync_repairs(story: World, point: str, number: int) -> None:
    processes.die_at(point, number, "sync", "CUSTOMER")
    story.sync()
    assert_as_undisturbed(story)
