"""Fields with transformations and value maps in a pair: what is compared, what is written, and that it settles."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, Decision
from syncstatus.engine.records import Memory, Pair, Side
from syncstatus.engine.rules import Direction, FieldRule, Instruction, Rules, UpdatePolicy
from syncstatus.engine.settle import settle
from syncstatus.engine.transforms import catalogue
from syncstatus.engine.value_maps import ValueMap
from syncstatus.engine.values import FieldType, Kind
from tests.syncstatus.engine.builders import carried_out, memory, record, rules_of, summary

TEXT, INTEGER, DATE, FIXED = (
    FieldType(Kind.TEXT),
    FieldType(Kind.INTEGER),
    FieldType(Kind.DATE),
    FieldType(Kind.TEXT, length=6, fixed=True),
)
AMOUNT = FieldType(Kind.DECIMAL, precision=12, scale=2)


def rule(left: FieldType, right: FieldType, *steps: Any, **options: Any) -> FieldRule:
    return FieldRule("l", "r", left, right, transforms=tuple(map(catalogue.read, steps)), **options)


def ways(to_right: list[Any], to_left: list[Any]) -> dict[str, Any]:
    return {"to_right": tuple(map(catalogue.read, to_right)), "to_left": tuple(map(catalogue.read, to_left))}


letters = st.text("aAbB .-1", max_size=6)
amounts = st.decimals(-9999, 9999, places=2)
days = st.dates().filter(lambda day: 1970 <= day.year < 2070)
RULES: list[tuple[str, FieldRule, st.SearchStrategy[Any], st.SearchStrategy[Any]]] = [
    ("forms", rule(TEXT, TEXT, "trim", "title", {"pad": 5}), letters, letters),
    ("prefix", rule(TEXT, TEXT, "upper", {"prefix": "C-"}), letters, letters.map("C-{}".format)),
    ("number", rule(AMOUNT, TEXT, {"format_number": {"locale": "da", "digits": 1}}), amounts, amounts.map(str)),
    ("to a number", rule(TEXT, INTEGER, {"remove_prefix": "N"}), st.integers().map("N{}".format), st.integers()),
    ("date", rule(DATE, TEXT, {"format_date": "dd.MM.yy"}), days, days.map(lambda day: f"{day:%d.%m.%y}")),
    ("lossy", rule(TEXT, TEXT, **ways([{"substring": 2}], [{"suffix": "!"}])), letters, letters),
    ("map", rule(TEXT, TEXT, values=ValueMap({"a": "1", "b": "2"})), st.sampled_from("ab"), st.sampled_from("12")),
    (
        "defaults",
        rule(TEXT, INTEGER, values=ValueMap({"a": 1, "b": 2}, default_to_right=1, default_to_left="b")),
        letters,
        st.integers(0, 5),
    ),
    ("one way", rule(TEXT, TEXT, {"substring": 2}, "upper", direction=Direction.LEFT_TO_RIGHT), letters, letters),
    ("back", rule(TEXT, TEXT, {"substring": 2}, direction=Direction.RIGHT_TO_LEFT), letters, letters),
    ("fixed", rule(FIXED, TEXT, {"suffix": "."}), letters.map(lambda text: f"{text:6}"), letters.map("{}.".format)),
]


@pytest.mark.parametrize(("rule", "lefts", "rights"), [case[1:] for case in RULES], ids=[case[0] for case in RULES])
def test_any_change_settles_in_one_round(
    rule: FieldRule, lefts: st.SearchStrategy[Any], rights: st.SearchStrategy[Any]
) -> None:
    """Whoever edits what: after one round, the next one writes nothing, and a value nobody edited is not lost."""
    rules = rules_of(rule, update_conflict=UpdatePolicy.LEFT)
    writes_right = rule.direction.writes(Side.RIGHT)

    @given(lefts, st.lists(st.tuples(st.sampled_from(Side), lefts, rights), max_size=4))
    def holds(first: Any, edits: list[tuple[Side, Any, Any]]) -> None:
        pair = Pair(record(first), None) if writes_right else Pair(None, record(first))
        assume(decide(rules, pair).action is not Action.ERROR)
        pair = settled(rules, pair)
        for side, left, right in edits:
            assert pair.left is not None
            assert pair.right is not None
            if side is Side.LEFT:
                pair = Pair(record(left, version=f"{pair.left.version}e"), pair.right, pair.memory)
            else:
                pair = Pair(pair.left, record(right, version=f"{pair.right.version}e"), pair.memory)
            edited = pair.record(side)
            pair = settled(rules, pair)
            if rule.direction.writes(side.other) and pair.record(side) is not None and rule.both_ways:
                assert pair.record(side) == edited

    holds()


def settled(rules: Rules, pair: Pair) -> Pair:
    """The pair after a round, of which the next round finds nothing to write."""
    decision = decide(rules, pair)
    if decision.action is Action.ERROR:
        return pair
    pair = written_as_sent(rules, pair, decision)
    again = decide(rules, pair)
    assert again.action in (Action.NOTHING, Action.REFRESH), summary(again)
    assert pair.left is not None
    assert pair.right is not None
    looked_into = Pair(record(*pair.left.values), record(*pair.right.values), pair.memory)
    assert not decide(rules, looked_into).left
    assert not decide(rules, looked_into).right
    return pair


def written_as_sent(rules: Rules, pair: Pair, decision: Decision) -> Pair:
    """The pair afterwards, where both systems say that they stored what they were sent."""
    after = carried_out(rules, pair, decision)
    if after.left is None or after.right is None or decision.left_base is None:
        return after
    return replace(after, memory=Memory(after.left.version, after.right.version, *settle(rules, decision, None, None)))


def test_a_value_that_fails_is_no_matter_where_it_gives_way() -> None:
    rules = rules_of(rule(TEXT, TEXT, {"phone": "DK"}, direction=Direction.LEFT_TO_RIGHT))

    decision = decide(rules, Pair(record("33123456", version="2"), record("call me"), memory("+4533000000")))

    assert summary(decision) == "update right={0: '+4533123456'}"


def test_a_value_that_fails_stops_the_record_where_it_would_travel() -> None:
    rules = rules_of(rule(TEXT, TEXT, {"phone": "DK"}), rule(TEXT, TEXT))

    decision = decide(rules, Pair(record("call me", "b", version="2"), record("x", "a"), memory("x", "a")))

    assert summary(decision) == "error transform_failed 0"
    assert decision.problem is not None
    assert decision.problem.params == {"side": "left", "text": "call me", "value": "call me", "transform": "phone"}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (None, "x", "refresh"),
        ("y", "x", "update right={0: 'y'}"),
        (None, "z", "update left={0: 'z'}"),
        ("", "", "refresh"),
    ],
)
def test_an_emptied_value_says_nothing(left: str | None, right: str | None, expected: str) -> None:
    rules = rules_of(rule(TEXT, TEXT, clears=False))

    assert summary(decide(rules, Pair(record(left, version="2"), record(right, version="2"), memory("x")))) == expected


def test_a_person_may_empty_a_value_all_the_same() -> None:
    rules = rules_of(rule(TEXT, TEXT, clears=False))
    pair = Pair(record(None, version="2"), record("x"), memory("x"))

    assert summary(decide(rules, pair, Instruction(use=Side.LEFT))) == "update right={0: None}"


def test_an_unknown_value_on_the_way_back_is_told_with_its_value() -> None:
    rules = rules_of(rule(TEXT, TEXT, values=ValueMap({"a": "1"}, default_to_right="9")))

    decision = decide(rules, Pair(record("a"), record("2", version="2"), memory("1")))

    assert summary(decision) == "error value_not_mapped 0"
    assert decision.problem is not None
    assert decision.problem.params["value"] == "2"
