"""A record whose create was never remembered, and that people went on working on, still belongs to its source."""

from collections.abc import Callable

import pytest

from couplings.models import SyncError
from jobs.models import Kind
from jobs.runner.context import Run
from jobs.services import actions, jobs
from tests.faults import processes
from tests.jobs.worlds import World


@pytest.fixture
def half_created(make_world: Callable[..., World]) -> World:
    """Created on the right, never coupled, then edited by two people and deleted on the left."""
    world = make_world(deletion_conflict="delete")
    key = world.left.add(name="Adatum", phone="1")
    processes.die_at("after the other side's commit", 2, "sync", "CUSTOMER")  # the first commit draws the key
    (created,) = world.right.keys()
    world.left.edit(key, phone="7")
    world.right.edit(created, phone="8")
    world.sync()
    assert world.error().kind == "conflict"
    world.left.delete(key)
    world.sync()
    assert world.error().kind == "deleted_and_changed"
    return world


def test_a_retry_brings_nothing_back(half_created: World) -> None:
    """The click comes while a run is under way that has passed the record's own page and lists it as a new one."""

    def click(_run: Run) -> None:
        actions.request(SyncError.objects.open(), actions.RETRY, user=None)

    half_created.mapping.refresh_from_db()
    jobs.start_here(half_created.mapping, Kind.FULL, on_page=click)
    assert half_created.left.keys() == []
    half_created.sync()
    assert half_created.error().kind == "deleted_and_changed"


def test_a_restore_is_done_once(half_created: World) -> None:
    actions.request(SyncError.objects.open(), actions.RESTORE, user=None, queue=False)
    (again,) = half_created.left.keys()
    assert half_created.left.get(again) == half_created.right.get(*half_created.right.keys())
    assert half_created.errors() == []
    half_created.assert_quiet()


def test_a_deletion_that_is_approved_is_done(half_created: World) -> None:
    actions.request(SyncError.objects.open(), actions.DELETE, user=None, queue=False)
    assert (half_created.left.keys(), half_created.right.keys()) == ([], [])
    assert half_created.errors() == []
    half_created.assert_quiet()
