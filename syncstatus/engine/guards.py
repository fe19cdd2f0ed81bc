"""Deletions that nobody approved are held before the first write (DESIGN R9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Any

from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Guard

# A small table would trip over its share at once: two of three contacts may well go on one day.
_ALWAYS_ALLOWED = 2


@dataclass(frozen=True)
class Listed:
    """How many records a side lists within its filter, whether coupled or not: now, and when it was counted before."""

    now: int
    before: int

    def is_short(self, guard: Guard) -> bool:
        """Whether a larger share of them is gone than may be deleted: the table is being loaded, perhaps, or its answer
        was cut off, and the few of them that are coupled would pass for ordinary deletions."""
        lost = self.before - self.now
        return lost > max(_ALWAYS_ALLOWED, floor(round(guard.share * self.before, 9)))


def planned_deletions(decisions: Iterable[Decision]) -> dict[Side, int]:
    """How many records a run plans to delete on each side."""
    planned = dict.fromkeys(Side, 0)
    for decision in decisions:
        if decision.action is Action.DELETE and decision.side is not None:
            planned[decision.side] += 1
    return planned


def allowed_deletions(guard: Guard, coupled: int) -> int:
    """The most deletions one run may carry out on one side of a mapping with so many couplings.

    Both limits count; the share never holds fewer than three deletions.
    """
    return min(
        guard.count, max(_ALWAYS_ALLOWED, floor(round(guard.share * coupled, 9)))
    )  # 0.29 * 100 is 28.99... in binary


def check_deletions(
    guard: Guard, coupled: int, planned: int, *, source_empty: bool = False, scope_changed: bool = False,
    listed: Listed | None = None, side: Side | None = None,
) -> Problem | None:  # fmt: skip
    """Why the deletions a run plans on one side (``side``, where they are written) must be held; None when they may go.

    ``coupled`` counts the mapping's couplings. ``source_empty``: the side that lost the records suddenly lists none at
    all. ``scope_changed``: this is the first run after its filter or schema changed. ``listed``: how many records it
    lists, coupled or not, now and when it was counted before.
    """
    if planned <= 0:
        return None
    params: dict[str, Any] = {"planned": planned, "coupled": coupled}
    if side is not None:
        params["side"] = side.value
    if source_empty:
        return Problem(ErrorKind.HELD, "source_empty", params)
    if scope_changed:
        return Problem(ErrorKind.HELD, "scope_changed", params)
    limit = allowed_deletions(guard, coupled)
    if planned > limit:
        return Problem(ErrorKind.HELD, "mass_deletion", {**params, "limit": limit})
    if listed is not None and listed.is_short(guard):
        return Problem(ErrorKind.HELD, "source_short", {**params, "listed": listed.now, "before": listed.before})
    return None
