"""Deletions that nobody approved are held (DESIGN R9, SCENARIOS T11-T13)."""

from typing import Any

import pytest

from syncstatus.engine.decisions import Action, Decision, ErrorKind
from syncstatus.engine.guards import Listed, allowed_deletions, check_deletions, planned_deletions
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Guard

HALF = Guard(share=0.5, count=100)


@pytest.mark.parametrize(
    ("guard", "coupled", "planned", "held"),
    [
        (HALF, 100, 50, False),
        (HALF, 100, 51, True),
        (HALF, 10_000, 100, False),
        (HALF, 10_000, 101, True),
        (HALF, 3, 2, False),
        (HALF, 3, 3, True),
        (HALF, 1, 1, False),
        (HALF, 2, 2, False),
        (Guard(share=0.29, count=100), 100, 29, False),
        (Guard(share=0.29, count=100), 100, 30, True),
        (Guard(share=1, count=1000), 500, 500, False),
        (Guard(share=0.5, count=0), 100, 1, True),
        (HALF, 0, 0, False),
    ],
)
def test_share_and_count_both_hold(guard: Guard, coupled: int, planned: int, held: bool) -> None:
    problem = check_deletions(guard, coupled, planned)
    assert (problem is not None) == held


def test_says_how_many_are_planned_and_allowed() -> None:
    problem = check_deletions(HALF, 100, 51, side=Side.RIGHT)
    assert problem is not None
    assert (problem.kind, problem.code) == (ErrorKind.HELD, "mass_deletion")
    assert problem.params == {"planned": 51, "coupled": 100, "limit": 50, "side": "right"}


@pytest.mark.parametrize("code", ["source_empty", "scope_changed"])
def test_a_doubtful_reading_holds_a_single_deletion(code: str) -> None:
    doubt: dict[str, Any] = {code: True}
    problem = check_deletions(HALF, 100, 1, **doubt)
    assert problem is not None
    assert (problem.kind, problem.code) == (ErrorKind.HELD, code)
    assert problem.params == {"planned": 1, "coupled": 100}
    assert check_deletions(HALF, 100, 0, **doubt) is None


def test_deletions_are_counted_by_the_side_they_are_written_on() -> None:
    left, right = Decision(Action.DELETE, Side.LEFT), Decision(Action.DELETE, Side.RIGHT)
    others = [Decision(action, Side.LEFT) for action in Action if action is not Action.DELETE]
    assert planned_deletions([left, right, right, *others]) == {Side.LEFT: 1, Side.RIGHT: 2}
    assert planned_deletions([]) == {Side.LEFT: 0, Side.RIGHT: 0}


def test_the_allowance_is_the_edge_of_the_guard() -> None:
    for coupled in range(300):
        allowed = allowed_deletions(HALF, coupled)
        assert check_deletions(HALF, coupled, allowed) is None
        assert check_deletions(HALF, coupled, allowed + 1) is not None


@pytest.mark.parametrize(
    ("guard", "before", "now", "held"),
    [
        (HALF, 100, 50, False),
        (HALF, 100, 49, True),
        (HALF, 100, 120, False),
        (HALF, 3, 1, False),
        (HALF, 3, 0, True),
        (Guard(share=1, count=100), 1000, 0, False),
        (Guard(share=0, count=100), 1000, 998, False),
        (Guard(share=0, count=100), 1000, 997, True),
    ],
)
def test_a_listing_far_shorter_than_before_holds_a_single_deletion(
    guard: Guard, before: int, now: int, held: bool
) -> None:
    problem = check_deletions(guard, 1000, 1, listed=Listed(now, before))
    assert (problem is not None) == held
    if problem is not None:
        assert (problem.code, problem.params["listed"], problem.params["before"]) == ("source_short", now, before)
