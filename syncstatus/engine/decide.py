"""The decision for one pair of records (DESIGN R1-R4, R8, R11).

=====================================  =============================================================================
the pair                               the answer
=====================================  =============================================================================
both absent, never coupled             NOTHING
both absent, coupled                   UNCOUPLE
a record outside its filter            EXCLUDE
one record, never coupled              CREATE on the other side; EXCLUDE where only coupled records travel or the
                                       direction allows no write there
two records, never coupled (matched)   COUPLE, with the loser's fields written; ERROR ``first_contact``
one deleted, the other unchanged       by ``deletion_conflict``: ERROR ``record_deleted``; CREATE, UNCOUPLE, DELETE
one deleted, the other changed         by ``deleted_and_changed``: ERROR of that name; CREATE, UNCOUPLE, DELETE
two records, versions as remembered    NOTHING; their values are not looked at
two records, in step                   REFRESH
two records, moved apart               UPDATE of one side or both, by field; ERROR ``conflict``: nothing is written
=====================================  =============================================================================

A value that cannot be read or converted makes a write an ERROR of kind ``validation``. An open error that is skipped
turns whatever would write, or uncouple by policy, into SKIP. A person's instruction stands above the policies; one
that no longer fits the pair is a SKIP that says so. An echo of our own write (R8) equals the base: REFRESH.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncstatus.engine import lookups, problems
from syncstatus.engine.compiled import first_unreadable
from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.merge import Merge, merge
from syncstatus.engine.records import UNKNOWN, Memory, Pair, Record, Side, Values, has_unknown
from syncstatus.engine.rules import NO_INSTRUCTION, DeletionPolicy, Instruction, Rules
from syncstatus.engine.values import ValueRefused

NOTHING: Final = Decision(Action.NOTHING)
EXCLUDE: Final = Decision(Action.EXCLUDE)
UNCOUPLE: Final = Decision(Action.UNCOUPLE)


def decide(rules: Rules, pair: Pair, instruction: Instruction = NO_INSTRUCTION, *, skipped: bool = False) -> Decision:
    """What to do with one pair, by the table above; a pure function of its arguments.

    ``skipped`` says that an open error keeps the record out until a person acts: an answer of SKIP carries the fresh
    problem when there is one, any other answer means that the error closes. It does not hold against an instruction.
    Raises ``KindsDiffer`` when the rules themselves cannot be followed, and nothing because of a value.
    """
    if rules.compiled.parents:
        pair = lookups.as_of_now(rules, pair)
    decision = _decide(rules, pair, instruction)
    if skipped and instruction == NO_INSTRUCTION and not _closes(pair, decision):
        return Decision(Action.SKIP, problem=decision.problem)
    return decision


def _closes(pair: Pair, decision: Decision) -> bool:
    """Whether an open error has nothing left to say: nothing is to be written, and no policy decides behind it."""
    match decision.action:
        case Action.NOTHING | Action.REFRESH | Action.EXCLUDE:
            return True
        case Action.COUPLE:
            return not decision.left and not decision.right
        case Action.UNCOUPLE:
            return pair.left is None and pair.right is None
    return False


def _decide(rules: Rules, pair: Pair, instruction: Instruction) -> Decision:
    left, right, memory = pair.left, pair.right, pair.memory
    if memory is not None and instruction.deletion is DeletionPolicy.UNCOUPLE:
        return UNCOUPLE
    if (left is not None and not left.included) or (right is not None and not right.included):
        return EXCLUDE
    if left is not None and right is not None:
        return _two(rules, left, right, memory, instruction)
    if left is None and right is None:
        return NOTHING if memory is None else UNCOUPLE
    missing, survivor = (Side.LEFT, right) if left is None else (Side.RIGHT, left)
    assert survivor is not None
    if memory is None:
        return _alone(rules, missing, survivor, instruction)
    return _deleted(rules, missing, survivor, memory, instruction)


# Two records


def _two(rules: Rules, left: Record, right: Record, memory: Memory | None, instruction: Instruction) -> Decision:
    if memory is None:
        unknown = (UNKNOWN,) * len(rules.fields)
        return _merged(rules, left, right, (unknown, unknown), None, instruction)
    if left.version == memory.left_version and right.version == memory.right_version and not _unsettled(memory, left):
        return NOTHING
    return _merged(rules, left, right, (memory.left_base, memory.right_base), memory, instruction)


def _unsettled(memory: Memory, record: Record) -> bool:
    """Whether a field was never agreed on (mapped since, for example) and its values are at hand."""
    return has_unknown(memory.left_base) and bool(record.values)


def _merged(
    rules: Rules, left: Record, right: Record, bases: tuple[Values, Values], memory: Memory | None,
    instruction: Instruction,
) -> Decision:  # fmt: skip
    canonical = rules.compiled.canonical
    # A record that was taken for what the coupling remembers holds the very base, which is canonical.
    values = (
        bases[0] if left.values is bases[0] else canonical[Side.LEFT](left.values),
        bases[1] if right.values is bases[1] else canonical[Side.RIGHT](right.values),
    )
    if values == bases:
        return Decision(Action.REFRESH, left_base=bases[0], right_base=bases[1])
    broken = _unreadable(values, bases)
    if broken is not None:
        return Decision(Action.ERROR, problem=broken)
    found = merge(rules, (left, right), values, bases, instruction)
    waited = lookups.leave_links(rules, found, values, bases) if rules.compiled.parents else None
    differing = (*found.to_left, *found.to_right, *found.conflicts)
    misfit = _misfit(rules, instruction, differing) if differing else None
    if misfit is not None:
        return Decision(Action.SKIP, problem=misfit)
    if found.conflicts:
        return Decision(Action.ERROR, problem=_conflict(found, memory, values))
    decision = _write(rules, values, found, memory)
    return decision if waited is None else _following(rules, decision, waited, values)


def _unreadable(values: tuple[Values, Values], bases: tuple[Values, Values]) -> Problem | None:
    """A value that has no Python form, on a side that was read: what is taken for the base was readable."""
    for side, row, base in ((Side.LEFT, values[0], bases[0]), (Side.RIGHT, values[1], bases[1])):
        position = None if row is base else first_unreadable(row)
        if position is not None:
            return problems.unreadable(side, position, row[position])
    return None


def _misfit(rules: Rules, instruction: Instruction, differing: tuple[int, ...]) -> Problem | None:
    """Why an instruction cannot be followed for two records that differ (SCENARIOS T30)."""
    fields = tuple(sorted(differing))
    if instruction.deletion is DeletionPolicy.RESTORE:
        return problems.conflict("restore_not_needed", fields)
    if instruction.deletion is DeletionPolicy.DELETE:
        return problems.conflict("delete_not_possible", fields)
    if instruction.use is not None and not rules.direction.writes(instruction.use.other):
        params = {"side": instruction.use.other.value}
        return Problem(ErrorKind.CONFLICT, "direction_forbids", params, fields)
    return None


def _conflict(found: Merge, memory: Memory | None, values: tuple[Values, Values]) -> Problem:
    """Links of which one is not coupled may come to the same when it is; they wait for that, if they are all."""
    missing = {
        position: one for position in found.conflicts if (one := lookups.uncoupled(values, position)) is not None
    }
    if len(missing) == len(found.conflicts):
        position, parent = next(iter(missing.items()))
        return problems.missing_parent(parent, position)
    code = "first_contact" if memory is None else "newest_unknown" if found.undated else "conflict"
    return problems.conflict(code, tuple(position for position in found.conflicts if position not in missing))


def _write(rules: Rules, values: tuple[Values, Values], found: Merge, memory: Memory | None) -> Decision:
    try:
        left = _converted(rules, Side.LEFT, values[1], found.to_left) if found.to_left else {}
        right = _converted(rules, Side.RIGHT, values[0], found.to_right) if found.to_right else {}
    except _RefusedError as refused:
        return Decision(Action.ERROR, problem=refused.problem)
    side = Side.LEFT if left and not right else Side.RIGHT if right and not left else None
    action = Action.COUPLE if memory is None else Action.UPDATE if left or right else Action.REFRESH
    if rules.compiled.transformed:
        found = _as_read_back(rules, found, left, right)
    left_base = right_base = tuple(found.left_base)
    if found.right_base is not found.left_base and found.right_base != found.left_base:
        right_base = tuple(found.right_base)
    return Decision(action, side, left, right, left_base, right_base, overrules=found.overrules)


def _following(rules: Rules, decision: Decision, waited: int, values: tuple[Values, Values]) -> Decision:
    """The decision without the link at ``waited``, which follows when its parent is coupled."""
    missing = lookups.uncoupled(values, waited)
    assert missing is not None
    return replace(decision, follows=problems.missing_parent(missing, waited))


def _as_read_back(rules: Rules, found: Merge, left: Mapping[int, Any], right: Mapping[int, Any]) -> Merge:
    """The bases with what was sent in the form in which it will read back: a transformation may lose something, and
    that is no change then (SCENARIOS T15)."""
    bases = {Side.LEFT: list(found.left_base), Side.RIGHT: list(found.right_base)}
    for side, sent in ((Side.LEFT, left), (Side.RIGHT, right)):
        for position in sent.keys() & rules.compiled.transformed.keys():
            form = bases[side][position]
            bases[side][position] = rules.compiled.read_back(side, position, sent[position], form)
    return replace(found, left_base=bases[Side.LEFT], right_base=bases[Side.RIGHT])


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _converted(rules: Rules, side: Side, values: Values, positions: Sequence[int]) -> Mapping[int, Any]:
    """The other side's canonical ``values`` at ``positions`` in the types of ``side``."""
    converters = rules.compiled.converters[side]
    sent: dict[int, Any] = {}
    position = 0
    try:
        for position in positions:
            sent[position] = converters[position](values[position])
    except ValueRefused as refusal:
        raise _RefusedError(problems.refused(side, position, refusal)) from None
    return sent


