"""SCENARIOS 4: `sync` is killed at each point, and the next one leaves what an undisturbed run would have left."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs.models import JobState, SyncJob
from tests.faults import processes
from tests.faults.stories import assert_as_undisturbed, prepare
from tests.jobs.worlds import World

# The run has three pages: the deletions of both sides, the left feed, the right feed. It commits nine times to the two
# systems: two deletions; keys drawn, an update, creates and updates for the left feed; keys, creates and updates for
# the right one.
POINTS = [
    *(("after the plan", page) for page in (1, 2, 3)),
    *(("after the create intent", create) for create in (1, 2)),
    *(("after the request was sent", write) for write in (1, 5, 8, 9)),
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


def test_a_new_process_takes_over_at_once_from_a_dead_one_of_this_machine(story: World) -> None:
    processes.die_at("after the other side's commit", 5, "sync", "CUSTOMER")
    dead = SyncJob.objects.get(state=JobState.RUNNING)
    done = processes.run("sync", "CUSTOMER", "--json")
    assert done.returncode == 1, done.stderr  # the conflict remains
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (JobState.FINISHED, 2)
    assert_as_undisturbed(story)


def test_the_lease_of_another_machine_has_to_run_out(story: World) -> None:
    processes.die_at("after the other side's commit", 5, "sync", "CUSTOMER")
    soon = Now() + timedelta(seconds=1)
    dead = SyncJob.objects.filter(state=JobState.RUNNING)
    dead.update(holder="elsewhere:1:abc", lease_until=soon)
    (job,) = dead
    story.sync()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.FINISHED, 2)
    assert job.lease_until is None
    assert_as_undisturbed(story)
