"""Which decisions write over, or delete, what the other side has never seen (DESIGN R7): after a lost answer nobody but
the log could tell what it was."""

from typing import Any

import pytest

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action
from syncstatus.engine.records import UNKNOWN, Memory, Pair, Record, Side
from syncstatus.engine.rules import DeletionPolicy, Direction, Instruction, Rules, UpdatePolicy
from tests.syncstatus.engine.builders import (
    memory,
    mirror_decision,
    mirror_pair,
    mirror_rules,
    record,
    rules_of,
    text_rule,
)

LEFT, DELETE = UpdatePolicy.LEFT, DeletionPolicy.DELETE
ONE_WAY = rules_of(text_rule("name", direction=Direction.LEFT_TO_RIGHT))

# rules, left, right, base, whether it overrules
CASES: dict[str, tuple[Rules, str | None, str | None, Any, bool]] = {
    "only one side moved": (rules_of(), "y", "x", "x", False),
    "both moved to the same": (rules_of(), "y", "y", "x", False),
    "both moved and a policy decides": (rules_of(update_conflict=LEFT), "y", "z", "x", True),
    "both moved and a person is asked": (rules_of(), "y", "z", "x", False),
    "never agreed and a policy decides": (rules_of(update_conflict=LEFT), "y", "z", UNKNOWN, True),
    "a one-way field whose source moved": (ONE_WAY, "y", "x", "x", False),
    "a one-way field whose target moved": (ONE_WAY, "x", "z", "x", True),
    "a one-way field where both moved": (ONE_WAY, "y", "z", "x", True),
    "deleted": (rules_of(deletion_conflict=DELETE), None, "x", "x", False),
    "deleted, and changed on the other side": (rules_of(deleted_and_changed=DELETE), None, "z", "x", True),
}


@pytest.mark.parametrize(("rules", "left", "right", "base", "overrules"), CASES.values(), ids=CASES)
def test_what_overrules(rules: Rules, left: str | None, right: str | None, base: Any, overrules: bool) -> None:
    pair = Pair(_record(left, base), _record(right, base), memory(base))
    decision = decide(rules, pair)
    assert decision.overrules is overrules
    assert decide(mirror_rules(rules), mirror_pair(pair)) == mirror_decision(decision)


def test_a_person_who_takes_a_side_overrules_the_other() -> None:
    pair = Pair(record("y", version="2"), record("z", version="2"), memory("x"))
    assert decide(rules_of(), pair, Instruction(use=Side.LEFT)).overrules
    assert not decide(rules_of(), replaced(pair, "x"), Instruction(use=Side.LEFT)).overrules


def test_a_person_who_deletes_a_changed_record_overrules() -> None:
    pair = Pair(None, record("z", version="2"), memory("x"))
    decision = decide(rules_of(), pair, Instruction(deletion=DELETE))
    assert (decision.action, decision.overrules) == (Action.DELETE, True)


def replaced(pair: Pair, right: str) -> Pair:
    return Pair(pair.left, record(right), Memory("1", "1", ("x",), ("x",)))


def _record(value: str | None, base: Any) -> Record | None:
    if value is None:
        return None
    return record(value, version="1" if value == base else "2")
