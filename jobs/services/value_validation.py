"""Whether transformations, value maps, constants and defaults fit the real fields of both tables."""

from collections.abc import Mapping
from typing import Any, Protocol

from couplings.configuration.entries import FieldEntry, MappingEntry
from couplings.configuration.new_records import DefaultEntry
from couplings.configuration.problems import Path, nearest
from couplings.configuration.value_checks import all_steps
from jobs.services import filter_values
from syncstatus.connectors.ports import FieldInfo, TableInfo
from syncstatus.engine.lookups import Lookup
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction, FieldRule
from syncstatus.engine.transformed import typed_value
from syncstatus.engine.transforms import chain
from syncstatus.engine.values import FieldType, ValueRefused

MOST = 10  # values of one map that are refused one by one


class Refusing(Protocol):
    def refuse(self, path: Path, code: str, **params: Any) -> None: ...


class ValueValidator:
    def __init__(self, parent: Refusing, entry: MappingEntry, tables: Mapping[Side, TableInfo]) -> None:
        self.parent = parent
        self.entry = entry
        self.tables = tables

    def validate(self) -> None:
        for field in self.entry.mapped:
            self.read_besides(field)
            self.mapped_values(field)
        for constant in self.entry.constants:
            self.given(constant.path(self.entry.path), constant.side, constant.field, constant.value)
        for default in self.entry.defaults:
            self.default(default)

    def read_besides(self, field: FieldEntry) -> None:
        """The other fields that a step asks for."""
        side = Side.RIGHT if self.entry.travel(field) is Direction.RIGHT_TO_LEFT else Side.LEFT
        path = (*self.entry.path, "fields", field.left, "transform")
        for name in sorted(set().union(*map(chain.reads, all_steps(field)))):
            self.known(path, "field_missing", side, name)

    def known(self, path: Path, code: str, side: Side, name: str) -> FieldInfo | None:
        """The field, or None once it is refused."""
        table = self.tables[side]
        info = table.fields.get(name)
        about = {"table": table.name, "connection": self.entry.side(side).connection, "field": name}
        if info is None:
            self.parent.refuse(path, code, near=nearest(name, table.fields), **about)
        elif info.type is None:
            self.parent.refuse(path, "field_type_unsupported", type=info.native_type, **about)
        else:
            return info
        return None

    def mapped_values(self, field: FieldEntry) -> None:
        """Every value of a map must be one that its field can hold."""
        right = self.tables[Side.RIGHT].fields.get(field.right)
        if field.values is None or right is None or right.type is None:
            return
        path = (*self.entry.path, "fields", field.left, "values")
        defaults = [field.values.default_to_right] if field.values.default_to_right is not None else []
        refused = 0
        for value in [*field.values.pairs.values(), *defaults]:
            if not self.fits(path, Side.RIGHT, right, value):
                refused += 1
            if refused == MOST:
                break

    def given(self, path: Path, side: Side, name: str, value: Any) -> None:
        """A value of the configuration for a field of ``side``."""
        info = self.known(path, "field_missing", side, name)
        if info is None:
            return
        if not info.writable:
            params = {"field": name, "connection": self.entry.side(side).connection}
            self.parent.refuse(path, "field_not_settable", **params)
        else:
            self.fits(path, side, info, value)

    def fits(self, path: Path, side: Side, info: FieldInfo, value: Any) -> bool:
        assert info.type is not None
        try:
            typed_value(value, info.type)
        except ValueRefused:
            params = {"value": str(value)[:60], "field": info.name, "type": info.native_type}
            self.parent.refuse(path, "value_unfit", connection=self.entry.side(side).connection, **params)
            return False
        return True

    def default(self, default: DefaultEntry) -> None:
        path = default.path(self.entry.path)
        for name, value in default.values.items():
            self.given((*path, "set", name), default.side, name, value)
        for name, condition in default.when.items():
            place = (*path, "when", name)
            info = self.known(place, "condition_field_unknown", default.side.other, name)
            if info is None or info.type is None:
                continue
            for code, params in filter_values.problems(info.type.kind, condition):
                self.parent.refuse(place, code, field=name, type=info.native_type, **params)


def field_rule(field: FieldEntry, left: FieldType, right: FieldType) -> FieldRule:
    """The engine's rule of a field, as far as types matter to it."""
    return FieldRule(
        field.left, field.right, left, right, field.direction, field.transforms,
        to_right=field.to_right, to_left=field.to_left, values=field.values,
        lookup=Lookup(field.lookup) if field.lookup else None,
    )  # fmt: skip
