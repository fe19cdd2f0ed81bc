"""Match before you create (DESIGN R14)."""

from typing import Any

import pytest

from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.match import (
    Candidate,
    Criterion,
    Found,
    choose,
    criteria,
    is_searchable,
    match_values,
    search_case,
    search_values,
)
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction, FieldRule
from syncstatus.engine.transforms import catalogue
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.value_maps import ValueMap
from syncstatus.engine.values import FieldType, Kind, Unreadable
from tests.syncstatus.engine.builders import rules_of, text_rule

RULES = rules_of(
    text_rule("name", match=2),
    text_rule("email", match=1, case_sensitive=False, transforms=(Step("trim"),)),
    text_rule("city", match=2),
    text_rule("note"),
    FieldRule("no", "number", FieldType(Kind.TEXT), FieldType(Kind.INTEGER), match=3),
)
BY_EMAIL, BY_NAME, BY_NUMBER = criteria(RULES)


def test_groups_come_by_priority_with_all_their_fields() -> None:
    assert criteria(RULES) == (Criterion(1, (1,)), Criterion(2, (0, 2)), Criterion(3, (4,)))
    assert criteria(rules_of()) == ()


def test_case_and_form_do_not_matter_where_the_rule_says_so() -> None:
    left = match_values(RULES, BY_EMAIL, Side.LEFT, ("", " Ada@Example.org", "", "", ""))
    assert (
        left == match_values(RULES, BY_EMAIL, Side.RIGHT, ("", "ADA@example.ORG ", "", "", 0)) == ("ada@example.org",)
    )


def test_case_matters_elsewhere() -> None:
    found = [match_values(RULES, BY_NAME, Side.LEFT, (name, "", "Oslo", "", "")) for name in ("Ada", "ada")]
    assert found == [("Ada", "Oslo"), ("ada", "Oslo")]


def test_kinds_meet_in_the_middle() -> None:
    assert match_values(RULES, BY_NUMBER, Side.LEFT, ("", "", "", "", "007")) == (7,)
    assert match_values(RULES, BY_NUMBER, Side.RIGHT, ("", "", "", "", 7)) == (7,)


@pytest.mark.parametrize("empty", [None, "", Unreadable("unreadable_text", "?")])
def test_a_group_with_an_empty_field_does_not_apply(empty: Any) -> None:
    values = ("Ada", "", empty, "", "")
    assert match_values(RULES, BY_NAME, Side.LEFT, values) is None
    assert search_values(RULES, BY_NAME, Side.LEFT, values) is None


def test_zero_is_not_empty() -> None:
    assert match_values(RULES, BY_NUMBER, Side.RIGHT, ("", "", "", "", 0)) == (0,)


def test_the_search_speaks_the_other_sides_types() -> None:
    assert search_values(RULES, BY_NUMBER, Side.LEFT, ("", "", "", "", "007")) == (7,)
    assert search_values(RULES, BY_NUMBER, Side.RIGHT, ("", "", "", "", 7)) == ("7",)
    assert search_values(RULES, BY_NUMBER, Side.LEFT, ("", "", "", "", "abc")) is None


FREE, FREE_TOO, TAKEN, TAKEN_TOO = Candidate("A"), Candidate("B"), Candidate("C", "9"), Candidate("D", "8")


@pytest.mark.parametrize(
    ("candidates", "found", "key"),
    [
        ([], Found.NONE, None),
        ([FREE], Found.ONE, "A"),
        ([TAKEN, FREE], Found.ONE, "A"),
        ([FREE, FREE_TOO], Found.AMBIGUOUS, None),
        ([FREE, FREE_TOO, TAKEN], Found.AMBIGUOUS, None),
        ([TAKEN], Found.DUPLICATE, None),
        ([TAKEN, TAKEN_TOO], Found.DUPLICATE, None),
    ],
)
def test_only_one_free_candidate_is_a_partner(candidates: list[Candidate], found: Found, key: str | None) -> None:
    match = choose(RULES, BY_NAME, Side.RIGHT, candidates)
    assert (match.found, match.key) == (found, key)


