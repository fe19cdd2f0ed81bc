"""``jobs`` of a connection: so many jobs over whole mappings side by side, and clicks beside them."""

from collections.abc import Callable

import pytest

from couplings.models import Connection
from jobs import queue
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import lease
from tests.jobs.worlds import World


@pytest.fixture
def worlds(make_world: Callable[..., World]) -> list[World]:
    """Three mappings, the first two of which share a connection with room for one job."""
    made = [make_world() for _ in range(3)]
    shared = made[0].mapping.left_connection
    Connection.objects.filter(pk=shared.pk).update(settings=shared.settings | {"jobs": 1})
    made[1].mapping.left_connection = shared
    made[1].mapping.save()
    return made


def claimed(world: World, kind: Kind = Kind.MODIFIED) -> SyncJob | None:
    job = queue.enqueue(world.mapping, kind, Trigger.SCHEDULE)
    return job if lease.claim(job.pk, lease.new_holder()) else None


def test_a_second_mapping_waits_for_room(worlds: list[World]) -> None:
    first = claimed(worlds[0])
    assert first is not None
    assert claimed(worlds[1]) is None
    waiting = SyncJob.objects.get(mapping=worlds[1].mapping)
    assert (waiting.state, waiting.attempts) == (JobState.QUEUED, 0)
    assert claimed(worlds[2]) is not None, "another connection has room"


def test_whoever_waits_is_next_when_there_is_room(worlds: list[World]) -> None:
    first = claimed(worlds[0])
    assert first is not None
    claimed(worlds[1])
    waiting = SyncJob.objects.get(mapping=worlds[1].mapping)
    assert queue.next_with_room(worlds[0].mapping.pk) == waiting.pk
    SyncJob.objects.filter(pk=first.pk).update(state=JobState.FINISHED, lease_until=None, holder="")
    assert lease.claim(waiting.pk, lease.new_holder())
    assert queue.next_with_room(worlds[0].mapping.pk) is None


def test_a_click_does_not_wait(worlds: list[World]) -> None:
    assert claimed(worlds[0]) is not None
    job = queue.enqueue(worlds[1].mapping, Kind.RECORDS, Trigger.MANUAL, parameters={"keys": ["1"]})
    assert lease.claim(job.pk, lease.new_holder())
