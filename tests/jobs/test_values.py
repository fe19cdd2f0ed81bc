"""Values on their way: transformed, mapped, constant, by default; and that it settles in one round (T15)."""

from collections.abc import Callable
from typing import Any

import pytest

from couplings.models import FieldMapping, SyncError
from couplings.models.error import State
from jobs.models import Kind, SyncJob
from jobs.services import actions, undo
from syncstatus.engine.decisions import ErrorKind
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


def rule(world: World, left: str, **rules: Any) -> None:
    assert world.mapping.fields.filter(left=left).update(**rules) == 1


def add_rule(world: World, left: str, right: str, **rules: Any) -> None:
    FieldMapping.objects.create(mapping=world.mapping, position=50, left=left, right=right, **rules)


def retry() -> None:
    actions.request(SyncError.objects.open(), actions.RETRY, user=None, queue=False)


def test_a_prefix_is_put_on_and_taken_off(make_world: MakeWorld) -> None:
    world = make_world()
    rule(world, "phone", transforms=["trim", {"prefix": "T-"}])
    key, partner = world.pair(name="Ada", phone=" 12 ")

    assert world.right.get(partner) == ("Ada", "T-12", None)
    world.assert_quiet()

    world.right.edit(partner, phone="T-34")
    world.sync()
    assert world.left.get(key) == ("Ada", "34", None)
    world.assert_quiet()


def test_the_same_number_written_otherwise_is_no_change(make_world: MakeWorld) -> None:
    world = make_world()
    add_rule(world, "amount", "status", transforms=[{"format_number": {"locale": "da", "digits": 2}}])
    world.mapping.fields.filter(right="credit").update(enabled=False)
    key, partner = world.pair(name="Ada", amount="1234.50")
    assert world.right.get(partner, "status") == ("1234,50",)

    world.right.edit(partner, status="1234,5")
    assert not told(world.sync()).keys() & {"modified", "failed"}
    world.right.edit(partner, status="1.000,5")
    world.sync()

    assert str(world.left.get(key, "amount")) == "(Decimal('1000.50'),)"
    world.assert_quiet()


def test_what_gets_lost_on_the_way_back_is_no_change(make_world: MakeWorld) -> None:
    world = make_world()
    rule(world, "phone", transforms={"to_right": [{"substring": 3}], "to_left": ["lower"]})
    key, partner = world.pair(name="Ada", phone="ABCDEF")
    assert world.right.get(partner, "phone") == ("ABC",)
    world.assert_quiet()

    world.right.edit(partner, phone="WXYZ")
    world.sync()
    assert world.left.get(key, "phone") == ("wxyz",)
    assert world.right.get(partner, "phone") == ("WXYZ",)
    world.assert_quiet()


def test_a_value_that_cannot_be_transformed_is_an_error_of_its_record_alone(make_world: MakeWorld) -> None:
    world = make_world()
    rule(world, "phone", transforms=[{"phone": "DK"}])
    world.left.add(name="Ada", phone="33 12 34 56")
    bad = world.left.add(name="Bob", phone="call me")

    assert told(world.sync()) == {"inserted": 1, "failed": 1}
    error = world.error()
    assert (error.left_key, error.kind, error.code) == (bad, ErrorKind.VALIDATION, "transform_failed")
    assert error.params["transform"] == "phone"
    assert error.params["value"] == "call me"

    world.left.edit(bad, phone="+45 33 12 34 57")
    retry()
    assert world.errors() == []
    assert sorted(row[0] for row in world.right.execute("SELECT telephone FROM account")) == [
        "+4533123456",
        "+4533123457",
    ]
    world.assert_quiet()


COUNTRIES = {"map": {"DK": "Denmark", "SE": "Sweden"}}


def test_values_are_mapped_both_ways(make_world: MakeWorld) -> None:
    world = make_world()
    add_rule(world, "region", "status", values=COUNTRIES)
    key, partner = world.pair(name="Ada", region="DK")
    assert world.right.get(partner, "status") == ("Denmark",)
    world.assert_quiet()

    world.right.edit(partner, status="Sweden")
    world.sync()
    assert world.left.get(key, "region") == ("SE",)
    world.assert_quiet()


def test_an_unknown_value_is_an_error_and_nothing_is_written(make_world: MakeWorld) -> None:
    world = make_world()
    add_rule(world, "region", "status", values=COUNTRIES)
    key, partner = world.pair(name="Ada", region="DK")

    world.left.edit(key, region="FR", name="Ada Lovelace")
    world.sync()
    error = world.error()
    assert (error.code, error.fields, error.params["value"]) == ("value_not_mapped", ["region"], "FR")
    assert world.right.get(partner, "name", "status") == ("Ada", "Denmark")

    world.left.edit(key, region="SE")
    retry()
    assert world.errors() == []
    assert world.right.get(partner, "name", "status") == ("Ada Lovelace", "Sweden")