# One record


def _alone(rules: Rules, missing: Side, survivor: Record, instruction: Instruction) -> Decision:
    """A record that was never coupled; a person's restore creates it even where only coupled records travel."""
    if instruction.deletion is DeletionPolicy.DELETE:
        problem = Problem(ErrorKind.DELETED, "not_coupled", {"missing_side": missing.value})
        return Decision(Action.SKIP, problem=problem)
    wanted = not rules.only_coupled or instruction.deletion is DeletionPolicy.RESTORE
    if not wanted or not rules.direction.writes(missing):
        return EXCLUDE
    travels = rules.compiled.travels[missing]
    return _create(rules, missing, survivor, tuple(position for position, yes in enumerate(travels) if yes))


def _create(rules: Rules, side: Side, source: Record, positions: tuple[int, ...]) -> Decision:
    compiled = rules.compiled
    values = compiled.canonical[side.other](source.values)
    position = first_unreadable(values)
    if position is not None:
        return Decision(Action.ERROR, problem=problems.unreadable(side.other, position, values[position]))
    if not all(compiled.clears):
        positions = tuple(p for p in positions if compiled.clears[p] or values[p] not in (None, ""))
    given, waited = lookups.without_links(rules, side, values, positions) if compiled.parents else (values, None)
    try:
        sent = _converted(rules, side, given, positions)
    except _RefusedError as refused:
        return Decision(Action.ERROR, problem=refused.problem)
    known = compiled.carried.union(sent)
    base = tuple(value if position in known else UNKNOWN for position, value in enumerate(given))
    decision = Decision(Action.CREATE, side, left_base=base, right_base=base)
    if waited is not None:
        decision = _following(rules, decision, waited, (values, values))
    if compiled.transformed:
        there = {p: compiled.read_back(side, p, sent[p], base[p]) for p in sent.keys() & compiled.transformed.keys()}
        theirs = tuple(there.get(p, value) for p, value in enumerate(base))
        left, right = (theirs, base) if side is Side.LEFT else (base, theirs)
        decision = replace(decision, left_base=left, right_base=right)
    if rules.defaults(side):
        decision = replace(decision, defaults=_defaults(rules, side, source, sent))
    return replace(decision, left=sent) if side is Side.LEFT else replace(decision, right=sent)


