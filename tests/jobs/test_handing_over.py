"""Several mappings of one pair of tables, told apart by filter; a record that moves is handed over (T13)."""

from collections.abc import Callable
from typing import Any

from couplings.models import Coupling, FieldMapping, TableMapping
from jobs.models import Kind
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


def two(make_world: MakeWorld, **rules: Any) -> tuple[World, World]:
    """CUSTOMER for the region north, VENDOR for the region south, of the same two tables."""
    north = make_world(left_filter={"region": "north"}, right_filter={"status": "north"})
    FieldMapping.objects.create(mapping=north.mapping, position=50, left="region", right="status")
    mapping = TableMapping.objects.get(pk=north.mapping.pk)
    fields = list(mapping.fields.all())
    mapping.pk, mapping.name, mapping._state.adding = None, "VENDOR", True
    mapping.left_filter, mapping.right_filter = {"region": "south"}, {"status": "south"}
    for name, value in rules.items():
        setattr(mapping, name, value)
    mapping.save()
    for field in fields:
        field.pk, field._state.adding, field.mapping = None, True, mapping
        field.save()
    return north, World(north.left, north.right, mapping)


def coupled(world: World) -> list[tuple[str, str]]:
    return list(Coupling.objects.filter(mapping=world.mapping).values_list("left_key", "right_key"))


def test_a_record_that_moves_keeps_its_partner(make_world: MakeWorld) -> None:
    north, south = two(make_world)
    key, partner = north.pair(name="Ada", phone="12", region="north")
    south.sync()

    north.left.edit(key, region="south", name="Ada L.")
    assert told(north.sync()) in ({}, {"excluded": 1})
    assert told(south.sync()) == {"coupled": 1}

    assert north.right.get(partner, "name", "phone", "status") == ("Ada L.", "12", "south")
    assert north.left.keys() == [key]
    assert north.right.keys() == [partner]
    assert (coupled(north), coupled(south)) == ([], [(key, partner)])
    north.assert_quiet()
    south.assert_quiet()


def test_a_record_that_moves_is_handed_over_whichever_mapping_runs_first(make_world: MakeWorld) -> None:
    north, south = two(make_world)
    key, partner = north.pair(name="Ada", region="north")
    south.sync()

    north.left.edit(key, region="south")
    south.sync()
    north.sync()
    south.right.edit(partner, phone="34")
    south.sync()

    assert north.left.get(key, "name", "phone", "region") == ("Ada", "34", "south")
    assert coupled(north) == []
    north.assert_quiet()


def test_a_record_that_moves_on_the_other_side_and_comes_back(make_world: MakeWorld) -> None:
    north, south = two(make_world)
    key, partner = north.pair(name="Ada", region="north")
    south.sync()

    north.right.edit(partner, status="south")
    south.sync()
    assert north.left.get(key, "region") == ("south",)
    north.left.edit(key, region="north")
    north.sync()

    assert north.right.get(partner, "status") == ("north",)
    assert (coupled(north), coupled(south)) == ([(key, partner)], [])
    assert (north.left.keys(), north.right.keys()) == ([key], [partner])
    for world in (south, north):
        world.assert_quiet()


def test_the_filter_may_be_one_of_a_constant(make_world: MakeWorld) -> None:
    north, south = two(make_world)
    for world, value in ((north, "north"), (south, "south")):
        world.mapping.fields.filter(left="region").delete()
        rule = {"direction": "left_to_right", "constant": value}
        FieldMapping.objects.create(mapping=world.mapping, position=60, left="", right="status", **rule)
    key, partner = north.pair(name="Ada", phone="12", region="north")
    south.sync()

    north.left.edit(key, region="south")
    north.sync()
    south.sync()

    assert north.right.get(partner, "name", "phone", "status") == ("Ada", "12", "south")
    assert (coupled(north), coupled(south)) == ([], [(key, partner)])
    assert north.right.keys() == [partner]
    south.assert_quiet()


def test_an_expression_that_reads_the_key_leaves_the_key_to_the_system(make_world: MakeWorld) -> None:
    world = make_world()
    step = {"expression": "value + ' ' + text(id)"}
    FieldMapping.objects.create(
        mapping=world.mapping, position=60, left="name", right="status", direction="left_to_right", transforms=[step]
    )
    key, partner = world.pair(name="Ada")

    assert world.right.get(partner, "status") == (f"Ada {key}",)
    world.assert_quiet()


def test_both_sides_edited_while_it_moved_is_decided_field_by_field(make_world: MakeWorld) -> None:
    north, south = two(make_world)
    key, partner = north.pair(name="Ada", phone="12", region="north")
    south.sync()

    north.left.edit(key, region="south", name="Ada L.")
    north.right.edit(partner, phone="34")
    south.sync()

    assert north.left.get(key, "name", "phone") == ("Ada L.", "34")
    assert north.right.get(partner, "name", "phone") == ("Ada L.", "34")
    assert south.errors() == []


def test_what_was_wrong_with_it_in_the_first_mapping_is_over(make_world: MakeWorld) -> None:
    north, south = two(make_world)
    key, partner = north.pair(name="Ada", region="north")
    south.sync()
    north.left.edit(key, phone="12")
    north.right.edit(partner, phone="34")
    north.sync()
    assert north.error().kind == "conflict"

    north.left.edit(key, region="south")
    north.right.edit(partner, phone="12")
    south.sync()

    assert north.errors() == []
    assert north.right.get(partner, "phone", "status") == ("12", "south")


def test_a_record_of_both_mappings_stays_coupled_in_both(make_world: MakeWorld) -> None:
    north, both = two(make_world, left_filter={"region": ["north", "south"]}, right_filter={})
    key, partner = north.pair(name="Ada", region="north")

    both.sync(Kind.FULL)

    assert coupled(north) == coupled(both) == [(key, partner)]
    assert north.right.keys() == [partner]


def test_a_preview_hands_nothing_over(make_world: MakeWorld) -> None:
    from jobs.services import jobs

    north, south = two(make_world)
    key, partner = north.pair(name="Ada", region="north")
    south.sync()
    north.left.edit(key, region="south")

    assert told(jobs.preview(south.mapping, Kind.MODIFIED)) == {"coupled": 1}
    assert (coupled(north), coupled(south)) == ([(key, partner)], [])
