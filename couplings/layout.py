"""The fields of a mapping in the order of its rules: what is read on both sides, and for what.

A constant has a field on one side only, and some rules read fields that are not mapped. A record has one value for each
rule all the same, so the side without a field shows another of its mapped ones, which nothing is done with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from couplings.configuration.new_records import defaults_of
from couplings.configuration.values import steps_of
from couplings.models import FieldMapping, TableMapping
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction
from syncstatus.engine.transforms import chain


@dataclass(frozen=True, slots=True)
class Line:
    """``field`` None: ``reads`` names the side whose field is only read, for the rules of others."""

    left: str
    right: str
    field: FieldMapping | None = None
    reads: Side | None = None

    def name(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right


def layout(mapping: TableMapping) -> list[Line]:
    """One line for each rule: the fields that take part, then those that are only read."""
    active = [field for field in mapping.fields.all() if field.enabled]
    shown = {side: next((name for field in active if (name := getattr(field, side.value))), "") for side in Side}
    lines = [Line(f.left or shown[Side.LEFT], f.right or shown[Side.RIGHT], f) for f in active]
    for side, names in _read_besides(mapping, active).items():
        for name in sorted(names - {line.name(side) for line in lines}):
            there = {side: name, side.other: shown[side.other]}
            lines.append(Line(there[Side.LEFT], there[Side.RIGHT], reads=side))
    return lines


def field_names(mapping: TableMapping, side: Side) -> tuple[str, ...]:
    """The fields of ``side`` in the order of the rules."""
    return tuple(line.name(side) for line in layout(mapping))


def travel(mapping: TableMapping, field: FieldMapping) -> Direction:
    """The direction in which the field's values really travel."""
    own = Direction(mapping.direction)
    return Direction(field.direction) if own is Direction.BIDIRECTIONAL else own


def _read_besides(mapping: TableMapping, active: list[FieldMapping]) -> Mapping[Side, set[str]]:
    """What steps and conditions ask of a record, besides its mapped fields."""
    found: dict[Side, set[str]] = {side: set() for side in Side}
    for field in active:
        if field.transforms:
            source = Side.RIGHT if travel(mapping, field) is Direction.RIGHT_TO_LEFT else Side.LEFT
            for steps in steps_of(field.transforms).values():
                found[source] |= chain.reads(steps)
    for default in defaults_of(mapping.defaults):
        found[default.side.other] |= set(default.when)
    return found
