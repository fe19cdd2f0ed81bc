"""An open error that is skipped keeps its record out, follows what happens, and closes itself (DESIGN R11)."""

from typing import Any

import pytest

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action
from syncstatus.engine.records import Pair, Side
from syncstatus.engine.rules import DeletionPolicy, Instruction, UpdatePolicy
from tests.syncstatus.engine.builders import memory, record, rules_of, summary

X, Y, Z = (record(content, version="2") for content in "xyz")
THEN = memory("x")


@pytest.mark.parametrize(
    ("pair", "action"),
    [
        (Pair(record("x"), record("x"), THEN), Action.NOTHING),
        (Pair(X, X, THEN), Action.REFRESH),
        (Pair(Y, Y, THEN), Action.REFRESH),
        (Pair(Y, Y), Action.COUPLE),
        (Pair(None, None, THEN), Action.UNCOUPLE),
        (Pair(None, None), Action.NOTHING),
        (Pair(record("y", included=False), X, THEN), Action.EXCLUDE),
    ],
    ids=[
        "untouched",
        "put back",
        "made equal by hand",
        "made equal before coupling",
        "both deleted",
        "never written",
        "out of the filter",
    ],
)
def test_closes_when_in_step(pair: Pair, action: Action) -> None:
    assert decide(rules_of(), pair, skipped=True).action is action


@pytest.mark.parametrize(
    ("pair", "options"),
    [
        (Pair(Y, X, THEN), {}),
        (Pair(Y, Z, THEN), {"update_conflict": UpdatePolicy.LEFT}),
        (Pair(X, None), {}),
        (Pair(X, Y), {"update_conflict": UpdatePolicy.LEFT}),
        (Pair(None, X, THEN), {"deletion_conflict": DeletionPolicy.RESTORE}),
        (Pair(None, X, THEN), {"deletion_conflict": DeletionPolicy.DELETE}),
        (Pair(None, X, THEN), {"deletion_conflict": DeletionPolicy.UNCOUPLE}),
    ],
    ids=["update", "policy", "create", "couple", "restore", "delete", "uncouple"],
)
def test_holds_back_what_would_be_done(pair: Pair, options: dict[str, Any]) -> None:
    decision = decide(rules_of(**options), pair, skipped=True)
    assert summary(decision) == "skip"
    assert decision.left_base is None


@pytest.mark.parametrize(
    ("pair", "code"),
    [(Pair(Y, Z, THEN), "conflict"), (Pair(None, X, THEN), "record_deleted"), (Pair(Y, Z), "first_contact")],
)
def test_carries_the_fresh_problem(pair: Pair, code: str) -> None:
    decision = decide(rules_of(), pair, skipped=True)
    assert decision.action is Action.SKIP
    assert decision.problem is not None
    assert decision.problem.code == code


def test_gives_way_to_a_person() -> None:
    decision = decide(rules_of(), Pair(Y, Z, THEN), Instruction(use=Side.RIGHT), skipped=True)
    assert summary(decision) == "update left={0: 'z'}"
