"""What two users did since the last synchronization, and what has to come of it, whatever happens to the programs."""

from collections import Counter
from typing import Any

from couplings.models import Coupling
from jobs.models import CreateIntent
from tests.jobs.worlds import World

Rows = dict[str, tuple[Any, Any]]

IN_STEP: Rows = {
    "Kept": ("1", "2"),
    "Left edit": ("7", "2"),
    "Right edit": ("1", "8"),
    "Merged": ("7", "8"),
    "New left 1": ("1", "2"),
    "New left 2": ("1", "2"),
    "New right 1": ("1", "2"),
    "New right 2": ("1", "2"),
}
CONFLICT = {"left": ("7", "2"), "right": ("8", "2")}


def prepare(world: World) -> None:
    """Pairs in step; afterwards both users edit, create and delete. The mapping carries deletions over."""
    old = ("Kept", "Left edit", "Right edit", "Merged", "Conflict", "Deleted left", "Deleted right")
    keys = {name: world.left.add(name=name, phone="1", fax="2") for name in old}
    world.sync()
    partners = dict(Coupling.objects.values_list("left_key", "right_key"))
    for name in ("Left edit", "Merged", "Conflict"):
        world.left.edit(keys[name], phone="7")
    for name in ("Right edit", "Merged"):
        world.right.edit(partners[keys[name]], fax="8")
    world.right.edit(partners[keys["Conflict"]], phone="8")
    world.left.delete(keys["Deleted left"])
    world.right.delete(partners[keys["Deleted right"]])
    for number in (1, 2):
        world.left.add(name=f"New left {number}", phone="1", fax="2")
        world.right.add(name=f"New right {number}", phone="1", fax="2")


def assert_as_undisturbed(world: World) -> None:
    """Nothing lost, nothing twice, one open error, and nothing more to do."""
    left, right = rows(world, "left"), rows(world, "right")
    assert left == IN_STEP | {"Conflict": CONFLICT["left"]}
    assert right == IN_STEP | {"Conflict": CONFLICT["right"]}
    assert coupled_names(world) == {name: name for name in left}
    error = world.error()
    assert (error.description, error.kind, error.state, error.fields) == ("Conflict", "conflict", "skipped", ["phone"])
    assert not CreateIntent.objects.exists()
    world.assert_quiet()


def rows(world: World, side: str) -> Rows:
    table = getattr(world, side)
    columns = ", ".join(map(table.column, ("name", "phone", "fax")))
    found = table.execute(f"SELECT {columns} FROM {table.name}")
    assert max(Counter(name for name, *_ in found).values()) == 1, f"records were created twice: {found}"
    return {name: (phone, fax) for name, phone, fax in found}


def coupled_names(world: World) -> dict[str, str]:
    names = {side: dict(_named(getattr(world, side))) for side in ("left", "right")}
    pairs = Coupling.objects.values_list("left_key", "right_key")
    return {names["left"][left]: names["right"][right] for left, right in pairs}


def _named(table: Any) -> list[tuple[str, str]]:
    return [(str(key), name) for key, name in table.execute(f"SELECT id, {table.column('name')} FROM {table.name}")]
