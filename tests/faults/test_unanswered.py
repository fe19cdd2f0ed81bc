"""A record whose create was never remembered, and that people went on working on, still belongs to its source."""

from collections.abc import Callable

import pytest

from couplings.models import Coupling, SyncError
from jobs.models import Kind
from jobs.runner.context import Run
from jobs.services import actions, jobs, unanswered
from syncstatus.engine.records import Side
from tests.faults import processes
from tests.jobs.worlds import World


@pytest.fixture(params=["left", "right"])
def half_created(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """Created on one side from a record of the other, never coupled, then edited by two people; there is a conflict."""
    world = make_world(deletion_conflict="delete")
    world.sync()
    source, target = (world.left, world.right) if request.param == "left" else (world.right, world.left)
    key = source.add(name="Adatum", phone="1")
    processes.die_at("after the other side's commit", 2, "sync", "CUSTOMER")  # the first commit draws the key
    (created,) = target.keys()
    source.edit(key, phone="7")
    target.edit(created, phone="8")
    world.sync()
    assert world.error().kind == "conflict"
    return world


def click_in_every_page(world: World) -> None:
    """Somebody presses Retry while a run is under way that has passed the record's own page and lists it as new."""

    def click(_run: Run) -> None:
        actions.request(SyncError.objects.open(), actions.RETRY, user=None)

    world.mapping.refresh_from_db()
    jobs.start_here(world.mapping, Kind.FULL, on_page=click)


def test_a_retry_of_a_conflict_creates_nothing(half_created: World) -> None:
    before = half_created.left.keys(), half_created.right.keys()
    click_in_every_page(half_created)
    actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)
    assert (half_created.left.keys(), half_created.right.keys()) == before
    assert half_created.error().kind == "conflict"


def test_a_choice_is_followed_and_couples_them(half_created: World) -> None:
    actions.request(SyncError.objects.open(), actions.SYNCHRONIZE, user=None, use=Side.LEFT, queue=False)
    (coupling,) = Coupling.objects.all()
    assert half_created.left.get(coupling.left_key) == half_created.right.get(coupling.right_key)
    assert half_created.errors() == []
    half_created.assert_quiet()


@pytest.fixture(params=["left", "right"])
def half_deleted(request: pytest.FixtureRequest, half_created: World) -> World:
    """And then one of the two was deleted."""
    table = getattr(half_created, request.param)
    table.delete(*table.keys())
    half_created.sync()
    assert half_created.error().kind == "deleted_and_changed"
    return half_created


def test_a_retry_brings_nothing_back(half_deleted: World) -> None:
    before = half_deleted.left.keys(), half_deleted.right.keys()
    click_in_every_page(half_deleted)
    half_deleted.sync()
    assert (half_deleted.left.keys(), half_deleted.right.keys()) == before
    assert half_deleted.error().kind == "deleted_and_changed"


def test_a_restore_is_done_once(half_deleted: World) -> None:
    actions.request(SyncError.objects.open(), actions.RESTORE, user=None, queue=False)
    (left,), (right,) = half_deleted.left.keys(), half_deleted.right.keys()
    assert half_deleted.left.get(left) == half_deleted.right.get(right)
    assert half_deleted.errors() == []
    half_deleted.assert_quiet()


def test_a_restore_that_died_is_found(half_deleted: World) -> None:
    """The create that is announced now is not the one that was never answered."""
    processes.die_at("after the answer", 1, "errors", "restore", str(half_deleted.error().pk))
    half_deleted.sync()
    (left,), (right,) = half_deleted.left.keys(), half_deleted.right.keys()
    assert half_deleted.left.get(left) == half_deleted.right.get(right)
    assert half_deleted.errors() == []
    half_deleted.assert_quiet()


def test_a_deletion_that_is_approved_is_done(half_deleted: World) -> None:
    actions.request(SyncError.objects.open(), actions.DELETE, user=None, queue=False)
    assert (half_deleted.left.keys(), half_deleted.right.keys()) == ([], [])
    assert half_deleted.errors() == []
    half_deleted.assert_quiet()


@pytest.fixture
def half_restored(make_world: Callable[..., World]) -> World:
    """A deleted record was created again by policy, never coupled, and edited at once; its key nobody knows."""
    world = make_world(deletion_conflict="restore")
    world.right.execute("ALTER TABLE account DROP id, ADD id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY")
    world.pair(name="Adatum", phone="1", fax="2")
    world.right.delete(*world.right.keys())
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    world.right.edit(*world.right.keys(), phone="8")
    world.sync()
    assert world.error().code == "unknown_outcome"
    return world


def test_what_was_restored_and_edited_is_adopted(half_restored: World) -> None:
    (created,) = half_restored.right.keys()
    unanswered.adopt(half_restored.error(), created, user=None, queue=False)
    actions.request(SyncError.objects.open(), actions.SYNCHRONIZE, user=None, use=Side.RIGHT, queue=False)
    assert Coupling.objects.get().right_key == created
    assert half_restored.left.get(*half_restored.left.keys()) == ("Adatum", "8", "2")
    assert half_restored.errors() == []
    half_restored.assert_quiet()


def test_what_was_not_restored_is_created_again(half_restored: World) -> None:
    """A person says that the record found is another one; then it is looked at like every new record."""
    unanswered.create_again(SyncError.objects.open(), user=None, queue=False)
    for _ in range(2):
        actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)
        half_restored.sync(Kind.FULL)
    assert Coupling.objects.count() == len(half_restored.left.keys()) == len(half_restored.right.keys()) == 2
    assert half_restored.errors() == []
    half_restored.assert_quiet()