def test_an_unknown_value_takes_the_default_of_its_way_and_stays_where_it_is(make_world: MakeWorld) -> None:
    world = make_world()
    add_rule(world, "region", "status", values={**COUNTRIES, "default_to_right": "Other", "default_to_left": "DK"})
    key, partner = world.pair(name="Ada", region="FR")
    assert world.right.get(partner, "status") == ("Other",)
    world.assert_quiet()
    assert world.left.get(key, "region") == ("FR",)

    world.right.edit(partner, status="Norway")
    world.sync()
    assert world.left.get(key, "region") == ("DK",)
    world.assert_quiet()
    assert world.right.get(partner, "status") == ("Norway",)


def test_a_constant_is_in_every_record_and_put_back(make_world: MakeWorld) -> None:
    world = make_world()
    add_rule(world, "", "status", direction="left_to_right", constant="CRONUS")
    _, partner = world.pair(name="Ada")
    assert world.right.get(partner, "status") == ("CRONUS",)

    world.right.edit(partner, status="other")
    world.sync()
    assert world.right.get(partner, "status") == ("CRONUS",)
    world.assert_quiet()


def test_fields_are_joined_and_one_changes(make_world: MakeWorld) -> None:
    world = make_world()
    join = {"join": {"fields": ["name", "region"], "by": ", "}}
    add_rule(world, "fax", "status", direction="left_to_right", transforms=[join])
    key, partner = world.pair(name="Ada", region="north")
    assert world.right.get(partner, "status") == ("Ada, north",)
    world.assert_quiet()

    world.left.edit(key, region="south")
    world.sync()
    assert world.right.get(partner, "name", "status") == ("Ada", "Ada, south")
    world.assert_quiet()


def test_an_expression_sees_fields_that_are_not_mapped(make_world: MakeWorld) -> None:
    world = make_world()
    expression = {"expression": "'gold' if region == 'north' and amount > 100 else 'plain'"}
    add_rule(world, "name", "status", direction="left_to_right", transforms=[expression])
    key, partner = world.pair(name="Ada", region="north", amount=50)
    assert world.right.get(partner, "status") == ("plain",)

    world.left.edit(key, amount=500)
    world.sync()
    assert world.right.get(partner, "status", "credit")[0] == "gold"  # type: ignore[index]
    world.assert_quiet()


DEFAULTS = {"right": [{"when": {"region": ["north", "south"]}, "set": {"status": "near"}}, {"set": {"status": "far"}}]}


def test_new_records_are_given_the_first_default_that_holds(make_world: MakeWorld) -> None:
    world = make_world(defaults=DEFAULTS)
    near = world.pair(name="Ada", region="north")[1]
    far = world.pair(name="Bob", region="east")[1]
    unknown = world.pair(name="Cid")[1]

    assert [world.right.get(key, "status") for key in (near, far, unknown)] == [("near",), ("far",), ("far",)]
    world.assert_quiet()
    world.right.edit(near, status="mine")
    world.sync()
    assert world.right.get(near, "status") == ("mine",)


def test_a_default_fills_a_mapped_field_only_where_nothing_is_sent(make_world: MakeWorld) -> None:
    world = make_world(defaults={"right": [{"set": {"telephone": "0"}}]})
    rule(world, "phone", clear=False)
    filled, empty = world.pair(name="Ada", phone="12"), world.pair(name="Bob")

    assert world.right.get(filled[1], "phone") == ("12",)
    assert world.right.get(empty[1], "phone") == ("0",)


def test_a_created_record_with_a_default_is_undone(make_world: MakeWorld) -> None:
    world = make_world(defaults=DEFAULTS)
    key, partner = world.pair(name="Ada")

    assert world.right.get(partner, "status") == ("far",)
    job = SyncJob.objects.filter(inserted=1).latest("pk")
    undo.undo_job(job, user=None, queue=False)

    assert world.right.keys() == []
    assert world.left.keys() == [key]


