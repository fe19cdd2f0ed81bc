"""How one job's work on one record is undone (pure, like ``decide``).

What was done is read from the synchronization log, field by field. It is undone only if nothing has come on top of it:

====================  =======================================================  =========================================
the log says          condition, else refused with a reason                    what is written
====================  =======================================================  =========================================
modified, or failed   the fields written hold what was written; others may     their old values; the pair stays coupled
with fields written   have changed
inserted              the record is as it was created                          it is deleted; the coupling goes
deleted               the record is not there again                            it is created as it was, and coupled
coupled               as for modified                                          the old values; the coupling goes
uncoupled             both records are there; the fields written hold what     what uncoupling took back, if it wrote
                      was written                                              anything; they are coupled
====================  =======================================================  =========================================

A field that holds its old value already counts as undone: an undo that was interrupted after its write goes on.

The field stays different from its partner then, and its base is ``UNKNOWN``: the pair does not agree on it any more.
An open error keeps the record out until a person chooses, so that nothing is written again by itself. Undoing an undo
writes the same fields forth again, under the same conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.logged import NotRestorable, restored
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import UNKNOWN, Memory, Pair, Record, Side, Values
from syncstatus.engine.rules import Rules
from syncstatus.engine.values import FieldType, ValueRefused

UNDONE: Final = "undone"
DELETION_UNDONE: Final = "deletion_undone"

REVERSED: Final[Mapping[Outcome, Outcome]] = {
    Outcome.MODIFIED: Outcome.MODIFIED,
    Outcome.FAILED: Outcome.MODIFIED,
    Outcome.COUPLED: Outcome.UNCOUPLED,
    Outcome.UNCOUPLED: Outcome.COUPLED,
    Outcome.DELETED: Outcome.INSERTED,
    Outcome.INSERTED: Outcome.DELETED,
}
"""What the undo of an outcome is itself; other outcomes have nothing to undo."""

Written = Mapping[str, tuple[Any, Any]]
"""Fields of one side by name, each with its old and its new value in the log's form."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one job did to one record, as the log has it."""

    outcome: Outcome
    changes: Mapping[Side, Written]


def undo(rules: Rules, done: Done, pair: Pair, *, touched: bool = False, adopted: bool = False) -> Decision:
    """What undoes ``done``, by the table above, or a SKIP whose problem says why it is refused.

    ``pair`` is read now; its memory is the coupling's, None for a pair that is not coupled. ``touched`` says that the
    pair was looked at and found in step after it was written. ``adopted`` says that the record of a deletion is there
    because an earlier attempt of this undo created it. The decision's bases are filled in only for a CREATE; what to
    remember follows from what the systems stored (``settle_undone``).
    """
    try:
        match done.outcome:
            case Outcome.INSERTED:
                return _delete(rules, done, pair, touched)
            case Outcome.DELETED:
                return _create(rules, done, pair, adopted)
            case Outcome.COUPLED | Outcome.UNCOUPLED:
                return _write_back(rules, done, pair)
            case Outcome.MODIFIED | Outcome.FAILED if any(done.changes.values()):
                return _write_back(rules, done, pair)
        return refusal("undo_nothing")
    except _Refused as refused:
        return Decision(Action.SKIP, problem=refused.problem)


def refusal(code: str, **params: Any) -> Decision:
    """Nothing is written, because of ``code``."""
    return Decision(Action.SKIP, problem=Problem(ErrorKind.CONFLICT, code, params))


