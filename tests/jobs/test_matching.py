"""Matching whole tables: what is shown is what is done, and nothing is done that is not sure."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from couplings.models import Coupling, FieldMapping, SyncError
from couplings.store.matches import SHOWN
from jobs.models import Kind, SyncJob, Trigger
from jobs.runner import matched
from jobs.runner.pages import work_off
from jobs.runner.pairing import paired
from jobs.runner.runner import open_run
from jobs.services import couplings, matching
from jobs.services.errors import Refused
from jobs.services.matching import Line
from syncstatus.engine.records import Side
from tests.jobs.command_line import run
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


@pytest.fixture
def twins(make_world: MakeWorld) -> World:
    """By phone: one pair, two for one, one for two, one alone on each side, and one that says nothing."""
    world = make_world(match=["phone"])
    for name, phone in [("Ada", "1"), ("Bob", "2"), ("Bob & Sons", "2"), ("Cid", "3"), ("Dora", "4"), ("Eve", "")]:
        world.left.add(name=name, phone=phone)
    for name, phone in [("Ada", "1"), ("Bob", "2"), ("Cid Ltd", "3"), ("Cid", "3"), ("Fay", "9")]:
        world.right.add(name=name, phone=phone)
    return world


def preview(world: World, **options: Any) -> list[Line]:
    with matching.preview(world.mapping, **options) as found:
        return list(found.lines())


def name(world: World, side: Side, key: str | None) -> str:
    table = world.left if side is Side.LEFT else world.right
    found = table.get(key, "name") if key is not None else None
    return str(found[0]) if found else ""


def results(world: World, lines: list[Line]) -> dict[str, tuple[str, str]]:
    """By the record's name: what becomes of it, and its partner's name or the reason why it has none."""
    return {
        name(world, line.side, line.key): (line.result.value, name(world, line.side.other, line.partner) or line.reason)
        for line in lines
    }


def options(world: World, lines: list[Line], wanted: str) -> dict[str, int | None]:
    """Names and scores of the candidates of the record ``wanted``."""
    (line,) = [line for line in lines if name(world, line.side, line.key) == wanted]
    return {name(world, line.side.other, option.key): option.score for option in line.options}


def test_a_preview_tells_what_becomes_of_each_record_and_why(twins: World) -> None:
    lines = preview(twins)
    assert results(twins, lines) | {"Cid": ("", "")} == {
        "Ada": ("pair", "Ada"),
        "Bob": ("pair", "Bob"),
        "Bob & Sons": ("duplicate", "duplicate"),
        "Cid": ("", ""),
        "Dora": ("unmatched", "no_match"),
        "Eve": ("unmatched", "match_fields_empty"),
        "Cid Ltd": ("unmatched", "candidate_of_unclear"),
        "Fay": ("unmatched", "no_match"),
    }
    scores = options(twins, [line for line in lines if line.side is Side.LEFT], "Cid")
    assert scores["Cid"] == 100
    assert 0 < (scores["Cid Ltd"] or 0) < 100


def test_a_preview_writes_nothing_anywhere(twins: World) -> None:
    before = twins.left.versions(), twins.right.versions()
    preview(twins)
    assert (twins.left.versions(), twins.right.versions()) == before
    assert not any(model.objects.exists() for model in (Coupling, SyncJob, SyncError))


def test_what_is_shown_is_what_is_done(twins: World) -> None:
    lines = preview(twins)
    job = matching.apply(twins.mapping, user=None, queue=False)
    assert told(job) == {"coupled": 2, "failed": 2, "excluded": 2}
    assert set(Coupling.objects.values_list("left_key", "right_key")) == {
        (line.key, line.partner) for line in lines if line.partner
    }
    assert {error.left_key: error.kind for error in twins.errors()} == {
        line.key: line.result.value for line in lines if line.result in ("ambiguous", "duplicate")
    }
    assert [line for line in preview(twins) if line.partner] == []


def test_a_lower_number_comes_first_whoever_stands_first(make_world: MakeWorld) -> None:
    """Of two that find the same record, the one that found it by the better criterion gets it."""
    world = make_world(match=["phone"], update_conflict="left")
    FieldMapping.objects.filter(left="name").update(match=2)
    world.left.add(name="Ada", phone="7")
    world.left.add(name="Augusta", phone="1")
    world.right.add(name="Ada", phone="1")
    assert results(world, preview(world)) == {"Ada": ("duplicate", "duplicate"), "Augusta": ("pair", "Ada")}
    matching.apply(world.mapping, user=None, queue=False)
    assert world.error().params["coupled_to"] == [world.left.keys()[1]]


def test_fields_of_one_number_must_agree_all(make_world: MakeWorld) -> None:
    world = make_world(match=["name", "phone"])
    for table in (world.left, world.right):
        for phone in ("1", "2", "3"):
            table.add(name="Ada", phone=phone)
    lines = preview(world)
    assert [line.result.value for line in lines] == ["pair"] * 3
    phones = [(world.left.get(line.key, "phone"), world.right.get(line.partner or "", "phone")) for line in lines]
    assert all(left == right for left, right in phones)


def test_a_value_that_all_records_share_makes_no_list_of_squares(make_world: MakeWorld) -> None:
    world = make_world(match=["fax"])
    for table in (world.left, world.right):
        table.execute(
            f"INSERT INTO {table.name} ({table.column('name')}, fax) SELECT 'N' || n, '0' FROM generate_series(1, 60) n"
        )
    lines = [line for line in preview(world) if line.side is Side.LEFT]
    assert {line.result.value for line in lines} == {"ambiguous"}
    assert {len(line.options) for line in lines} == {SHOWN}


def test_accents_and_case_count_where_the_field_says_so(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.left.add(name="José Ñandú")
    world.right.add(name="JOSE NANDU")
    FieldMapping.objects.filter(left="name").update(case_sensitive=False)
    assert [line.result.value for line in preview(world)] == ["unmatched", "unmatched"]
    FieldMapping.objects.filter(left="name").update(accent_sensitive=False)
    assert [line.result.value for line in preview(world)] == ["pair"]


def test_similar_records_are_shown_and_never_coupled(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.left.add(name="Dahl Dora, Ltd.")
    world.right.add(name="Dora Dahl Ltd")
    world.right.add(name="Somebody else")
    lines = preview(world)
    assert list(options(world, lines, "Dahl Dora, Ltd.")) == ["Dora Dahl Ltd"]
    assert options(world, preview(world, suggest=False), "Dahl Dora, Ltd.") == {}
    assert matching.apply(world.mapping, user=None, queue=False).coupled == 0


def test_one_equal_field_of_several_makes_nobody_similar(make_world: MakeWorld) -> None:
    world = make_world(match=["name", "fax"])
    world.left.add(name="Nordgaard Polster", fax="Köln")
    for name in ("Nordgard Polster", "Somebody else"):
        world.right.add(name=name, fax="Köln")
    found = options(world, preview(world), "Nordgaard Polster")
    assert list(found) == ["Nordgard Polster"]
    assert 90 < found["Nordgard Polster"] < 100


def test_a_match_field_that_is_empty_in_every_record_is_told_and_creates_nothing(make_world: MakeWorld) -> None:
    world = make_world(match=["fax"])
    for name in ("Ada", "Bob"):
        world.left.add(name=name, fax=name)
        world.right.add(name=name, fax="")
    ran = run("couplings", "match", "CUSTOMER", "--preview")
    assert (ran.code, ran.said) == (2, "")
    assert ran.complained.startswith("No record of account in CRM has a value in the match fields (fax), so ")
    assert run("couplings", "match", "CUSTOMER", "--apply", "--create-new").code == 1
    assert (len(world.left.keys()), len(world.right.keys()), Coupling.objects.count()) == (2, 2, 0)
    assert (world.error().kind, world.error().code) == ("schema", "match_fields_never_filled")
    world.right.execute("UPDATE account SET fax = fullname WHERE fullname = 'Ada'")
    assert run("couplings", "match", "CUSTOMER", "--apply", "--json").object["coupled"] == 1
    assert world.errors() == []


def test_a_match_field_may_be_empty_where_nothing_could_match_anyway(make_world: MakeWorld) -> None:
    world = make_world(match=["fax"])
    world.left.add(name="Ada")
    assert matching.apply(world.mapping, user=None, queue=False, create_new=True).inserted == 1
    world.right.add(name="Bob")
    assert [line.reason for line in preview(world)] == ["match_fields_empty"]


def test_what_a_person_uncoupled_is_nobodys_partner(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    world.pair(name="Ada")
    couplings.remove(Coupling.objects.all(), user=None)
    world.left.add(name="Ada")
    lines = preview(world)
    assert [line.reason for line in lines] == ["uncoupled_by_hand", "no_match", "uncoupled_by_hand"]
    matching.apply(world.mapping, user=None, queue=False)
    assert not Coupling.objects.exists()


def test_a_coupled_record_makes_a_duplicate_that_names_its_partner(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    left, right = world.pair(name="Ada")
    world.left.add(name="Ada")
    (line,) = preview(world)
    assert (line.result.value, line.params["coupled_to"], line.options[0].key) == ("duplicate", [left], right)


def test_an_ambiguous_record_is_coupled_once_it_can_be_told_apart(twins: World) -> None:
    matching.apply(twins.mapping, user=None, queue=False)
    (other,) = [key for key in twins.right.versions() if twins.right.get(key, "name") == ("Cid Ltd",)]
    twins.right.edit(other, phone="33")
    assert results(twins, preview(twins))["Cid"] == ("pair", "Cid")
    assert matching.apply(twins.mapping, user=None, queue=False).coupled == 1
    assert {error.kind for error in twins.errors()} == {"duplicate"}


def test_create_new_creates_what_has_no_match_and_nothing_unsure(make_world: MakeWorld) -> None:
    world = make_world(match=["phone"], only_coupled=True)
    world.left.add(name="Alone", phone="1")
    world.left.add(name="Silent")
    world.left.add(name="Unclear", phone="2")
    for _ in range(2):
        world.right.add(name="Unclear", phone="2")
    job = matching.apply(world.mapping, user=None, queue=False, create_new=True)
    assert told(job) == {"inserted": 2, "failed": 1}
    assert world.error().kind == "ambiguous"
    assert matching.apply(world.mapping, user=None, queue=False, create_new=True).inserted == 0


def test_the_direction_says_who_looks_for_whom(make_world: MakeWorld) -> None:
    world = make_world(match=["phone"], direction="right_to_left")
    world.left.add(name="Ada", phone="1")
    for _ in range(2):
        world.right.add(name="Ada", phone="1")
    assert sorted(line.result.value for line in preview(world)) == ["duplicate", "pair"]


def test_a_mapping_without_match_fields_is_refused(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    FieldMapping.objects.filter(left="name").update(enabled=False)
    with pytest.raises(Refused, match="no_match_fields"), matching.preview(world.mapping):
        pass
    with pytest.raises(Refused, match="no_match_fields"):
        matching.apply(world.mapping, user=None)


def couple_later(world: World, meanwhile: Callable[[], object] = lambda: None, **progress: str) -> dict[str, int]:
    """What a job would do with what was matched before ``meanwhile``, from the place it had got to."""
    job = SyncJob(mapping=world.mapping, kind=Kind.MATCH, trigger=Trigger.MANUAL, progress=progress)
    with paired(world.mapping, lambda _side, _records: None) as found:
        meanwhile()
        run = open_run(job, "", preview=True)
        run.only_match = True
        work_off(run, matched.pages(run, found))
    return {name: number for name, number in run.tally.as_dict().items() if number}


def test_what_has_changed_since_it_was_matched_is_searched_for_again(make_world: MakeWorld) -> None:
    """SCENARIOS T26."""
    world = make_world(match=["phone"])
    ada, bob = (world.left.add(name=name, phone=phone) for name, phone in [("Ada", "1"), ("Bob", "2")])
    adas, bobs = (world.right.add(name=name, phone=phone) for name, phone in [("Ada", "1"), ("Bob", "2")])

    def change_phones() -> None:
        world.right.edit(adas, phone="9")
        world.left.edit(bob, phone="3")
        world.right.add(name="Bob", phone="3")

    assert couple_later(world) == {"read": 2, "coupled": 2}
    assert couple_later(world, lambda: world.right.delete(bobs)) == {"read": 2, "coupled": 1, "excluded": 1}
    bobs = world.right.add(name="Bob", phone="2")
    assert couple_later(world, change_phones) == {"read": 2, "coupled": 1, "excluded": 1}
    world.left.edit(bob, phone="2")
    couple = partial(couplings.add, world.mapping, ada, bobs, user=None, queue=True)
    assert couple_later(world, couple) == {"read": 1, "failed": 1}


def test_a_job_goes_on_behind_its_last_page(twins: World) -> None:
    keys = twins.left.keys()
    assert couple_later(twins, side="left", after=keys[1])["read"] == len(keys) - 2
    assert couple_later(twins, side="left", after="gone")["read"] == len(keys)
