"""A mapping's rules as the engine wants them, from the configuration and what the systems say of their fields."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from couplings.configuration.new_records import DefaultEntry, defaults_of
from couplings.configuration.values import steps_of, values_of
from couplings.layout import Line, layout
from couplings.models import FieldMapping, TableMapping
from couplings.parents import lookups_of
from syncstatus.engine import conditions
from syncstatus.engine.conditions import Default
from syncstatus.engine.lookups import Lookup
from syncstatus.engine.records import Side
from syncstatus.engine.rules import (
    DeletionPolicy,
    Direction,
    FieldRule,
    Guard,
    Rules,
    UpdatePolicy,
)
from syncstatus.engine.transformed import as_type, typed_value
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.values import FieldType


class Described(Protocol):
    """What a connector tells of a field; the configuration has refused fields without a type."""

    @property
    def type(self) -> FieldType | None: ...


Fields = Mapping[str, Described]


def load_rules(mapping: TableMapping, left: Fields, right: Fields) -> Rules:
    """The rules of ``mapping``, its fields in the order of ``couplings.layout``.

    ``left`` and ``right`` describe the fields of both tables by name. Raises KeyError when one of the mapping's fields
    is not among them: callers open both endpoints first, which names a missing field properly. Raises ``ValueRefused``
    for a default that does not fit into its field any more.
    """
    lines, tables = layout(mapping), {Side.LEFT: left, Side.RIGHT: right}
    lookups = lookups_of(mapping, (line.field for line in lines))
    defaults = {side: tuple(_defaults(mapping, side, lines, tables)) for side in Side}
    return Rules(
        fields=tuple(_rule(line, _type(left, line.left), _type(right, line.right), lookups) for line in lines),
        direction=Direction(mapping.direction),
        only_coupled=mapping.only_coupled,
        update_conflict=UpdatePolicy(mapping.update_conflict),
        deletion_conflict=DeletionPolicy(mapping.deletion_conflict),
        deleted_and_changed=DeletionPolicy(mapping.deleted_and_changed),
        delete_guard=Guard(mapping.guard_share, mapping.guard_count),
        left_defaults=defaults[Side.LEFT],
        right_defaults=defaults[Side.RIGHT],
    )


def _type(table: Fields, name: str) -> FieldType:
    type_ = table[name].type
    if type_ is None:
        raise KeyError(name)
    return type_


def _rule(line: Line, left: FieldType, right: FieldType, lookups: Mapping[int, Lookup]) -> FieldRule:
    if line.field is None:
        return FieldRule(line.left, line.right, left, right, carried=True)
    if line.field.constant is not None:
        return _constant(line, line.field, left, right)
    return _field_rule(line.field, left, right, lookups.get(line.field.pk))


def _constant(line: Line, field: FieldMapping, left: FieldType, right: FieldType) -> FieldRule:
    """A constant travels to its field like any other value; the field it is read from is of no account."""
    step = Step("constant", {"value": field.constant})
    return FieldRule(line.left, line.right, left, right, Direction(field.direction), (step,))


def _field_rule(field: FieldMapping, left: FieldType, right: FieldType, lookup: Lookup | None) -> FieldRule:
    return FieldRule(
        left=field.left,
        right=field.right,
        left_type=left,
        right_type=right,
        direction=Direction(field.direction),
        policy=UpdatePolicy(field.policy) if field.policy else None,
        match=field.match,
        case_sensitive=field.case_sensitive,
        accent_sensitive=field.accent_sensitive,
        values=values_of(field.values),
        required=field.required,
        clears=field.clear,
        lookup=lookup,
        **steps_of(field.transforms),
    )


def _defaults(mapping: TableMapping, side: Side, lines: list[Line], tables: Mapping[Side, Fields]) -> list[Default]:
    positions = {line.name(side.other): position for position, line in enumerate(lines)}
    found = []
    for entry in defaults_of(mapping.defaults):
        if entry.side is side:
            when = _when(entry, positions, tables[side.other])
            values = entry.values.items()
            found += [Default(name, typed_value(value, _type(tables[side], name)), when) for name, value in values]
    return found


def _when(entry: DefaultEntry, positions: Mapping[str, int], table: Fields) -> dict[int, Callable[[Any], bool]]:
    return {
        positions[name]: conditions.check(condition, partial(as_type, type_=_type(table, name)))
        for name, condition in entry.when.items()
    }