def settle_undone(
    rules: Rules, memory: Memory | None, undone: frozenset[int], left: Values, right: Values
) -> tuple[tuple[Values, Values], tuple[int, ...]]:
    """The bases (left, right) to remember after the undo, and the fields on which the pair does not agree any more.

    ``left`` and ``right`` are the native values both sides hold now. ``undone`` are the positions that were written
    back; the others keep their base. Without a memory the pair is coupled anew, and every field counts.
    """
    values = rules.compiled.canonical[Side.LEFT](left), rules.compiled.canonical[Side.RIGHT](right)
    everything = frozenset(range(len(rules.fields)))
    concerned = everything if memory is None else undone
    apart = tuple(position for position in sorted(concerned) if values[0][position] != values[1][position])
    bases = (memory.left_base, memory.right_base) if memory is not None else values
    settled = [
        tuple(
            UNKNOWN if position in apart else values[0][position] if position in concerned else then
            for position, then in enumerate(base)
        )
        for base in bases
    ]
    return (settled[0], settled[1]), apart


def positions_of(rules: Rules, done: Done, sides: tuple[Side, ...]) -> frozenset[int]:
    """The mapping's fields that were written on one of ``sides``; a field that is mapped twice stands for both."""
    return frozenset(
        position
        for position, rule in enumerate(rules.fields)
        if any(rule.field(side) in done.changes.get(side, {}) for side in sides)
    )


def undone_problem(apart: tuple[int, ...], params: Mapping[str, Any], missing: Side | None) -> Problem | None:
    """The error that keeps an undone record out of synchronization; None for a pair that agrees. ``missing`` is the
    side without a record; ``params`` say who undid it."""
    if missing is not None:
        told = {"deleted_side": missing.value, "side": missing.other.value}
        return Problem(ErrorKind.DELETED, DELETION_UNDONE, {**told, **params})
    return Problem(ErrorKind.CONFLICT, UNDONE, params, apart) if apart else None


def is_still_undone(code: str, problem: Problem, memory: Memory | None) -> bool:
    """Whether ``problem``, found by a later run, is only what the open error ``code`` of an undo says already."""
    if code == DELETION_UNDONE:
        return problem.kind is ErrorKind.DELETED
    if code != UNDONE or problem.kind is not ErrorKind.CONFLICT or memory is None:
        return False
    return all(memory.left_base[position] is UNKNOWN for position in problem.fields)


class _Refused(Exception):
    def __init__(self, code: str, positions: tuple[int, ...] = (), **params: Any) -> None:
        super().__init__(code)
        self.problem = Problem(ErrorKind.CONFLICT, code, params, positions)


# What was written on records that exist


def _write_back(rules: Rules, done: Done, pair: Pair) -> Decision:
    for side in Side:
        if pair.record(side) is None:
            raise _Refused("undo_record_gone", side=side.value)
    writes = {side: _old_values(rules, side, done.changes.get(side, {}), _there(pair, side)) for side in Side}
    written = [side for side in Side if writes[side]]
    action = Action.COUPLE if done.outcome is Outcome.UNCOUPLED else Action.UPDATE if written else Action.NOTHING
    return Decision(action, written[0] if len(written) == 1 else None, writes[Side.LEFT], writes[Side.RIGHT])


def _old_values(rules: Rules, side: Side, written: Written, record: Record) -> Mapping[int, Any]:
    """What is to be written on ``side``; fields that hold their old value already are left out."""
    if written:
        _check_direction(rules, side)
    positions = _positions(rules, side, written)
    old, new = _restored(rules, side, positions, written, 0), _restored(rules, side, positions, written, 1)
    held = dict(zip(positions, _canonical(rules, side, record.values, positions), strict=True))
    before, after = (
        dict(zip(positions, _canonical(rules, side, _row(rules, values), positions), strict=True))
        for values in (old, new)
    )
    moved = tuple(p for p in positions if held[p] != after[p] and held[p] != before[p])
    if moved:
        raise _Refused("undo_changed_since", moved, side=side.value)
    return {position: old[position] for position in positions if held[position] == after[position]}


def _positions(rules: Rules, side: Side, written: Written) -> tuple[int, ...]:
    known = rules.compiled.places[side]
    missing = [name for name in written if name not in known]
    if missing:
        raise _Refused("undo_field_unmapped", fields=missing, side=side.value)
    return tuple(known[name] for name in written)


