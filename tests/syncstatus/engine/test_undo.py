"""What undoes one entry of the synchronization log, row by row, and what an undo leaves behind."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, Decision, ErrorKind
from syncstatus.engine.logged import NotRestorable, restored
from syncstatus.engine.plan import Outcome, outcome
from syncstatus.engine.records import UNKNOWN, Memory, Pair, Record, Side, Values
from syncstatus.engine.rules import Direction, FieldRule, Rules, UpdatePolicy
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.undo import Done, is_still_undone, positions_of, settle_undone, undo, undone_problem
from syncstatus.engine.values import FieldType, Kind
from tests.syncstatus.engine.builders import (
    carried_out,
    memory,
    mirror_decision,
    mirror_pair,
    mirror_rules,
    record,
    rules_of,
    summary,
    text_rule,
    written,
)

LEFT, RIGHT = Side
RULES = rules_of(text_rule("name"), text_rule("phone"))
AGREED = memory("Adatum", "new")


def done(outcome: Outcome, left: Any = None, right: Any = None) -> Done:
    return Done(outcome, {side: change for side, change in ((LEFT, left), (RIGHT, right)) if change})


PHONE = {"phone": ("old", "new")}
CREATED = {"name": (None, "Adatum"), "phone": (None, "new")}
DELETED = {"name": ("Adatum", None), "phone": ("old", None)}
AS_WRITTEN = Pair(record("Adatum", "new"), record("Adatum", "new"), AGREED)
ROWS = {
    "an update": (done(Outcome.MODIFIED, right=PHONE), AS_WRITTEN, "update right={1: 'old'}"),
    "a merge": (
        done(Outcome.MODIFIED, {"name": ("A", "Adatum")}, PHONE),
        AS_WRITTEN,
        "update left={0: 'A'} right={1: 'old'}",
    ),
    "a refused write that was done on one side": (
        done(Outcome.FAILED, PHONE),
        AS_WRITTEN,
        "update left={1: 'old'}",
    ),
    "another field has moved since": (
        done(Outcome.MODIFIED, right=PHONE),
        Pair(record("Adatum", "new"), record("Fabrikam", "new", version="2"), AGREED),
        "update right={1: 'old'}",
    ),
    "the field has moved since": (
        done(Outcome.MODIFIED, right=PHONE),
        Pair(record("Adatum", "new"), record("Adatum", "newer", version="2"), AGREED),
        "skip undo_changed_since 1",
    ),
    "the field holds its old value already": (
        done(Outcome.MODIFIED, right=PHONE),
        Pair(record("Adatum", "new"), record("Adatum", "old", version="2"), AGREED),
        "nothing",
    ),
    "the record is gone": (
        done(Outcome.MODIFIED, right=PHONE),
        Pair(record("Adatum", "new"), None, AGREED),
        "skip undo_record_gone",
    ),
    "nothing was written": (done(Outcome.FAILED), AS_WRITTEN, "skip undo_nothing"),
    "left out": (done(Outcome.SKIPPED), AS_WRITTEN, "skip undo_nothing"),
    "the field is mapped no more": (
        done(Outcome.MODIFIED, right={"fax": ("1", "2")}),
        AS_WRITTEN,
        "skip undo_field_unmapped",
    ),
    "the old value could not be read": (
        done(Outcome.MODIFIED, right={"phone": ({"code": "unreadable_text", "text": "?"}, "new")}),
        AS_WRITTEN,
        "skip undo_value_unknown 1",
    ),
    "a create": (done(Outcome.INSERTED, right=CREATED), AS_WRITTEN, "delete right"),
    "a create of a record that was edited": (
        done(Outcome.INSERTED, right=CREATED),
        Pair(record("Adatum", "new"), record("Adatum", "newer", version="2"), AGREED),
        "skip undo_changed_since 1",
    ),
    "a create of a record that was touched where nothing is mapped": (
        done(Outcome.INSERTED, right=CREATED),
        Pair(record("Adatum", "new"), record("Adatum", "new", version="2"), AGREED),
        "skip undo_touched_since",
    ),
    "a create of a record that is gone": (
        done(Outcome.INSERTED, right=CREATED),
        Pair(record("Adatum", "new"), None, AGREED),
        "uncouple",
    ),
    "writes on both sides before a create": (
        done(Outcome.INSERTED, PHONE, CREATED),
        AS_WRITTEN,
        "skip undo_unclear",
    ),
    "a deletion": (
        done(Outcome.DELETED, right=DELETED),
        Pair(None, None),
        "create right right={0: 'Adatum', 1: 'old'}",
    ),
    "a deletion of a record that is there again": (
        done(Outcome.DELETED, right=DELETED),
        Pair(None, record("Adatum", "old")),
        "skip undo_record_exists",
    ),
    "a coupling": (done(Outcome.COUPLED), AS_WRITTEN, "nothing"),
    "a coupling that wrote": (done(Outcome.COUPLED, right=PHONE), AS_WRITTEN, "update right={1: 'old'}"),
    "an uncoupling": (
        done(Outcome.UNCOUPLED),
        Pair(record("Adatum", "1"), record("Adatum", "2")),
        "couple",
    ),
    "an uncoupling of a record that is gone": (
        done(Outcome.UNCOUPLED),
        Pair(record("Adatum", "1"), None),
        "skip undo_record_gone",
    ),
}


@pytest.mark.parametrize(("what", "pair", "expected"), ROWS.values(), ids=ROWS)
def test_each_row(what: Done, pair: Pair, expected: str) -> None:
    assert summary(undo(RULES, what, pair)) == expected


@pytest.mark.parametrize(("what", "pair", "expected"), ROWS.values(), ids=ROWS)
def test_each_row_mirrored(what: Done, pair: Pair, expected: str) -> None:
    swapped = Done(what.outcome, {side.other: fields for side, fields in what.changes.items()})
    answer = undo(mirror_rules(RULES), swapped, mirror_pair(pair))
    assert summary(mirror_decision(answer)) == expected


def test_a_record_that_was_found_in_step_anew_may_have_been_edited_where_nothing_is_mapped() -> None:
    what = done(Outcome.INSERTED, right=CREATED)
    assert summary(undo(RULES, what, AS_WRITTEN, touched=True)) == "skip undo_touched_since"


def test_where_a_field_does_not_travel_being_looked_at_again_says_nothing() -> None:
    one_way = rules_of(text_rule("name"), text_rule("phone", direction=Direction.RIGHT_TO_LEFT))
    what = done(Outcome.INSERTED, right={"name": (None, "Adatum")})
    assert summary(undo(one_way, what, AS_WRITTEN, touched=True)) == "delete right"


@pytest.mark.parametrize("what", [ROWS["an update"][0], ROWS["a create"][0], ROWS["a deletion"][0]])
def test_nothing_is_written_where_the_mapping_does_not_write_any_more(what: Done) -> None:
    backwards = rules_of(text_rule("name"), text_rule("phone"), direction=Direction.RIGHT_TO_LEFT)
    assert summary(undo(backwards, what, AS_WRITTEN)) == "skip direction_forbids"


def test_a_record_that_an_interrupted_undo_created_is_coupled() -> None:
    there = Pair(None, record("Adatum", "old"))
    assert summary(undo(RULES, ROWS["a deletion"][0], there, adopted=True)) == "couple"


MIXES = {
    "a number as text": (Kind.INTEGER, Kind.TEXT, 7, "7"),
    "yes as a number": (Kind.INTEGER, Kind.BOOLEAN, 1, True),
    "a whole decimal": (Kind.DECIMAL, Kind.INTEGER, "5.00", 5),
    "a day as a moment": (Kind.DATE, Kind.DATETIME, "2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
    "a float as a decimal": (Kind.FLOAT, Kind.DECIMAL, 1.5, Decimal("1.5")),
}


@pytest.mark.parametrize(("left", "right", "logged_as", "expected"), MIXES.values(), ids=MIXES)
def test_an_old_value_that_was_logged_as_it_is_compared_is_written_in_the_fields_own_type(
    left: Kind, right: Kind, logged_as: Any, expected: Any
) -> None:
    """The record was not read before it was written, so that only what the pair remembers of it could be logged."""
    rules = rules_of(FieldRule("f", "f", FieldType(left), FieldType(right)))
    what = done(Outcome.MODIFIED, right={"f": (logged_as, None)})
    answer = undo(rules, what, Pair(record(None), record(None), memory(None)))
    assert answer.right == {0: expected}
    assert type(answer.right[0]) is type(expected)


def test_what_was_compared_in_another_form_is_compared_so_again() -> None:
    rules = rules_of(text_rule("phone", transforms=(Step("trim"),)))
    what = done(Outcome.MODIFIED, right=PHONE)
    pair = Pair(record("new"), record("new  ", version="2"), memory("new"))
    assert summary(undo(rules, what, pair)) == "update right={0: 'old'}"


# What an undo leaves behind


def after(rules: Rules, what: Done, pair: Pair) -> tuple[Pair, tuple[int, ...]]:
    """The pair after its undo was written and remembered, and the fields it does not agree on any more."""
    decision = undo(rules, what, pair)
    assert decision.problem is None
    left, right = (written(rules, pair, decision, side) for side in Side)
    undone = positions_of(rules, what, tuple(Side))
    bases, apart = settle_undone(rules, pair.memory, undone, left.values, right.values)
    return Pair(left, right, Memory(left.version, right.version, *bases)), apart


def test_after_an_undo_nothing_is_written_until_a_person_acts() -> None:
    pair, apart = after(RULES, done(Outcome.MODIFIED, right=PHONE), AS_WRITTEN)
    assert apart == (1,)
    assert pair.memory is not None
    assert pair.memory.right_base == ("Adatum", UNKNOWN)
    assert undone_problem(apart, {}, None) is not None

    answer = decide(RULES, pair, skipped=True)
    assert answer.action is Action.SKIP
    assert answer.problem is not None
    assert is_still_undone("undone", answer.problem, pair.memory)


def test_what_happens_to_other_fields_of_an_undone_record_is_told() -> None:
    pair, _apart = after(RULES, done(Outcome.MODIFIED, right=PHONE), AS_WRITTEN)
    assert pair.left is not None
    assert pair.right is not None
    both = Pair(record("Ada", "new", version="3"), record("Bob", "old", version="3"), pair.memory)
    answer = decide(RULES, both, skipped=True)
    assert answer.problem is not None
    assert answer.problem.fields == (0, 1)
    assert not is_still_undone("undone", answer.problem, pair.memory)


@pytest.mark.parametrize("policy", UpdatePolicy)
@pytest.mark.parametrize("direction", [Direction.BIDIRECTIONAL, Direction.LEFT_TO_RIGHT])
def test_no_policy_writes_behind_an_undo(policy: UpdatePolicy, direction: Direction) -> None:
    rules = rules_of(text_rule("name"), text_rule("phone"), direction=direction, update_conflict=policy)
    pair, _apart = after(rules, done(Outcome.MODIFIED, right=PHONE), AS_WRITTEN)
    assert decide(rules, pair, skipped=True).action is Action.SKIP


def test_an_undo_that_brings_the_pair_in_step_leaves_nothing_open() -> None:
    apart_before = Pair(record("Adatum", "new"), record("Adatum", "old"), memory("Adatum", UNKNOWN))
    pair, apart = after(RULES, done(Outcome.MODIFIED, right={"phone": ("new", "old")}), apart_before)
    assert (apart, undone_problem(apart, {}, None)) == ((), None)
    assert decide(RULES, pair).action is Action.NOTHING


def test_an_undone_deletion_stays_a_deletion_until_a_person_acts() -> None:
    problem = undone_problem((), {}, LEFT)
    assert problem is not None
    assert (problem.kind, problem.params) == (ErrorKind.DELETED, {"deleted_side": "left", "side": "right"})
    found = decide(RULES, Pair(None, record("Adatum", "old"), memory("Adatum", "old")), skipped=True)
    assert found.problem is not None
    assert is_still_undone("deletion_undone", found.problem, None)


# Properties: what the log says of a decision is enough to undo it, and to do it again

TYPES = {
    Kind.TEXT: st.text(st.characters(codec="utf-8")),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.DECIMAL: st.decimals(-(10**12), 10**12, places=2),
    Kind.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(),
    Kind.TIME: st.times(),
    Kind.DATETIME: st.datetimes(timezones=st.just(UTC)),
    Kind.UUID: st.uuids().map(str),
    Kind.BINARY: st.binary(),
    Kind.JSON: st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    ),
}


def shown(value: Any) -> Any:
    """The log's form of a value."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=shown))


