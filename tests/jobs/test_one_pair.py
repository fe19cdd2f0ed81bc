"""SCENARIOS 1 on two real databases: every row, then a second run that writes nothing."""

from collections.abc import Callable

import pytest

from couplings.models import Coupling, SyncError, UncoupledRecord
from couplings.models.error import Resolution
from tests.jobs.worlds import World, told

X = {"name": "Adatum", "phone": "+45 1", "fax": "+45 2"}
Y = X | {"phone": "+45 7"}
Z = X | {"phone": "+45 8"}
MakeWorld = Callable[..., World]


def test_nothing_on_either_side(world: World) -> None:
    assert told(world.sync()) == {}


def test_new_on_the_left_is_created_and_coupled(world: World) -> None:
    key = world.left.add(**X)
    job = world.sync()
    assert told(job) == {"inserted": 1}
    assert job.read == 1
    assert world.right.get(world.coupling(key).right_key) == tuple(X.values())
    world.assert_quiet()


def test_new_on_the_right_is_created_and_coupled(world: World) -> None:
    world.right.add(**X)
    assert told(world.sync()) == {"inserted": 1}
    (key,) = world.left.keys()
    assert world.left.get(key) == tuple(X.values())
    world.assert_quiet()


def test_new_but_only_coupled_records_travel(make_world: MakeWorld) -> None:
    world = make_world(only_coupled=True)
    world.left.add(**X)
    assert told(world.sync()) == {"excluded": 1}
    assert world.right.keys() == []
    world.assert_quiet()


