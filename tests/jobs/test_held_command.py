"""`manage.py held`: what a guard holds back, approved or discarded from a terminal."""

from collections.abc import Callable

import pytest

from jobs.models import SyncJob
from jobs.services import held, mappings
from tests.jobs.command_line import run
from tests.jobs.worlds import World

MakeWorld = Callable[..., World]


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Three of four records were deleted in ERP, which holds their deletion in CRM."""
    world = make_world(deletion_conflict="delete", guard_share=0.5, guard_count=1000)
    pairs = world.pairs(4)
    world.left.delete(*(left for left, _ in pairs[:3]))
    world.sync()
    return world


def ids() -> list[int]:
    return list(held.everything().order_by("pk").values_list("pk", flat=True))


def test_list_names_records_system_and_reason(world: World) -> None:
    told = run("held", "list", "customer", "--json")
    assert told.code == 0
    assert [found["id"] for found in told.objects] == ids()
    first = told.objects[0]
    assert (first["deletes_in"], first["reason"], first["approved"]) == ("CRM", "mass_deletion", False)
    assert first["job"] == SyncJob.objects.latest("pk").pk
    assert "would be deleted in CRM" in run("held", "list", "CUSTOMER").said


def test_approve_some_then_all(world: World) -> None:
    one, *_others = ids()
    some = run("held", "approve", "CUSTOMER", one)
    assert (some.code, some.said) == (0, "Approved 1 deletion.\n")
    assert len(world.right.keys()) == 3
    rest = run("held", "approve", "CUSTOMER", "--all", "--json")
    assert rest.object == {"action": "approve", "asked": 2, "accepted": 2, "refused": {}, "open": 0}
    assert (len(world.right.keys()), ids()) == (1, [])
    again = run("held", "approve", "CUSTOMER", "--all")
    assert (again.code, again.said) == (0, "Approved 0 deletions.\n")


def test_what_is_not_deleted_stays_open_and_is_1(world: World) -> None:
    world.right.execute("UPDATE account SET telephone = 'moved' WHERE fullname = 'Name 0000'")
    told = run("held", "approve", "CUSTOMER", "--all")
    assert told.code == 1
    assert "1 error is still open." in told.said


def test_discard(world: World) -> None:
    told = run("held", "discard", "CUSTOMER", ids()[0], ids()[1])
    assert (told.code, told.said) == (1, "Discarded 2 deletions.\n2 errors are still open.\n")
    assert len(ids()) == 1
    world.sync()
    assert len(world.right.keys()) == 4
    assert len(ids()) == 1


@pytest.mark.parametrize("arguments", [[], ["--all", "1"], ["999999"]])
def test_wrong_usage_is_2_and_changes_nothing(world: World, arguments: list[str]) -> None:
    told = run("held", "discard", "CUSTOMER", *arguments)
    assert told.code == 2
    assert len(ids()) == 3


def test_a_record_of_another_mapping_or_one_approved_before_is_said_to_be_held_no_more(world: World) -> None:
    first = ids()[0]
    run("held", "approve", "CUSTOMER", first)
    told = run("held", "approve", "CUSTOMER", first)
    assert (told.code, f"No deletion {first} is held." in told.complained) == (2, True)


def test_a_paused_mapping_keeps_the_approval(world: World) -> None:
    mappings.pause(world.mapping, user=None)
    told = run("held", "approve", "CUSTOMER", "--all")
    assert (told.code, "paused" in told.said) == (1, True)
    mappings.resume(world.mapping, user=None, queue=False)
    assert len(world.right.keys()) == 1
