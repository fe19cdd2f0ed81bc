"""Every row of SCENARIOS 1, mirrored, and carried out: run again, and nothing is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, ErrorKind
from syncstatus.engine.records import UNKNOWN, Pair, Record
from syncstatus.engine.rules import DeletionPolicy, Direction, UpdatePolicy
from tests.syncstatus.engine.builders import (
    carried_out,
    memory,
    mirror_decision,
    mirror_pair,
    mirror_rules,
    record,
    rules_of,
    summary,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASK, LEFT, RIGHT, NEWEST = UpdatePolicy
KEEP, RESTORE, UNCOUPLE, DELETE = DeletionPolicy

# id: base, left, right ("-" absent, "=" the same version as remembered), rules, what is decided
ROWS: dict[str, tuple[str, dict[str, Any], str]] = {
    "nothing": ("- - -", {}, "nothing"),
    "created": ("- x -", {}, "create right right={0: 'x'}"),
    "created-never-on-the-source": ("- x -", {"direction": Direction.RIGHT_TO_LEFT}, "exclude"),
    "only-coupled": ("- x -", {"only_coupled": True}, "exclude"),
    "matched-equal": ("- x x", {}, "couple"),
    "matched-equal-only-coupled": ("- x x", {"only_coupled": True}, "couple"),
    "matched-unequal-ask": ("- x y", {}, "error first_contact 0"),
    "matched-unequal-left": ("- x y", {"update_conflict": LEFT}, "couple right={0: 'x'}"),
    "matched-unequal-right": ("- x y", {"update_conflict": RIGHT}, "couple left={0: 'y'}"),
    "matched-unequal-newest": ("- x y", {"update_conflict": NEWEST}, "couple left={0: 'y'}"),
    "matched-unequal-one-way": ("- x y", {"direction": Direction.LEFT_TO_RIGHT}, "couple right={0: 'x'}"),
    "both-deleted": ("x - -", {}, "uncouple"),
    "both-deleted-restore": ("x - -", {"deletion_conflict": RESTORE}, "uncouple"),
    "deleted-ask": ("x - =x", {}, "error record_deleted"),
    "deleted-ask-new-version": ("x - x", {}, "error record_deleted"),
    "deleted-ask-though-changed-restores": ("x - x", {"deleted_and_changed": RESTORE}, "error record_deleted"),
    "deleted-delete": ("x - x", {"deletion_conflict": DELETE}, "delete right"),
    "deleted-restore": ("x - x", {"deletion_conflict": RESTORE}, "create left left={0: 'x'}"),
    "deleted-uncouple": ("x - x", {"deletion_conflict": UNCOUPLE}, "uncouple"),
    "deleted-changed-ask": ("x - y", {}, "error deleted_and_changed 0"),
    "deleted-changed-ask-delete": ("x - y", {"deletion_conflict": DELETE}, "error deleted_and_changed 0"),
    "deleted-changed-ask-restore": ("x - y", {"deletion_conflict": RESTORE}, "error deleted_and_changed 0"),
    "deleted-changed-ask-uncouple": ("x - y", {"deletion_conflict": UNCOUPLE}, "error deleted_and_changed 0"),
    "deleted-changed-restore": ("x - y", {"deleted_and_changed": RESTORE}, "create left left={0: 'y'}"),
    "deleted-changed-delete": ("x - y", {"deleted_and_changed": DELETE}, "delete right"),
    "deleted-changed-uncouple": ("x - y", {"deleted_and_changed": UNCOUPLE}, "uncouple"),
    "in-step": ("x =x =x", {}, "nothing"),
    "left-changed": ("x y x", {}, "update right={0: 'y'}"),
    "left-changed-right-not-read": ("x y =x", {}, "update right={0: 'y'}"),
    "left-changed-source-is-right": ("x y x", {"direction": Direction.RIGHT_TO_LEFT}, "update left={0: 'x'}"),
    "both-to-the-same": ("x y y", {}, "refresh"),
    "both-changed-ask": ("x y z", {}, "error conflict 0"),
    "both-changed-left": ("x y z", {"update_conflict": LEFT}, "update right={0: 'y'}"),
    "both-changed-right": ("x y z", {"update_conflict": RIGHT}, "update left={0: 'z'}"),
    "both-changed-newest": ("x y z", {"update_conflict": NEWEST}, "update left={0: 'z'}"),
    "both-changed-one-way": ("x y z", {"direction": Direction.LEFT_TO_RIGHT}, "update right={0: 'y'}"),
    "new-version-only": ("x x =x", {}, "refresh"),
    "new-versions-only": ("x x x", {}, "refresh"),
}


def pair_of(notation: str) -> Pair:
    """The right side was modified an hour after the left."""
    base, left, right = notation.split()
    then = None if base == "-" else memory(base)
    return Pair(record_of(left, NOON), record_of(right, NOON + timedelta(hours=1)), then)


def record_of(content: str, modified_at: datetime) -> Record | None:
    if content == "-":
        return None
    return record(content[-1], version="1" if content[0] == "=" else "2", modified_at=modified_at)


@pytest.mark.parametrize("row", ROWS)
def test_decides_by_the_table(row: str) -> None:
    notation, options, expected = ROWS[row]
    assert summary(decide(rules_of(**options), pair_of(notation))) == expected


@pytest.mark.parametrize("row", ROWS)
def test_mirrored_sides_mirror_the_decision(row: str) -> None:
    notation, options, _ = ROWS[row]
    rules, pair = rules_of(**options), pair_of(notation)
    assert decide(mirror_rules(rules), mirror_pair(pair)) == mirror_decision(decide(rules, pair))


@pytest.mark.parametrize("row", [row for row in ROWS if "uncouple" not in row])
def test_run_again_writes_nothing(row: str) -> None:
    notation, options, _ = ROWS[row]
    rules, pair = rules_of(**options), pair_of(notation)
    decision = decide(rules, pair)
    if decision.action in (Action.UNCOUPLE, Action.EXCLUDE):
        return
    after = carried_out(rules, pair, decision)
    again = decide(rules, after)
    if decision.action is Action.ERROR:
        assert (after, again) == (pair, decision)
    else:
        assert again.action is Action.NOTHING
        assert after.left is None or after.right is None or after.left.values == after.right.values


def test_equal_versions_are_not_compared() -> None:
    """The caller does not even read the bodies (SCENARIOS 1, row "nothing")."""
    pair = Pair(Record("1", "1", ()), Record("1", "1", ()), memory("x"))
    assert decide(rules_of(), pair).action is Action.NOTHING


def test_a_field_mapped_since_is_looked_at_although_the_versions_are_equal() -> None:
    pair = Pair(record("x"), record("y"), memory(UNKNOWN))
    assert summary(decide(rules_of(), pair)) == "error conflict 0"


def test_values_that_were_not_read_are_not_missed() -> None:
    pair = Pair(Record("1", "1", ()), Record("1", "1", ()), memory(UNKNOWN))
    assert decide(rules_of(), pair).action is Action.NOTHING


def test_a_field_mapped_since_is_no_change_of_a_survivor() -> None:
    pair = Pair(None, record("x", version="2"), memory(UNKNOWN))
    assert summary(decide(rules_of(), pair)) == "error record_deleted"


@pytest.mark.parametrize("moments", [(NOON, NOON), (None, NOON), (NOON, None), (None, None)])
def test_newest_asks_when_neither_is_known_to_be_newer(moments: tuple[datetime | None, datetime | None]) -> None:
    left, right = (record(value, version="2", modified_at=at) for value, at in zip("yz", moments, strict=True))
    decision = decide(rules_of(update_conflict=NEWEST), Pair(left, right, memory("x")))
    assert summary(decision) == "error newest_unknown 0"


def test_refresh_hands_back_the_base_when_only_versions_moved() -> None:
    then = memory("x")
    decision = decide(rules_of(), Pair(record("x", version="2"), record("x"), then))
    assert decision.left_base is then.left_base
    assert decision.right_base is then.right_base


def test_refresh_hands_back_the_new_agreement() -> None:
    decision = decide(rules_of(), pair_of("x y y"))
    assert (decision.left_base, decision.right_base) == (("y",), ("y",))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("notation", ["- x -", "- x y", "x x -", "x y -", "x =x =x", "x y x", "x y z"])
def test_a_record_outside_the_filter_is_excluded_never_deleted_never_created(notation: str, side: str) -> None:
    pair = pair_of(notation)
    inside = getattr(pair, side)
    if inside is None:
        return
    outside = replace(pair, **{side: replace(inside, included=False)})
    rules = rules_of(deletion_conflict=DELETE, deleted_and_changed=RESTORE, update_conflict=LEFT)
    assert decide(rules, outside).action is Action.EXCLUDE


def test_the_kinds_of_problems_are_those_of_the_pages() -> None:
    kinds = [decide(rules_of(), pair_of(row)).problem for row in ("- x y", "x - x", "x - y", "x y z")]
    assert [problem and problem.kind for problem in kinds] == [
        ErrorKind.CONFLICT, ErrorKind.DELETED, ErrorKind.DELETED_AND_CHANGED, ErrorKind.CONFLICT,
    ]  # fmt: skip


def test_a_deletion_names_the_sides() -> None:
    deleted, changed = (decide(rules_of(), pair_of(row)).problem for row in ("x - x", "x - y"))
    assert deleted is not None
    assert changed is not None
    assert deleted.params == {"deleted_side": "left"}
    assert changed.params == {"deleted_side": "left", "changed_side": "right"}