def test_equal_records_that_match_are_coupled_without_a_write(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    key, partner = world.left.add(**X), world.right.add(**X)
    before = world.left.versions(), world.right.versions()
    assert told(world.sync()) == {"coupled": 1}
    assert world.coupling(key).right_key == partner
    assert (world.left.versions(), world.right.versions()) == before
    world.assert_quiet()


def test_different_records_that_match_are_a_conflict(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.left.add(**X)
    world.right.add(**Y)
    assert told(world.sync()) == {"failed": 1}
    error = world.error()
    assert (error.kind, error.state, error.fields) == ("conflict", "skipped", ["phone"])
    assert not Coupling.objects.exists()
    world.assert_quiet()


@pytest.mark.parametrize(("policy", "winner"), [("left", X), ("right", Y)])
def test_different_records_that_match_with_a_winner(make_world: MakeWorld, policy: str, winner: dict[str, str]) -> None:
    world = make_world(match=["name"], update_conflict=policy)
    key, partner = world.left.add(**X), world.right.add(**Y)
    assert told(world.sync()) == {"coupled": 1}
    assert world.left.get(key) == world.right.get(partner) == tuple(winner.values())
    world.assert_quiet()


def test_deleted_on_both_sides(world: World) -> None:
    key, partner = world.pair(**X)
    world.left.delete(key)
    world.right.delete(partner)
    assert told(world.sync()) == {"uncoupled": 1}
    assert not Coupling.objects.exists()
    assert world.errors() == []
    world.assert_quiet()


@pytest.mark.parametrize("side", ["left", "right"])
def test_deleted_ask(world: World, side: str) -> None:
    keys = dict(zip(("left", "right"), world.pair(**X), strict=True))
    getattr(world, side).delete(keys[side])
    assert told(world.sync()) == {"failed": 1}
    error = world.error()
    assert (error.kind, error.state, error.code) == ("deleted", "skipped", "record_deleted")
    assert (error.left_exists, error.right_exists) == (side != "left", side != "right")
    assert error.description == "Adatum"
    world.assert_quiet()


def test_deleted_delete(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    key, partner = world.pair(**X)
    world.left.delete(key)
    assert told(world.sync()) == {"deleted": 1}
    assert world.right.get(partner) is None
    assert not Coupling.objects.exists()
    world.assert_quiet()


def test_deleted_restore_keeps_the_coupling(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="restore")
    key, partner = world.pair(**X)
    coupling = world.coupling(key)
    world.left.delete(key)
    assert told(world.sync()) == {"inserted": 1}
    restored = Coupling.objects.get(pk=coupling.pk)
    assert restored.right_key == partner
    assert world.left.get(restored.left_key) == tuple(X.values())
    world.assert_quiet()


def test_deleted_uncouple_leaves_both_alone(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="uncouple")
    key, partner = world.pair(**X)
    world.left.delete(key)
    assert told(world.sync()) == {"uncoupled": 1}
    assert world.right.get(partner) == tuple(X.values())
    assert UncoupledRecord.objects.filter(side="right", key=partner).exists()
    world.assert_quiet()
    assert world.left.keys() == []


@pytest.mark.parametrize("policy", ["ask", "delete", "restore", "uncouple"])
def test_deleted_and_changed_always_asks(make_world: MakeWorld, policy: str) -> None:
    world = make_world(deletion_conflict=policy)
    key, partner = world.pair(**X)
    world.left.delete(key)
    world.right.edit(partner, phone="+45 7")
    assert told(world.sync()) == {"failed": 1}
    assert world.error().kind == "deleted_and_changed"
    assert world.right.get(partner) == tuple(Y.values())
    world.assert_quiet()


def test_nothing_changed(world: World) -> None:
    world.pair(**X)
    assert told(world.sync()) == {}


def test_changed_on_the_left(world: World) -> None:
    key, partner = world.pair(**X)
    world.left.edit(key, phone="+45 7")
    assert told(world.sync()) == {"modified": 1}
    assert world.right.get(partner) == tuple(Y.values())
    world.assert_quiet()


def test_changed_on_the_right(world: World) -> None:
    key, partner = world.pair(**X)
    world.right.edit(partner, phone="+45 7")
    assert told(world.sync()) == {"modified": 1}
    assert world.left.get(key) == tuple(Y.values())
    world.assert_quiet()


def test_both_changed_to_the_same(world: World) -> None:
    key, partner = world.pair(**X)
    base = world.coupling(key).base
    world.left.edit(key, phone="+45 7")
    world.right.edit(partner, phone="+45 7")
    before = world.left.versions(), world.right.versions()
    assert told(world.sync()) == {"unchanged": 1}
    assert (world.left.versions(), world.right.versions()) == before
    assert world.coupling(key).base != base
    world.assert_quiet()


def test_both_changed_differently_ask(world: World) -> None:
    key, partner = world.pair(**X)
    base = world.coupling(key).base
    world.left.edit(key, phone="+45 7", name="Adatum Ltd")
    world.right.edit(partner, phone="+45 8")
    assert told(world.sync()) == {"failed": 1}
    error = world.error()
    assert (error.kind, error.fields) == ("conflict", ["phone"])
    assert world.right.get(partner) == tuple(Z.values()), "not even the name travels"
    assert world.coupling(key).base == base
    world.assert_quiet()


@pytest.mark.parametrize(("policy", "winner"), [("left", "+45 7"), ("right", "+45 8"), ("newest", "+45 8")])
def test_both_changed_differently_with_a_winner(make_world: MakeWorld, policy: str, winner: str) -> None:
    world = make_world(update_conflict=policy)
    key, partner = world.pair(**X)
    world.left.edit(key, phone="+45 7")
    world.right.edit(partner, phone="+45 8")
    assert told(world.sync()) == {"modified": 1}
    assert world.left.get(key, "phone") == world.right.get(partner, "phone") == (winner,)
    world.assert_quiet()


def test_a_new_version_with_the_same_values(world: World) -> None:
    key, _ = world.pair(**X)
    world.left.edit(key, region="north")
    before = world.right.versions()
    assert told(world.sync()) == {"unchanged": 1}
    assert world.right.versions() == before
    assert told(world.sync()) == {}
    world.assert_quiet()


def test_a_conflict_made_equal_by_hand_closes_by_itself(world: World) -> None:
    key, partner = world.pair(**X)
    world.left.edit(key, phone="+45 7")
    world.right.edit(partner, phone="+45 8")
    world.sync()
    world.left.edit(key, phone="+45 8")
    before = world.left.versions(), world.right.versions()
    assert told(world.sync()) == {"unchanged": 1}
    assert world.errors() == []
    assert SyncError.objects.get().resolution == Resolution.IN_STEP
    assert (world.left.versions(), world.right.versions()) == before


def test_different_fields_merge(world: World) -> None:
    key, partner = world.pair(**X)
    world.left.edit(key, phone="+45 7")
    world.right.edit(partner, fax="+45 9")
    assert told(world.sync()) == {"modified": 1}
    assert world.left.get(key) == world.right.get(partner) == ("Adatum", "+45 7", "+45 9")
    world.assert_quiet()
