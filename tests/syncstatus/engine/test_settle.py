"""What is remembered after a write is what was read back (DESIGN R7, SCENARIOS T15)."""

from decimal import Decimal

import pytest

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, Decision
from syncstatus.engine.records import UNKNOWN, Memory, Pair
from syncstatus.engine.rules import Direction, FieldRule
from syncstatus.engine.settle import moved_meanwhile, settle
from syncstatus.engine.values import FieldType, Kind, Unreadable
from tests.syncstatus.engine.builders import memory, record, rules_of, text_rule

RULES = rules_of(text_rule("name"), text_rule("phone"))
PAIR = Pair(record("ada", "1", version="2"), record("x", "1"), memory("x", "1"))


def test_as_sent_without_reading_back() -> None:
    left, right = settle(RULES, decide(RULES, PAIR), None, None)
    assert left == ("ada", "1")
    assert right is left


def test_what_the_other_side_made_of_it_settles_in_one_round() -> None:
    left, right = settle(RULES, decide(RULES, PAIR), None, ("ADA", "1"))
    assert (left, right) == (("ada", "1"), ("ADA", "1"))
    again = Pair(record("ada", "1", version="2"), record("ADA", "1", version="2"), Memory("2", "1", left, right))
    assert decide(RULES, again).action is Action.REFRESH


def test_rounding_settles_in_one_round() -> None:
    number = FieldType(Kind.DECIMAL)
    rules = rules_of(FieldRule("price", "price", number, number))
    pair = Pair(record(Decimal("1.005"), version="2"), record(Decimal(1)), memory(Decimal(1)))
    assert settle(rules, decide(rules, pair), None, (Decimal("1.01"),)) == ((Decimal("1.005"),), (Decimal("1.01"),))


def test_a_field_that_was_not_sent_keeps_its_base() -> None:
    """Somebody else's change that came along must still travel."""
    decision = decide(RULES, PAIR)
    assert settle(RULES, decision, None, ("ada", "2")) == (("ada", "1"), ("ada", "1"))
    assert moved_meanwhile(RULES, decision, None, ("ada", "2"))
    assert not moved_meanwhile(RULES, decision, None, ("ADA", "1"))
    assert not moved_meanwhile(RULES, decision, None, None)


def test_the_unreadable_is_not_remembered() -> None:
    broken = Unreadable("unreadable_text", "?")
    assert settle(RULES, decide(RULES, PAIR), None, (broken, "1"))[1] == ("ada", "1")


def test_a_field_that_did_not_travel_with_a_create_is_looked_at_again() -> None:
    rules = rules_of(text_rule("name"), text_rule("no", direction=Direction.RIGHT_TO_LEFT))
    decision = decide(rules, Pair(record("ada", "1"), None))
    assert settle(rules, decision, None, ("ada", "default")) == (("ada", UNKNOWN), ("ada", UNKNOWN))
    assert moved_meanwhile(rules, decision, None, ("ada", "default"))
    assert moved_meanwhile(rules, decision, None, None)


def test_a_decision_without_a_base_leaves_nothing_to_remember() -> None:
    with pytest.raises(ValueError, match="nothing to remember"):
        settle(RULES, Decision(Action.DELETE), None, None)