def logged(rules: Rules, pair: Pair, decision: Decision) -> Done:
    changes: dict[Side, dict[str, Any]] = {}
    for side in Side:
        fields = {
            rules.fields[position].field(side): through_json([_held(pair.record(side), position), value])
            for position, value in decision.writes(side).items()
        }
        changes |= {side: fields} if fields else {}
    return Done(outcome(decision), changes)


def _held(found: Record | None, position: int) -> Any:
    return found.values[position] if found is not None else None


@given(st.sampled_from(list(TYPES)), st.data())
def test_every_type_comes_back_from_the_log(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(TYPES[kind])
    assert restored(FieldType(kind), through_json(value)) == value


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.TEXT, Kind.UUID, Kind.JSON)])
def test_a_value_logged_when_the_field_had_another_type_is_not_restored(kind: Kind) -> None:
    with pytest.raises(NotRestorable):
        restored(FieldType(kind), "neither number nor date")


ROW = st.tuples(TYPES[Kind.TEXT], TYPES[Kind.DECIMAL], TYPES[Kind.DATETIME])
MIXED = Rules(
    (
        text_rule("name"),
        FieldRule("amount", "amount", FieldType(Kind.DECIMAL, scale=2), FieldType(Kind.DECIMAL, scale=2)),
        FieldRule("at", "at", FieldType(Kind.DATETIME), FieldType(Kind.DATETIME)),
    ),
    update_conflict=UpdatePolicy.LEFT,
)


@given(ROW, ROW, ROW)
def test_update_then_undo_leaves_both_records_as_before_and_redo_as_after(
    base: Values, left: Values, right: Values
) -> None:
    before = Pair(record(*left, version="2"), record(*right, version="2"), memory(*base))
    decision = decide(MIXED, before)
    if decision.action is not Action.UPDATE:
        return
    updated = carried_out(MIXED, before, decision)
    what = logged(MIXED, before, decision)

    undone, apart = after(MIXED, what, updated)
    assert _values(undone) == _values(before)
    assert set(apart) == {*decision.left, *decision.right}

    back = Done(
        Outcome.MODIFIED,
        {side: {name: (new, old) for name, (old, new) in fields.items()} for side, fields in what.changes.items()},
    )
    redone, apart = after(MIXED, back, undone)
    assert _values(redone) == _values(updated)
    assert apart == ()


def _values(pair: Pair) -> tuple[Values, Values]:
    assert pair.left is not None
    assert pair.right is not None
    return pair.left.values, pair.right.values