def _defaults(rules: Rules, side: Side, source: Record, sent: Mapping[int, Any]) -> dict[str, Any]:
    """The first default that holds for each field, never over a value that is sent."""
    mapped = {rules.fields[position].field(side) for position in sent}
    found: dict[str, Any] = {}
    for default in rules.defaults(side):
        if default.field not in mapped and default.field not in found and default.holds(source.values):
            found[default.field] = default.value
    return found


def _deleted(rules: Rules, missing: Side, survivor: Record, memory: Memory, instruction: Instruction) -> Decision:
    changed = _changed(rules, missing.other, survivor, memory)
    problem = problems.deletion(missing, changed)
    if instruction.deletion is None and (instruction.use is not None or instruction.fields):
        params = {"missing_side": missing.value}
        return Decision(Action.SKIP, problem=Problem(problem.kind, "record_missing", params, problem.fields))
    match instruction.deletion or (rules.deletion_conflict if changed is None else rules.deleted_and_changed):
        case DeletionPolicy.RESTORE if rules.direction.writes(missing):
            # Also the fields that do not travel there: they go back to what that side last had, not to its defaults.
            return _create(rules, missing, survivor, rules.compiled.writable[missing])
        case DeletionPolicy.RESTORE:
            return _forbidden("cannot_restore_here", missing, problem)
        case DeletionPolicy.DELETE if rules.direction.writes(missing.other):
            return Decision(Action.DELETE, missing.other, overrules=changed is not None)
        case DeletionPolicy.DELETE if instruction.deletion is not None:
            return _forbidden("cannot_delete_here", missing.other, problem)
        case DeletionPolicy.UNCOUPLE:
            return UNCOUPLE
    return Decision(Action.ERROR, problem=problem)


def _changed(rules: Rules, side: Side, survivor: Record, memory: Memory) -> tuple[int, ...] | None:
    """The fields that moved since the pair was in step; None when none did. A field without a base has not moved."""
    if survivor.version == memory.version(side):
        return None
    values, base = rules.compiled.canonical[side](survivor.values), memory.base(side)
    moved = [
        position for position, (now, then) in enumerate(zip(values, base, strict=True))
        if then is not UNKNOWN and now != then
    ]  # fmt: skip
    return tuple(moved) or None


def _forbidden(code: str, side: Side, problem: Problem) -> Decision:
    params = {"side": side.value}
    return Decision(Action.ERROR, problem=Problem(problem.kind, code, params, problem.fields))