def _restored(rules: Rules, side: Side, positions: tuple[int, ...], written: Written, which: int) -> dict[int, Any]:
    """The old (0) or new (1) values in the types of ``side``."""
    values: dict[int, Any] = {}
    for position, pair in zip(positions, written.values(), strict=True):
        try:
            values[position] = _native(rules, side, position, pair[which])
        except (NotRestorable, ValueRefused):
            raise _Refused("undo_value_unknown", (position,), side=side.value) from None
    return values


def _native(rules: Rules, side: Side, position: int, shown: Any) -> Any:
    """A record that was taken for what its coupling remembers was logged in the form in which values are compared."""
    rule = rules.fields[position]
    try:
        return restored(rule.type(side), shown)
    except NotRestorable:
        compared = restored(FieldType(rules.compiled.compared[position]), shown)
        return rules.compiled.converters[side][position](compared)


def _row(rules: Rules, values: Mapping[int, Any]) -> Values:
    return tuple(values.get(position) for position in range(len(rules.fields)))


def _canonical(rules: Rules, side: Side, row: Values, positions: tuple[int, ...]) -> list[Any]:
    form = rules.compiled.canonical[side](row)
    return [form[position] for position in positions]


def _check_direction(rules: Rules, side: Side) -> None:
    if not rules.direction.writes(side):
        raise _Refused("direction_forbids", side=side.value)


def _there(pair: Pair, side: Side) -> Record:
    record = pair.record(side)
    assert record is not None
    return record


# Records that were created or deleted


def _only_side(done: Done) -> Side:
    """The side on which a record was created or deleted. A job that wrote on both sides first is not undone."""
    sides = [side for side in Side if done.changes.get(side)]
    if len(sides) != 1:
        raise _Refused("undo_unclear")
    return sides[0]


def _delete(rules: Rules, done: Done, pair: Pair, touched: bool) -> Decision:
    side = _only_side(done)
    _check_direction(rules, side)
    record = pair.record(side)
    if record is None:
        return Decision(Action.UNCOUPLE)
    _check_as_created(rules, side, done.changes[side], record, pair.memory, touched)
    return Decision(Action.DELETE, side)


def _check_as_created(
    rules: Rules, side: Side, written: Written, record: Record, memory: Memory | None, touched: bool
) -> None:
    """A record that anybody touched since is somebody's work, even where no mapped field shows it.

    Where some fields do not travel to ``side``, the run after the create looks at the pair once more to learn them, so
    that being looked at says nothing there.
    """
    # What defaults gave to fields that are not mapped, only the version tells of.
    written = {name: values for name, values in written.items() if name in rules.compiled.places[side]}
    positions = _positions(rules, side, written)
    created = _row(rules, _restored(rules, side, positions, written, 1))
    pairs = zip(
        positions,
        _canonical(rules, side, record.values, positions),
        _canonical(rules, side, created, positions),
        strict=True,
    )
    moved = tuple(position for position, now, then in pairs if now != then)
    known = memory is not None and memory.version(side) in ("", record.version)
    if moved:
        raise _Refused("undo_changed_since", moved, side=side.value)
    if not known or (touched and all(rules.compiled.travels[side])):
        raise _Refused("undo_touched_since", side=side.value)


def _create(rules: Rules, done: Done, pair: Pair, adopted: bool) -> Decision:
    side = _only_side(done)
    _check_direction(rules, side)
    if adopted:
        return Decision(Action.COUPLE)
    if pair.record(side) is not None:
        raise _Refused("undo_record_exists", side=side.value)
    written = done.changes[side]
    values = _restored(rules, side, _positions(rules, side, written), written, 0)
    form = rules.compiled.canonical[side](_row(rules, values))
    base = tuple(value if position in values else UNKNOWN for position, value in enumerate(form))
    left, right = (values, {}) if side is Side.LEFT else ({}, values)
    return Decision(Action.CREATE, side, left, right, base, base)
