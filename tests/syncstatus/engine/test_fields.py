"""Merging by field (SCENARIOS 2) and each side judged against its own past (T15)."""

from typing import Any

import pytest

from syncstatus.engine.decide import decide
from syncstatus.engine.records import UNKNOWN, Pair, Side
from syncstatus.engine.rules import DeletionPolicy, Direction, FieldRule, Instruction, Rules, UpdatePolicy
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.values import FieldType, Kind, Unreadable
from tests.syncstatus.engine.builders import (
    memory,
    mirror_decision,
    mirror_pair,
    mirror_rules,
    record,
    rules_of,
    summary,
    text_rule,
)

RESTORE = DeletionPolicy.RESTORE
TO_RIGHT, TO_LEFT = Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT
CONTACT = rules_of(text_rule("name"), text_rule("phone"), text_rule("fax"))


def decided(rules: Rules, left: tuple[Any, ...], right: tuple[Any, ...], *base: Any, right_base: Any = None) -> str:
    """The decision in words, after its mirror image was found to be the same."""
    pair = Pair(record(*left, version="2"), record(*right, version="2"), memory(*base, right=right_base))
    decision = decide(rules, pair)
    assert decide(mirror_rules(rules), mirror_pair(pair)) == mirror_decision(decision)
    return summary(decision)


def test_different_fields_merge() -> None:
    assert decided(CONTACT, ("n", "P", "f"), ("n", "p", "F"), "n", "p", "f") == "update left={2: 'F'} right={1: 'P'}"


def test_the_same_value_on_both_sides_is_agreed() -> None:
    assert decided(CONTACT, ("n", "P", "f"), ("n", "P", "f"), "n", "p", "f") == "refresh"


def test_a_conflict_names_its_fields_and_holds_back_the_others() -> None:
    assert decided(CONTACT, ("N", "1", "f"), ("n", "2", "f"), "n", "p", "f") == "error conflict 1"


def test_a_conflict_in_two_fields_names_both() -> None:
    assert decided(CONTACT, ("n", "1", "1"), ("n", "2", "2"), "n", "p", "f") == "error conflict 1,2"


def test_the_fields_policy_beats_the_mappings() -> None:
    fields = (text_rule("name"), text_rule("phone", policy=UpdatePolicy.RIGHT))
    rules = rules_of(*fields, update_conflict=UpdatePolicy.LEFT)
    assert decided(rules, ("1", "1"), ("2", "2"), "n", "p") == "update left={1: '2'} right={0: '1'}"


def test_a_field_may_ask_where_the_mapping_decides() -> None:
    rules = rules_of(text_rule("name", policy=UpdatePolicy.ASK), update_conflict=UpdatePolicy.LEFT)
    assert decided(rules, ("1",), ("2",), "n") == "error conflict 0"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("y", "x", "update right={0: 'y'}"),
        ("x", "y", "update right={0: 'x'}"),
        ("y", "z", "update right={0: 'y'}"),
        ("y", "y", "refresh"),
    ],
    ids=["source moved", "target moved", "both moved", "agreed"],
)
def test_a_one_way_field_never_conflicts_and_never_travels_backwards(left: str, right: str, expected: str) -> None:
    assert decided(rules_of(text_rule("name", direction=TO_RIGHT)), (left,), (right,), "x") == expected
    assert decided(rules_of(direction=TO_RIGHT), (left,), (right,), "x") == expected


def test_a_field_against_the_mappings_direction_travels_nowhere() -> None:
    rules = rules_of(text_rule("name", direction=TO_LEFT), direction=TO_RIGHT)
    assert decided(rules, ("y",), ("z",), "x") == "refresh"
    pair = Pair(record("y", version="2"), record("z", version="2"), memory(UNKNOWN))
    decision = decide(rules, pair)
    assert (decision.left_base, decision.right_base) == (("y",), ("z",))


def test_a_transformation_comes_before_the_comparison() -> None:
    rules = rules_of(text_rule("name", transforms=(Step("trim"), Step("upper"))))
    assert decided(rules, (" ada ",), ("ADA",), "ADA") == "refresh"
    assert decided(rules, (" bob ",), ("ADA",), "ADA") == "update right={0: 'BOB'}"


def test_a_field_without_a_base_is_a_first_contact() -> None:
    assert decided(rules_of(), ("x",), ("x",), UNKNOWN) == "refresh"
    assert decided(rules_of(), ("x",), ("y",), UNKNOWN) == "error conflict 0"
    assert decided(rules_of(update_conflict=UpdatePolicy.LEFT), ("x",), ("y",), UNKNOWN) == "update right={0: 'x'}"
    assert decided(rules_of(direction=TO_RIGHT), ("x",), ("y",), UNKNOWN) == "update right={0: 'x'}"


