"""``jobs`` of a connection: so many jobs over whole mappings side by side, and clicks beside them."""

import pytest

from couplings.models import Connection, TableMapping
from jobs import queue
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import lease
from tests.jobs.worlds import World


@pytest.fixture
def mappings(world: World) -> list[TableMapping]:
    """Three mappings, the first two of which share a connection with room for one job."""
    first, shared = world.mapping, world.mapping.left_connection
    Connection.objects.filter(pk=shared.pk).update(settings=shared.settings | {"jobs": 1})
    others = [Connection.objects.create(name=name, kind="sql", settings={}) for name in ("SHOP", "MAIL")]
    tables = {"left_table": "customer", "right_table": "account"}
    second = TableMapping.objects.create(name="B", left_connection=shared, right_connection=others[0], **tables)
    third = TableMapping.objects.create(name="C", left_connection=others[1], right_connection=others[0], **tables)
    return [first, second, third]


def claimed(mapping: TableMapping, kind: Kind = Kind.MODIFIED) -> SyncJob | None:
    job = queue.enqueue(mapping, kind, Trigger.SCHEDULE)
    return job if lease.claim(job.pk, lease.new_holder()) else None


def test_a_second_mapping_waits_for_room(mappings: list[TableMapping]) -> None:
    first = claimed(mappings[0])
    assert first is not None
    assert claimed(mappings[1]) is None
    waiting = SyncJob.objects.get(mapping=mappings[1])
    assert (waiting.state, waiting.attempts) == (JobState.QUEUED, 0)
    assert claimed(mappings[2]) is not None, "another connection has room"


def test_whoever_waits_is_next_when_there_is_room(mappings: list[TableMapping]) -> None:
    first = claimed(mappings[0])
    assert first is not None
    claimed(mappings[1])
    waiting = SyncJob.objects.get(mapping=mappings[1])
    assert queue.next_with_room(mappings[0].pk) == waiting.pk
    SyncJob.objects.filter(pk=first.pk).update(state=JobState.FINISHED, lease_until=None, holder="")
    assert lease.claim(waiting.pk, lease.new_holder())
    assert queue.next_with_room(mappings[0].pk) is None


def test_a_click_does_not_wait(mappings: list[TableMapping]) -> None:
    assert claimed(mappings[0]) is not None
    job = queue.enqueue(mappings[1], Kind.RECORDS, Trigger.MANUAL, parameters={"keys": ["1"]})
    assert lease.claim(job.pk, lease.new_holder())