def test_what_was_written_through_a_map_and_a_prefix_is_undone(make_world: MakeWorld) -> None:
    world = make_world()
    rule(world, "phone", transforms=[{"prefix": "T-"}])
    add_rule(world, "region", "status", values=COUNTRIES)
    key, partner = world.pair(name="Ada", phone="12", region="DK")
    world.right.edit(partner, phone="T-34", status="Sweden")
    job = world.sync()
    assert world.left.get(key, "phone", "region") == ("34", "SE")

    undo.undo_job(job, user=None, queue=False)

    assert world.left.get(key, "phone", "region") == ("12", "DK")
    assert world.right.get(partner, "phone", "status") == ("T-34", "Sweden")


def test_records_match_by_what_their_values_stand_for(make_world: MakeWorld) -> None:
    world = make_world(match=["phone"])
    rule(world, "phone", transforms=["trim", {"prefix": "T-"}])
    add_rule(world, "region", "status", values=COUNTRIES)
    left = world.left.add(name="Ada", phone=" 12", region="DK")
    right = world.right.add(name="Ada", phone="T-12", status="Denmark")

    assert told(world.sync()) == {"coupled": 1}
    assert world.coupling(left).right_key == right
    world.assert_quiet()


@pytest.mark.parametrize("direction", ["bidirectional", "left_to_right", "right_to_left"])
@pytest.mark.parametrize(
    ("steps", "left", "right"),
    [
        ([{"phone": "DK"}], "12 34 56 78", "+45 1234-5678"),
        (["upper"], "Abc", "aBC"),
        ([{"pad": {"length": 5}}], "0012", "12"),
        ([{"country": "name"}], "DK", "Denmark"),
    ],
    ids=["phone", "case", "pad", "country"],
)
def test_records_match_however_their_systems_write_the_value(
    make_world: MakeWorld, direction: str, steps: list[Any], left: str, right: str
) -> None:
    """Two forms of one value are one partner, whichever side looks for it; a second record with it is a duplicate."""
    world = make_world(match=["phone"], direction=direction)
    rule(world, "phone", transforms=steps)
    keys = world.left.add(name="Ada", phone=left), world.right.add(name="Ada", phone=right)
    world.sync()
    assert world.coupling(keys[0]).right_key == keys[1]
    assert (len(world.left.keys()), len(world.right.keys()), world.errors()) == (1, 1, [])
    table = world.right if direction == "right_to_left" else world.left
    table.add(name="Ada again", phone=right if direction == "right_to_left" else left)
    world.sync()
    assert world.error().kind == "duplicate"
    assert len(world.left.keys()) + len(world.right.keys()) == 3


def test_a_required_field_that_is_empty_is_refused_before_anything_is_sent(make_world: MakeWorld) -> None:
    world = make_world()
    rule(world, "phone", required=True)
    key, partner = world.pair(name="Ada", phone="12")

    world.left.edit(key, phone=" ", name="Ada L.")
    world.left.add(name="Bob")
    world.sync()

    assert [(error.code, error.fields, error.state) for error in world.errors()] == [
        ("required_by_mapping", ["phone"], State.SKIPPED)
    ] * 2
    assert world.right.get(partner) == ("Ada", "12", None)
    assert len(world.right.keys()) == 1


def test_an_emptied_value_stays_where_it_was_emptied(make_world: MakeWorld) -> None:
    world = make_world()
    rule(world, "phone", clear=False)
    key, partner = world.pair(name="Ada", phone="12")

    world.left.edit(key, phone=None, name="Ada L.")
    world.sync()
    assert world.right.get(partner) == ("Ada L.", "12", None)
    world.assert_quiet()
    assert world.left.get(key) == ("Ada L.", None, None)

    world.right.edit(partner, phone="34")
    world.sync()
    assert world.left.get(key) == ("Ada L.", "34", None)
    world.assert_quiet()


def test_a_field_that_is_not_enabled_stays_as_it_is(make_world: MakeWorld) -> None:
    world = make_world(update_conflict="left")
    rule(world, "phone", enabled=False)
    _, partner = world.pair(name="Ada", phone="12")
    assert world.right.get(partner, "phone") == (None,)

    rule(world, "phone", enabled=True)
    world.sync()
    assert world.right.get(partner, "phone") == ("12",)


def test_a_deleted_record_is_restored_with_what_can_be_made_again(make_world: MakeWorld) -> None:
    world = make_world(deletion_conflict="restore")
    add_rule(world, "region", "status", direction="left_to_right", transforms=[{"substring": 2}])
    key, partner = world.pair(name="Ada", region="north")
    world.left.delete(key)
    world.sync(Kind.FULL)

    (again,) = world.left.keys()
    assert world.left.get(again, "name", "region") == ("Ada", None)
    assert world.right.get(partner, "status") == ("no",)