def test_null_is_a_value_like_others() -> None:
    assert decided(rules_of(), (None,), ("x",), "x") == "update right={0: None}"
    assert decided(rules_of(), ("x",), (None,), None) == "update right={0: 'x'}"


class TestASideThatStoresSomethingElse:
    """The right side upper-cases what it is sent: the bases differ and stay so (T15)."""

    def test_is_left_alone(self) -> None:
        assert decided(rules_of(), ("ada",), ("ADA",), "ada", right_base=("ADA",)) == "refresh"

    def test_takes_the_next_change(self) -> None:
        assert decided(rules_of(), ("bob",), ("ADA",), "ada", right_base=("ADA",)) == "update right={0: 'bob'}"

    def test_sends_its_own_changes(self) -> None:
        assert decided(rules_of(), ("ada",), ("EVE",), "ada", right_base=("ADA",)) == "update left={0: 'EVE'}"

    def test_conflicts_when_both_moved(self) -> None:
        assert decided(rules_of(), ("bob",), ("EVE",), "ada", right_base=("ADA",)) == "error conflict 0"

    def test_keeps_both_bases_while_another_field_travels(self) -> None:
        rules = rules_of(text_rule("name"), text_rule("phone"))
        pair = Pair(record("ada", "2", version="2"), record("ADA", "1"), memory("ada", "1", right=("ADA", "1")))
        decision = decide(rules, pair)
        assert (decision.left_base, decision.right_base) == (("ada", "2"), ("ADA", "2"))

    def test_is_left_alone_when_a_person_chooses_a_side(self) -> None:
        pair = Pair(record("ada", version="2"), record("ADA"), memory("ada", right=("ADA",)))
        assert summary(decide(rules_of(), pair, Instruction(use=Side.LEFT))) == "refresh"


class TestValuesThatCannotTravel:
    NUMBER = FieldRule("no", "no", FieldType(Kind.TEXT), FieldType(Kind.INTEGER))

    def test_stop_the_record_and_name_the_field(self) -> None:
        rules = rules_of(text_rule("name"), self.NUMBER)
        pair = Pair(record("N", "12a", version="2"), record("n", 12), memory("n", 12))
        decision = decide(rules, pair)
        assert summary(decision) == "error not_a_number 1"
        assert decision.problem is not None
        assert decision.problem.params == {"side": "right", "value": "12a"}

    def test_do_not_matter_where_nothing_is_written(self) -> None:
        assert decided(rules_of(self.NUMBER), ("12",), (12,), 12) == "refresh"

    def test_stop_a_create(self) -> None:
        decision = decide(rules_of(self.NUMBER), Pair(record("x"), None))
        assert summary(decision) == "error not_a_number 0"

    def test_stop_a_restore(self) -> None:
        rules = rules_of(self.NUMBER, deleted_and_changed=RESTORE)
        assert summary(decide(rules, Pair(record("x", version="2"), None, memory(12)))) == "error not_a_number 0"

    def test_unreadable_values_are_a_problem_of_their_record(self) -> None:
        broken = Unreadable("unreadable_number", "NaN" * 100)
        decision = decide(CONTACT, Pair(record("n", "p", "f"), record("N", broken, "f", version="2"), memory(*"npf")))
        assert summary(decision) == "error unreadable_number 1"
        assert decision.problem is not None
        assert decision.problem.params == {"side": "right", "text": ("NaN" * 100)[:100]}

    def test_unreadable_on_both_sides_is_no_agreement(self) -> None:
        broken = record(Unreadable("unreadable_number", "NaN"), version="2")
        assert summary(decide(rules_of(), Pair(broken, broken, memory("x")))) == "error unreadable_number 0"

    def test_unreadable_values_stop_a_create(self) -> None:
        decision = decide(rules_of(), Pair(None, record(Unreadable("unreadable_date", "infinity"))))
        assert summary(decision) == "error unreadable_date 0"
        assert decision.problem is not None
        assert decision.problem.params["side"] == "right"


def test_a_create_sends_only_what_may_travel_there() -> None:
    rules = rules_of(text_rule("name"), text_rule("number", direction=TO_LEFT))
    decision = decide(rules, Pair(record("n", "1"), None))
    assert dict(decision.right) == {0: "n"}
    assert decision.left_base == ("n", UNKNOWN)


def test_a_restore_sends_everything_that_was_there() -> None:
    """Else the new record's defaults would travel back and wipe what the survivor still knows."""
    rules = rules_of(text_rule("name"), text_rule("number", direction=TO_LEFT))
    decision = decide(rules, Pair(record("n", "1"), None, memory("n", "1")), Instruction(deletion=RESTORE))
    assert dict(decision.right) == {0: "n", 1: "1"}
    assert decision.left_base == ("n", "1")