def test_problems_name_the_candidates() -> None:
    ambiguous = choose(RULES, BY_NAME, Side.RIGHT, [FREE_TOO, FREE, TAKEN]).problem
    duplicate = choose(RULES, BY_NAME, Side.RIGHT, [TAKEN_TOO, TAKEN]).problem
    assert ambiguous is not None
    assert duplicate is not None
    assert (ambiguous.kind, ambiguous.fields) == (ErrorKind.AMBIGUOUS, (0, 2))
    assert ambiguous.params == {"side": "right", "candidates": ["A", "B"]}
    assert duplicate.kind is ErrorKind.DUPLICATE
    assert duplicate.params == {"side": "right", "candidates": ["C", "D"], "coupled_to": ["9", "8"]}


@pytest.mark.parametrize(
    ("case", "accents", "equal"),
    [(True, True, set()), (False, True, {"JOSÉ"}), (True, False, {"Jose"}), (False, False, {"JOSÉ", "Jose", "jose"})],
)
def test_case_and_accents_each_count_or_not(case: bool, accents: bool, equal: set[str]) -> None:
    rules = rules_of(text_rule("name", match=1, case_sensitive=case, accent_sensitive=accents))
    (criterion,) = criteria(rules)
    sought = match_values(rules, criterion, Side.LEFT, ("José",))
    found = {
        name
        for name in ("JOSÉ", "Jose", "jose", "Joße")
        if match_values(rules, criterion, Side.RIGHT, (name,)) == sought
    }
    assert found == equal


def test_letters_of_their_own_and_vowel_marks_are_no_accents() -> None:
    rules = rules_of(text_rule("name", match=1, accent_sensitive=False))
    (criterion,) = criteria(rules)
    for name in ("Ørsted", "שָׁלוֹם", "हिन्दी"):
        assert match_values(rules, criterion, Side.LEFT, (name,)) == (name,)


@pytest.mark.parametrize(
    ("options", "left", "right"),
    [
        ({}, True, True),
        ({"transforms": ["trim", "upper"]}, True, True),
        ({"transforms": ["title", {"prefix": "C-"}]}, True, True),
        ({"transforms": [{"phone": "DK"}]}, False, False),
        ({"transforms": [{"prefix": "C-"}, {"pad": 5}]}, False, False),
        ({"transforms": [{"substring": 3}], "direction": Direction.LEFT_TO_RIGHT}, False, True),
        ({"transforms": [{"substring": 3}], "direction": Direction.RIGHT_TO_LEFT}, True, False),
        ({"transforms": [{"substring": 3}, {"pad": 5}], "direction": Direction.LEFT_TO_RIGHT}, False, False),
        ({"to_right": [{"substring": 3}], "to_left": ["upper"]}, False, True),
        ({"values": ValueMap({"1": "one", "2": "two"})}, True, True),
        ({"values": ValueMap({"1": "one", "2": "one"}), "direction": Direction.LEFT_TO_RIGHT}, False, True),
        ({"values": ValueMap({"1": "one"}, default_to_right="other")}, False, True),
    ],
)
def test_where_a_value_may_stand_in_several_ways_no_system_is_searched(
    options: dict[str, Any], left: bool, right: bool
) -> None:
    steps = {
        name: tuple(map(catalogue.read, told))
        for name, told in options.items()
        if name in ("transforms", "to_right", "to_left")
    }
    rules = rules_of(text_rule("no", match=1, **{**options, **steps}))
    found = [is_searchable(rules, criteria(rules)[0], side) for side in (Side.LEFT, Side.RIGHT)]
    assert found == [left, right]


def test_a_search_tells_no_case_where_a_step_changes_it() -> None:
    rules = rules_of(text_rule("a", match=1), text_rule("b", match=1, transforms=(Step("lower"),)))
    assert search_case(rules, criteria(rules)[0]) == [True, False]
