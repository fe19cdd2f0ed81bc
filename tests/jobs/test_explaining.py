"""Why one record is, or is not, in step."""

from collections.abc import Callable

import pytest
from django.utils import translation

from couplings.models import Connection, Coupling
from jobs.models import SyncJob
from jobs.services import couplings, mappings
from jobs.services.explaining import Explanation, explain
from syncstatus.engine.records import Side
from tests import given
from tests.jobs.command_line import run
from tests.jobs.families import add_contacts
from tests.jobs.worlds import World

MakeWorld = Callable[..., World]


def why(world: World, key: str, side: Side = Side.LEFT) -> Explanation:
    world.mapping.refresh_from_db()
    before = world.left.versions(), world.right.versions(), Coupling.objects.count(), SyncJob.objects.count()
    found = explain(world.mapping, key, side)
    after = world.left.versions(), world.right.versions(), Coupling.objects.count(), SyncJob.objects.count()
    assert before == after, "it writes nothing anywhere"
    return found


def codes(found: Explanation) -> list[str]:
    return [statement.code for statement in found.statements]


def test_a_pair_in_step(world: World) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    for side, key in ((Side.LEFT, left), (Side.RIGHT, right)):
        found = why(world, key, side)
        assert codes(found) == ["coupled", "last_synced", "equal", "not_scheduled", "next_nothing"]
        assert (found.in_step, found.exists) == (True, {Side.LEFT: True, Side.RIGHT: True})
        assert found.sentences[0] == f"{left} in ERP and {right} in CRM are coupled."


def test_a_change_that_has_not_travelled_yet(world: World) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")
    found = why(world, left)
    assert "Changed in ERP since they were last in step: phone." in found.sentences
    assert "The next run writes in CRM: telephone." in found.sentences
    assert not found.in_step


def test_the_error_of_another_record_is_not_its_own(world: World) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3")
    world.sync()
    alone = world.left.add(name="Fabrikam")
    assert why(world, left).error == world.error()
    assert why(world, alone).error is None


def test_a_conflict_names_its_error_and_what_keeps_it_out(world: World) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3")
    assert "next_fails" in codes(why(world, left)), "before the run that finds it"
    world.sync()
    found = why(world, left)
    assert found.error == world.error()
    assert {"has_error", "next_skip", "differing"} <= set(codes(found))


def test_a_record_that_was_deleted(world: World) -> None:
    left, right = world.pair(name="Adatum")
    world.right.delete(right)
    found = why(world, left)
    assert f"The record {right} does not exist in CRM any more." in found.sentences
    assert (found.exists[Side.RIGHT], codes(found)[-1]) == (False, "next_fails")
    world.set(deletion_conflict="delete")
    assert codes(why(world, left))[-1] == "next_delete"
    world.set(deletion_conflict="restore")
    assert codes(why(world, left))[-1] == "next_restore"


def test_a_record_outside_the_filter(world: World) -> None:
    left, _right = world.pair(name="Adatum")
    world.set(left_filter={"region": ["north", "south"]})
    told = f"The record {left} lies outside the mapping's filter of ERP: region = north, south."
    found = why(world, left)
    assert (told in found.sentences, codes(found)[-1]) == (True, "next_excludes")
    alone = world.left.add(name="Contoso")
    assert "outside_filter" in codes(why(world, alone))


def test_a_record_that_a_person_uncoupled(world: World) -> None:
    left, _right = world.pair(name="Adatum")
    couplings.remove(Coupling.objects.all(), user=given.person("olga", "operator"))
    (told,) = [str(statement) for statement in why(world, left).statements if statement.code == "uncoupled_by"]
    assert told.startswith("olga removed its coupling on ")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, "next_create"),
        ({"only_coupled": True}, "next_only_coupled"),
        ({"direction": "right_to_left"}, "next_direction"),
    ],
)
def test_a_record_without_a_partner(make_world: MakeWorld, rules: dict[str, object], expected: str) -> None:
    world = make_world(match=["phone"], **rules)
    found = why(world, world.left.add(name="Adatum", phone="1"))
    assert codes(found)[:2] == ["not_coupled", "no_partner"]
    assert codes(found)[-1] == expected


def test_the_partner_that_would_be_found_and_by_what(make_world: MakeWorld) -> None:
    world = make_world(match=["phone"])
    left = world.left.add(name="Adatum", phone="1")
    right = world.right.add(name="Adatum", phone="1")
    found = why(world, left)
    assert f"Its partner in CRM is {right}, found by match priority 1: phone." in found.sentences
    assert (found.keys[Side.RIGHT], codes(found)[-1]) == (right, "next_couple")
    world.right.add(name="Adatum 2", phone="1")
    found = why(world, left)
    assert codes(found)[-1] == "next_fails"
    assert right in found.sentences[-1], "the candidates are named"


def test_a_mapping_that_rests_and_a_system_that_is_away(world: World) -> None:
    left, _right = world.pair(name="Adatum")
    mappings.pause(world.mapping, user=None)
    assert "mapping_rests" in codes(why(world, left))
    Connection.objects.filter(name="CRM").update(settings={"url": "postgresql://127.0.0.1:1/nowhere"})
    found = why(world, left)
    assert (found.in_step, codes(found)[-1]) == (None, "cannot_look")
    assert run("couplings", "explain", "CUSTOMER", left).code == 3


def test_the_command_says_it_in_words_and_as_an_object(world: World) -> None:
    left, right = world.pair(name="Adatum")
    said = run("couplings", "explain", "CUSTOMER", right, "--side", "right")
    assert (said.code, said.said.splitlines()[-1]) == (0, "It is in step; the next run changes nothing.")
    found = run("couplings", "explain", "CUSTOMER", left, "--json").object
    assert (found["in_step"], found["action"], found["right_key"]) == (True, "nothing", right)
    nobody = run("couplings", "explain", "CUSTOMER", "99999", "--json")
    assert (nobody.code, nobody.object["reasons"][0]) == (1, "no_such_record")


def test_a_page_explains_it_on_demand(world: World) -> None:
    left, _right = world.pair(name="Adatum")
    vera = given.signed_in(given.person("vera", "viewer"))
    page = f"/couplings/{world.coupling(left).pk}/"
    assert "the next run changes nothing" not in vera.get(page).content.decode()
    assert "the next run changes nothing" in vera.get(f"/records/why/?mapping=CUSTOMER&key={left}").content.decode()


def test_it_speaks_french(world: World) -> None:
    left, right = world.pair(name="Adatum")
    with translation.override("fr"):
        assert why(world, left).sentences[0] == f"{left} dans ERP et {right} dans CRM sont couplés."


def test_a_child_that_waits_for_its_parent_names_it(make_world: MakeWorld) -> None:
    family = add_contacts(make_world(only_coupled=True))
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    found = why(family.world, contact)
    assert codes(found)[-1] == "next_waits"
    assert customer in found.sentences[-1]
    family.sync()
    assert {"has_error", "next_waits"} <= set(codes(why(family.world, contact)))
    family.parents.set(only_coupled=False)
    family.sync()
    assert why(family.world, contact).in_step
