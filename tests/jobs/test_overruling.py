"""A value that one side wrote and the other never saw is in the log before it is written over (SCENARIOS 5)."""

from collections.abc import Callable
from typing import Any

import pytest

from couplings.models import SyncLogEntry
from tests.faults import processes
from tests.jobs.worlds import World

DIES = "after the other side's commit"


def replaced(world: World) -> set[Any]:
    entries = SyncLogEntry.objects.filter(mapping=world.mapping)
    return {change.old for entry in entries for change in entry.field_changes()}


@pytest.fixture
def conflict(make_world: Callable[..., World]) -> World:
    world = make_world(update_conflict="left", deletion_conflict="delete", deleted_and_changed="delete")
    left, right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="7")
    world.right.edit(right, phone="8")
    return world


def test_what_a_killed_worker_had_written_over_is_in_the_log(conflict: World) -> None:
    processes.die_at(DIES, 1, "sync", "CUSTOMER")
    conflict.sync()
    (key,) = conflict.right.keys()
    assert conflict.right.get(key, "phone") == ("7",)
    assert "8" in replaced(conflict)
    conflict.assert_quiet()


def test_what_a_killed_worker_had_deleted_is_in_the_log(conflict: World) -> None:
    conflict.left.delete(*conflict.left.keys())
    processes.die_at(DIES, 1, "sync", "CUSTOMER")
    conflict.sync()
    assert conflict.right.keys() == []
    assert "8" in replaced(conflict)


def test_a_write_that_is_remembered_is_logged_once(conflict: World) -> None:
    conflict.sync()
    (entry,) = SyncLogEntry.objects.filter(mapping=conflict.mapping, outcome="modified")
    assert entry.code == ""
    assert [(change.old, change.new) for change in entry.field_changes()] == [("8", "7")]
