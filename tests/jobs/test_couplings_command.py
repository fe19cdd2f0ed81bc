"""`manage.py couplings` exactly as DESIGN 7.2 has it."""

from collections.abc import Callable

import pytest

from couplings.models import Coupling, SyncError, UncoupledRecord
from jobs.models import SyncJob
from jobs.services import mappings
from tests.jobs.command_line import run
from tests.jobs.worlds import World

MakeWorld = Callable[..., World]


def test_list(world: World) -> None:
    pairs = world.pairs(3)
    ran = run("couplings", "list", "customer", "--json")
    assert ran.code == 0
    assert [(told["left_key"], told["right_key"]) for told in ran.objects] == pairs
    row = Coupling.objects.order_by("pk")[0]
    first = {"id": row.pk, "mapping": "CUSTOMER", "left_key": row.left_key, "right_key": row.right_key}
    assert ran.objects[0] == first | {"last_synced": row.last_synced.isoformat() if row.last_synced else None}
    assert list(ran.objects[0]) == ["id", "mapping", "left_key", "right_key", "last_synced"]


def test_list_for_people_names_the_systems(world: World) -> None:
    world.pairs(1)
    head, line = run("couplings", "list", "CUSTOMER").said.splitlines()
    assert head.split()[:3] == ["id", "ERP", "CRM"]
    assert Coupling.objects.get().right_key in line


def test_add_couples_and_brings_in_step(make_world: MakeWorld) -> None:
    world = make_world(only_coupled=True)
    left, right = world.left.add(name="Adatum", phone="1"), world.right.add(name="Adatum", phone="1")
    ran = run("couplings", "add", "CUSTOMER", left, right, "--json")
    assert ran.code == 0
    assert (ran.object["left_key"], ran.object["right_key"]) == (left, right)
    assert ran.object["last_synced"]
    world.left.edit(left, phone="7")
    world.sync()
    assert world.right.get(right, "phone") == ("7",)


def test_add_of_records_that_differ_is_1_and_asks(make_world: MakeWorld) -> None:
    world = make_world(only_coupled=True)
    left, right = world.left.add(name="Adatum", phone="1"), world.right.add(name="Adatum", phone="2")
    assert run("couplings", "add", "CUSTOMER", left, right).code == 1
    error = world.error()
    assert (error.kind, error.fields) == ("conflict", ["phone"])
    assert (world.left.get(left, "phone"), world.right.get(right, "phone")) == (("1",), ("2",))


def test_add_refuses_what_is_coupled_or_missing(world: World) -> None:
    (left, right), *_ = world.pairs(1)
    loose = world.right.add(name="Loose")
    nobody = "00000000-0000-0000-0000-000000000000"
    for keys in [(left, loose), ("4711", right), ("4711", loose), (left, nobody)]:
        ran = run("couplings", "add", "CUSTOMER", *keys, "--json")
        assert (ran.code, ran.said) == (2, ""), keys
        assert ran.complained
    assert Coupling.objects.count() == 1


def test_remove_touches_neither_record_and_lasts(world: World) -> None:
    pairs = world.pairs(3)
    before = world.left.versions(), world.right.versions()
    ran = run("couplings", "remove", "CUSTOMER", pairs[0][0], pairs[1][0], "--json")
    assert (ran.code, ran.object) == (0, {"mapping": "CUSTOMER", "removed": 2})
    assert (world.left.versions(), world.right.versions()) == before
    world.assert_quiet()
    assert Coupling.objects.count() == 1
    assert UncoupledRecord.objects.count() == 4


def test_remove_by_the_keys_of_the_right_side(world: World) -> None:
    pairs = world.pairs(2)
    ran = run("couplings", "remove", "CUSTOMER", pairs[0][1], "--side", "right")
    assert (ran.code, ran.said) == (0, "1 coupling was removed.\n")
    assert Coupling.objects.get().left_key == pairs[1][0]


def test_remove_all(world: World) -> None:
    world.pairs(3)
    assert run("couplings", "remove", "CUSTOMER", "--all", "--json").object["removed"] == 3
    assert not Coupling.objects.exists()


@pytest.mark.parametrize(
    "options",
    [
        ["list", "NOBODY"],
        ["remove", "CUSTOMER"],
        ["remove", "CUSTOMER", "1", "--all"],
        ["remove", "CUSTOMER", "4711"],
        ["add", "CUSTOMER", "1"],
        ["nonsense", "CUSTOMER"],
    ],
)
def test_wrong_usage_is_2_and_does_nothing(world: World, options: list[str]) -> None:
    world.pairs(1)
    ran = run("couplings", *options)
    assert (ran.code, ran.said) == (2, "")
    assert Coupling.objects.count() == 1


def test_match_couples_and_creates_nothing(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.left.add(name="Adatum")
    world.right.add(name="Adatum")
    world.left.add(name="Alone")
    ran = run("couplings", "match", "CUSTOMER", "--json")
    assert ran.code == 0
    assert (ran.object["coupled"], ran.object["excluded"], ran.object["state"]) == (1, 1, "finished")
    assert len(world.right.keys()) == 1


def test_find_deleted_lists_what_it_found(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="delete")
    pairs = world.pairs(4)
    world.left.delete(pairs[0][0])
    world.right.delete(pairs[1][1])
    ran = run("couplings", "find-deleted", "CUSTOMER", "--json")
    assert (ran.code, ran.object["failed"]) == (1, 2)
    assert {(error.kind, error.state) for error in world.errors()} == {("deleted", "skipped")}
    assert (len(world.left.keys()), len(world.right.keys())) == (3, 3), "it lists, and deletes nothing"


def test_find_deleted_of_nothing_is_0(world: World) -> None:
    world.pairs(2)
    assert run("couplings", "find-deleted", "CUSTOMER").code == 0


def test_a_paused_mapping_is_refused(world: World) -> None:
    mappings.pause(world.mapping, user=None)
    for command in ("match", "find-deleted"):
        assert run("couplings", command, "CUSTOMER").code == 2
    assert not SyncJob.objects.exists()


@pytest.mark.parametrize("command", [["match"], ["find-deleted"], ["add"]])
def test_a_connection_that_is_down_is_3(make_world: MakeWorld, command: list[str]) -> None:
    world = make_world(match=["name"])
    keys = [world.left.add(name="Adatum"), world.right.add(name="Adatum")] if command == ["add"] else []
    crm = world.mapping.right_connection
    crm.settings = {"url": "postgresql+psycopg2://crm@127.0.0.1:1/crm"}
    crm.save()
    assert run("couplings", *command, "CUSTOMER", *keys).code == 3
    assert not SyncError.objects.open().exclude(kind="connection").exists()
