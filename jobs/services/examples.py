"""What a mapping's rules make of a real record: each field as both systems hold it, and what would be written each way.

Nothing is written, and nothing is decided: which of the two ways is gone is for a run to decide. So the rules of a
mapping that is only being edited can be looked at as well (``couplings.configuration.stored.unsaved_mapping``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from couplings.models import Coupling, TableMapping
from jobs.runner import references, systems
from jobs.runner.reports import description
from jobs.services.comparison import display
from jobs.services.couplings import compact
from syncstatus.connectors.errors import ConnectorError
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine.records import Record, Side, Values
from syncstatus.engine.rules import FieldRule, Rules
from syncstatus.engine.values import Unreadable, ValueRefused

Shown = str | bool | None


@dataclass(frozen=True)
class Written:
    """What would be written; ``problem`` is a message (code, params) where the value cannot go that way."""

    value: Shown = None
    problem: tuple[str, dict[str, Any]] | None = None


@dataclass(frozen=True)
class Row:
    """One field. A side's value is None where there is no record; ``to_right`` and ``to_left`` are None where the field
    does not travel that way. ``equal``: both sides hold the same, in the form in which they are compared."""

    left_field: str
    right_field: str
    left: Shown
    right: Shown
    to_right: Written | None
    to_left: Written | None
    equal: bool


@dataclass(frozen=True)
class Example:
    """``keys`` are those of the records shown, None where a side has none. ``problem`` is a message (code, params) when
    a system could not be asked; then there are no rows. Without rows and problem, both tables are empty."""

    keys: Mapping[Side, str | None] = field(default_factory=lambda: dict.fromkeys(Side))
    rows: list[Row] = field(default_factory=list)
    description: str = ""
    problem: tuple[str, dict[str, Any]] | None = None


def example(mapping: TableMapping, *, side: Side = Side.LEFT, key: str = "") -> Example:
    """The record ``key`` of ``side`` and its partner; without a key the first coupled pair, else the first record that
    either table lists. Both systems are asked now. What cannot be asked or found is a ``problem``, not an exception.
    """
    try:
        endpoints, rules = systems.open_both(mapping)
        keys = _pair_of(mapping, side, compact(key)) if key else _first(mapping, endpoints)
        records = {one: _read(endpoints[one], keys[one]) for one in Side}
    except ConnectorError as error:
        return Example(problem=(error.code, {"mapping": mapping.name, **error.params, "detail": error.detail}))
    if key and records[side] is None:
        return Example(keys, problem=("record_not_found", {"side": side.value, "key": key}))
    if not any(records.values()):
        return Example(keys)
    name = description(rules, records[Side.LEFT], records[Side.RIGHT])
    return Example(keys, _rows(rules, records), name)


def _pair_of(mapping: TableMapping, side: Side, key: str) -> dict[Side, str | None]:
    partner = Coupling.objects.filter(**{"mapping_id": mapping.pk, f"{side.value}_key": key}).values_list(
        f"{side.other.value}_key", flat=True
    )
    return {side: key, side.other: partner.first()}


def _first(mapping: TableMapping, endpoints: Mapping[Side, Endpoint]) -> dict[Side, str | None]:
    """A pair tells more than a record alone."""
    pair = Coupling.objects.filter(mapping_id=mapping.pk).order_by("pk").values_list("left_key", "right_key").first()
    if pair is not None:
        return dict(zip(Side, pair, strict=True))
    for side in Side:
        listed = endpoints[side].keys(None, 1)
        if listed:
            return {side: listed[0].key, side.other: None}
    return dict.fromkeys(Side)


def _read(endpoint: Endpoint, key: str | None) -> Record | None:
    return endpoint.read([key]).get(key) if key is not None else None


def _rows(rules: Rules, records: Mapping[Side, Record | None]) -> list[Row]:
    lookups = references.lookups_of(rules)
    for side, record in records.items():
        references.learn_of(rules, lookups, side, [record] if record is not None else [])
    forms = {
        side: rules.compiled.canonical[side](record.values) if record is not None else None
        for side, record in records.items()
    }
    return [
        _row(rules, position, rule, records, forms) for position, rule in enumerate(rules.fields) if not rule.carried
    ]


def _row(
    rules: Rules,
    position: int,
    rule: FieldRule,
    records: Mapping[Side, Record | None],
    forms: Mapping[Side, Values | None],
) -> Row:
    shown = {side: display(record.values[position]) if record is not None else None for side, record in records.items()}
    left, right = forms[Side.LEFT], forms[Side.RIGHT]
    names = {side: rule.field(side) for side in Side}
    if rule.is_constant:  # the field it is read from is of no account
        source = Side.LEFT if rule.direction.writes(Side.RIGHT) else Side.RIGHT
        shown[source], names[source] = None, ""
    return Row(
        names[Side.LEFT],
        names[Side.RIGHT],
        shown[Side.LEFT],
        shown[Side.RIGHT],
        _written(rules, position, Side.RIGHT, left),
        _written(rules, position, Side.LEFT, right),
        equal=left is not None and right is not None and left[position] == right[position],
    )


def _written(rules: Rules, position: int, side: Side, forms: Values | None) -> Written | None:
    """What would be written on ``side``, of a record in the form compared."""
    if forms is None or not rules.compiled.travels[side][position]:
        return None
    form = forms[position]
    if isinstance(form, Unreadable):
        return Written(problem=(form.code, {"fields": [rules.fields[position].field(side.other)], **form.params}))
    try:
        return Written(display(rules.compiled.converters[side][position](form)))
    except ValueRefused as refused:
        return Written(problem=(refused.code, {"fields": [rules.fields[position].field(side)], **refused.params}))
