"""The three-way merge of two records by field (DESIGN R1, R2).

For one field, with what each side held when the pair was last in step:

============================  ==================================================================
equal on both sides           agreed, whatever the base
neither moved                 left as it is: a side stores something else than it was sent (T15)
one way                       the target takes the source's value, whatever happened there
only one moved                the other takes it
both moved, or never agreed   a person's choice, else the field's policy, else the mapping's
============================  ==================================================================

Where a field's rule says that emptied values do not travel, an empty side has not moved, and is no source.
"""

from dataclasses import dataclass, field
from itertools import compress
from operator import ne
from typing import Any

from syncstatus.engine.compiled import Compiled
from syncstatus.engine.records import Record, Side, Values
from syncstatus.engine.rules import NO_INSTRUCTION, Instruction, Rules, UpdatePolicy


@dataclass(slots=True)
class Merge:
    """What a merge found: for each side the positions that take the other's value, and those nobody could decide.

    ``left_base`` and ``right_base`` are what to remember once the values were written as they are. ``overrules`` says
    that a value which the other side has not seen gives way.
    """

    left_base: list[Any]
    right_base: list[Any]
    to_left: list[int] = field(default_factory=list)
    to_right: list[int] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)
    undated: bool = False  # a conflict that "newest" could not decide
    overrules: bool = False

    def take(self, judged: Side | UpdatePolicy | None, position: int, left: Any, right: Any) -> None:
        """Note who won the field at ``position``, or that nobody did."""
        if judged is Side.LEFT:
            self.to_right.append(position)
            self.left_base[position] = self.right_base[position] = left
        elif judged is Side.RIGHT:
            self.to_left.append(position)
            self.left_base[position] = self.right_base[position] = right
        elif judged is None:
            self.left_base[position], self.right_base[position] = left, right
        else:
            self.conflicts.append(position)
            self.undated = self.undated or judged is UpdatePolicy.NEWEST


def merge(
    rules: Rules, records: tuple[Record, Record], values: tuple[Values, Values], bases: tuple[Values, Values],
    instruction: Instruction,
) -> Merge:  # fmt: skip
    """Merge the canonical ``values`` (left, right) against each side's own base; ``UNKNOWN`` where there is none."""
    if instruction is NO_INSTRUCTION and rules.compiled.all_free and bases[0] == bases[1]:
        if values[1] == bases[1]:
            return _one_moved(values[0], bases[0], Side.RIGHT)
        if values[0] == bases[0]:
            return _one_moved(values[1], bases[1], Side.LEFT)
    return _by_field(rules, records, values, bases, instruction)


def _one_moved(values: Values, base: Values, target: Side) -> Merge:
    """The same as field by field, and five times as fast: nearly all pairs of a run that changes much come by here."""
    moved = list(compress(range(len(base)), map(ne, values, base)))
    agreed = list(values)
    return Merge(agreed, agreed, to_right=moved) if target is Side.RIGHT else Merge(agreed, agreed, to_left=moved)


def _by_field(
    rules: Rules, records: tuple[Record, Record], values: tuple[Values, Values], bases: tuple[Values, Values],
    instruction: Instruction,
) -> Merge:  # fmt: skip
    left_base, right_base = list(bases[0]), list(bases[1])
    found = Merge(left_base, right_base)
    to_right = found.to_right
    free, clears = rules.compiled.free, rules.compiled.clears
    asked = instruction is not NO_INSTRUCTION
    for position, (left, right, left_then, right_then) in enumerate(zip(*values, *bases, strict=True)):
        if left == right:
            left_base[position] = right_base[position] = left
            continue
        left_moved, right_moved = left != left_then, right != right_then  # nothing equals UNKNOWN: both have moved
        if asked or not free[position] or left_moved is right_moved:
            if left_moved or right_moved:
                judge = _judge if clears[position] else _judge_filled
                judged = judge(rules.compiled, position, left_moved, right_moved, records, instruction, (left, right))
                found.take(judged, position, left, right)
                if (judged is Side.LEFT and right_moved) or (judged is Side.RIGHT and left_moved):
                    found.overrules = True
        elif left_moved:  # as ``take`` does it; this is where most changed fields come by
            to_right.append(position)
            left_base[position] = right_base[position] = left
        else:
            found.take(Side.RIGHT, position, left, right)
    return found


def _judge(
    compiled: Compiled, position: int, left_moved: bool, right_moved: bool, records: tuple[Record, Record],
    instruction: Instruction, values: tuple[Any, Any],
) -> Side | UpdatePolicy | None:  # fmt: skip
    """The side whose value is taken, the policy that could not decide, or None for a field that travels nowhere."""
    if not compiled.both_ways[position]:
        return _source(compiled.travels[Side.LEFT][position], compiled.travels[Side.RIGHT][position])
    chosen = _chosen(instruction, compiled.names[position])
    if chosen is not None:
        return chosen
    if left_moved and right_moved:
        return _by_policy(compiled.policies[position], records)
    return Side.LEFT if left_moved else Side.RIGHT


def _judge_filled(
    compiled: Compiled, position: int, left_moved: bool, right_moved: bool, records: tuple[Record, Record],
    instruction: Instruction, values: tuple[Any, Any],
) -> Side | UpdatePolicy | None:  # fmt: skip
    """The same for a field in which an emptied value says nothing, unless a person wants it."""
    left_filled, right_filled = (value not in (None, "") for value in values)
    if compiled.both_ways[position] and _chosen(instruction, compiled.names[position]) is None:
        left_moved, right_moved = left_moved and left_filled, right_moved and right_filled
        if not (left_moved or right_moved):
            return None
    judged = _judge(compiled, position, left_moved, right_moved, records, instruction, values)
    if compiled.both_ways[position]:
        return judged
    return judged if (left_filled if judged is Side.LEFT else right_filled) else None


def _source(to_left: bool, to_right: bool) -> Side | None:
    if to_right:
        return Side.LEFT
    return Side.RIGHT if to_left else None


def _chosen(instruction: Instruction, name: str) -> Side | None:
    return instruction.fields.get(name, instruction.use)


def _by_policy(policy: UpdatePolicy, records: tuple[Record, Record]) -> Side | UpdatePolicy:
    match policy:
        case UpdatePolicy.LEFT:
            return Side.LEFT
        case UpdatePolicy.RIGHT:
            return Side.RIGHT
        case UpdatePolicy.NEWEST:
            return _newer(*records) or policy
    return policy


def _newer(left: Record, right: Record) -> Side | None:
    """The side modified later; None when that is not known or both say the same instant."""
    if left.modified_at is None or right.modified_at is None or left.modified_at == right.modified_at:
        return None
    return Side.LEFT if left.modified_at > right.modified_at else Side.RIGHT
