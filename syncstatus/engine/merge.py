"""The three-way merge of two records by field (DESIGN R1, R2).

For one field, with what each side held when the pair was last in step:

============================  ==================================================================
equal on both sides           agreed, whatever the base
neither moved                 left as it is: a side stores something else than it was sent (T15)
one way                       the target takes the source's value, whatever happened there
only one moved                the other takes it
both moved, or never agreed   a person's choice, else the field's policy, else the mapping's
============================  ==================================================================
"""

from dataclasses import dataclass, field
from typing import Any

from syncstatus.engine.compiled import Compiled
from syncstatus.engine.records import UNKNOWN, Record, Side, Values
from syncstatus.engine.rules import Instruction, Rules, UpdatePolicy


@dataclass(slots=True)
class Merge:
    """What a merge found: for each side the positions that take the other's value, and those nobody could decide.

    ``left_base`` and ``right_base`` are what to remember once the values were written as they are.
    """

    left_base: list[Any]
    right_base: list[Any]
    to_left: list[int] = field(default_factory=list)
    to_right: list[int] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)
    undated: bool = False  # a conflict that "newest" could not decide

    def take(self, judged: Side | UpdatePolicy | None, position: int, left: Any, right: Any) -> None:
        """Note who won the field at ``position``, or that nobody did."""
        if isinstance(judged, UpdatePolicy):
            self.conflicts.append(position)
            self.undated = self.undated or judged is UpdatePolicy.NEWEST
            return
        winner_left = right if judged is Side.RIGHT else left
        winner_right = left if judged is Side.LEFT else right
        self.left_base[position], self.right_base[position] = winner_left, winner_right
        if judged is Side.LEFT:
            self.to_right.append(position)
        elif judged is Side.RIGHT:
            self.to_left.append(position)


def merge(
    rules: Rules, records: tuple[Record, Record], values: tuple[Values, Values], bases: tuple[Values, Values],
    instruction: Instruction,
) -> Merge:  # fmt: skip
    """Merge the canonical ``values`` (left, right) against each side's own base; ``UNKNOWN`` where there is none."""
    found = Merge(list(bases[0]), list(bases[1]))
    for position, (left, right, left_then, right_then) in enumerate(zip(*values, *bases, strict=True)):
        if left == right:
            found.left_base[position] = found.right_base[position] = left
        elif left != left_then or right != right_then:  # UNKNOWN equals no value: a first contact comes here, too
            moved = (left != left_then, right != right_then)
            first = left_then is UNKNOWN or right_then is UNKNOWN
            judged = _judge(rules.compiled, position, first or all(moved), moved[0], records, instruction)
            found.take(judged, position, left, right)
    return found


def _judge(
    compiled: Compiled, position: int, contested: bool, left_moved: bool, records: tuple[Record, Record],
    instruction: Instruction,
) -> Side | UpdatePolicy | None:  # fmt: skip
    """The side whose value is taken, the policy that could not decide, or None for a field that travels nowhere."""
    to_left, to_right = compiled.travels[Side.LEFT][position], compiled.travels[Side.RIGHT][position]
    if not (to_left and to_right):
        return _source(to_left, to_right)
    chosen = _chosen(instruction, compiled.names[position])
    if chosen is not None:
        return chosen
    if contested:
        return _by_policy(compiled.policies[position], records)
    return Side.LEFT if left_moved else Side.RIGHT


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
