"""Whether a configuration fits the systems' real tables: what the file alone cannot show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from couplings import links
from couplings.configuration.checks import same_tables, shared_targets
from couplings.configuration.entries import Document, FieldEntry, MappingEntry, SideEntry
from couplings.configuration.problems import Path, Problems, nearest
from couplings.configuration.value_checks import all_steps
from couplings.models import Connection
from jobs.services import filter_values
from jobs.services.lookup_validation import LookupValidator
from jobs.services.systems import Systems
from jobs.services.value_validation import ValueValidator, field_rule
from syncstatus.connectors.errors import (
    AccessDenied,
    ConnectorError,
    DriverUnsupported,
    FilterValueInvalid,
    KeyMissing,
    SchemaMismatch,
    SettingsInvalid,
    TableMissing,
    TypeUnsupported,
)
from syncstatus.connectors.ports import FieldInfo, Source, TableInfo
from syncstatus.engine.compiled import compared_kind
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction
from syncstatus.engine.values import Kind, KindsDiffer

KEY_KINDS = frozenset(Kind) - {Kind.JSON, Kind.FLOAT}
VERSION_KINDS = frozenset(Kind) - {Kind.JSON, Kind.FLOAT, Kind.BOOLEAN}
MODIFIED_ON_KINDS = frozenset({Kind.DATETIME, Kind.DATE})
OF_TEXTS = frozenset({"trim", "upper", "lower", "title"})
MATCH_KINDS = frozenset(Kind) - {Kind.JSON, Kind.FLOAT, Kind.BINARY}


@dataclass(frozen=True)
class Validation:
    """Problems in the file, and the connections that could not be used at all, by name."""

    problems: Problems
    failed: Mapping[str, ConnectorError]


def validate(document: Document, stored: Document, connections: Mapping[str, Connection]) -> Validation:
    """Compares the mappings of ``document`` with the systems; disabled ones are left out, so that a mapping of a
    system that is gone can be kept. ``connections`` are those that will hold, saved or not, by name.

    A connection that cannot be used is no exception: it is told in the answer, together with all other problems.
    """
    with Systems(connections) as systems:
        validator = Validator(document, systems, document.over(stored))
        for mapping in document.mappings.values():
            if mapping.enabled:
                validator.mapping(mapping)
        problems = validator.problems
        problems += same_tables(document, systems.identity)
        problems += shared_targets(document, stored, systems.identity)
        failed = dict(systems.failed)
    for name in [name for name, error in failed.items() if isinstance(error, SettingsInvalid)]:
        refuse_settings(problems, document, name, failed.pop(name))
    return Validation(problems, failed)


def refuse_settings(problems: Problems, document: Document, name: str, error: ConnectorError) -> None:
    path = ("connections", name, "url")
    code = "driver_unsupported" if isinstance(error, DriverUnsupported) else "url_unusable"
    parameter = f" (?{error.params['parameter']}=)" if "parameter" in error.params else ""
    problems.add(document.place(path), path, code, connection=name, **{**error.params, "parameter": parameter})


class Validator:
    def __init__(self, document: Document, systems: Systems, whole: Document) -> None:
        self.document = document
        self.whole = whole
        self.systems = systems
        self.problems = Problems()

    def refuse(self, path: Path, code: str, **params: Any) -> None:
        self.problems.add(self.document.place(path), path, code, **params)

    def mapping(self, entry: MappingEntry) -> None:
        tables = {side: self.table(entry, side) for side in Side}
        for side, table in tables.items():
            if table is not None:
                before = len(self.problems)
                SideValidator(self, entry, side, table).validate()
                if len(self.problems) == before:
                    self.bind(entry, side)
        left, right = tables[Side.LEFT], tables[Side.RIGHT]
        if left is not None and right is not None:
            for field in entry.mapped:
                self.pair(entry, field, left.fields.get(field.left), right.fields.get(field.right))
            if self.document.is_sound(entry):
                ValueValidator(self, entry, {Side.LEFT: left, Side.RIGHT: right}).validate()
                LookupValidator(self, entry, self.whole).validate()

    def table(self, entry: MappingEntry, side: Side) -> TableInfo | None:
        values = entry.side(side)
        found = self.systems.describe(values)
        if found is None or isinstance(found, TableInfo):
            return found
        self.refuse_table(entry, side, found)
        return None

    def refuse_table(self, entry: MappingEntry, side: Side, error: ConnectorError) -> None:
        values = entry.side(side)
        setting, code = last_word(values, error)
        params = {"detail": error.detail or error.code, "type": error.params.get("kind", ""), **error.params}
        params |= {"table": full_name(values), "connection": values.connection}
        self.refuse((*entry.path, side.value, *setting), code, **params)

    def bind(self, entry: MappingEntry, side: Side) -> None:
        """The connector has the last word on a side in which nothing was found."""
        try:
            self.systems.bind(entry.side(side), source_of(entry, side))
        except (SchemaMismatch, AccessDenied) as error:
            self.refuse_table(entry, side, error)

    def pair(self, entry: MappingEntry, field: FieldEntry, left: FieldInfo | None, right: FieldInfo | None) -> None:
        if left is None or right is None or left.type is None or right.type is None:
            return  # already told
        path = (*entry.path, "fields", field.left)
        params = {"left": left.name, "right": right.name}
        try:
            compared_kind(field_rule(field, left.type, right.type), entry.direction)
        except KindsDiffer:
            types = {"left_type": left.native_type, "right_type": right.native_type}
            self.refuse(path, "kinds_differ", **params, **types)
            return
        steps = [step.name for steps in all_steps(field) for step in steps]
        no_values = {left.type.kind, right.type.kind} & {Kind.JSON, Kind.BINARY}
        only_texts = steps if no_values else [name for name in steps if name in OF_TEXTS]
        if only_texts and (no_values or Kind.TEXT not in (left.type.kind, right.type.kind)):
            self.refuse((*path, "transform"), "transform_needs_text", transform=only_texts[0], **params)


class SideValidator:
    """One side of a mapping against its table."""

    def __init__(self, parent: Validator, entry: MappingEntry, side: Side, table: TableInfo) -> None:
        self.parent = parent
        self.entry = entry
        self.side = side
        self.table = table
        self.values = entry.side(side)
        self.path = (*entry.path, side.value)

    def refuse(self, path: Path, code: str, **params: Any) -> None:
        about = {"table": full_name(self.values), "connection": self.values.connection}
        self.parent.refuse(path, code, **about, **params)

    def validate(self) -> None:
        self.key()
        self.column("modified_on", self.values.modified_on, MODIFIED_ON_KINDS)
        self.column("version", self.values.version, VERSION_KINDS)
        self.link()
        for field, condition in self.values.filter.items():
            self.condition(field, condition)
        for mapped in self.entry.mapped:
            self.field(mapped)
        if self.parent.document.is_sound(self.entry):
            self.required()

    def near(self, name: str) -> str:
        return nearest(name, self.table.fields)

    def key(self) -> None:
        if not self.values.key and not self.table.key:
            self.refuse((*self.path, "table"), "no_primary_key")
        for name in self.values.key:
            if name not in self.table.fields:
                self.refuse((*self.path, "key"), "key_field_missing", field=name, near=self.near(name))
        for name in self.values.key or self.table.key:
            info = self.table.fields.get(name)
            if info is not None and (info.type is None or info.type.kind not in KEY_KINDS):
                self.refuse((*self.path, "key"), "key_type_unsupported", field=name, type=info.native_type)

    def column(self, setting: str, name: str, kinds: frozenset[Kind]) -> None:
        if not name:
            return
        info = self.table.fields.get(name)
        if info is None:
            self.refuse((*self.path, setting), f"{setting}_missing", field=name, near=self.near(name))
        elif info.type is not None and info.type.kind not in kinds:
            # A type that cannot be mapped may still serve, like PostgreSQL's xid8: the connector knows (``bind``).
            self.refuse((*self.path, setting), f"{setting}_type", field=name, type=info.native_type)

    def link(self) -> None:
        key, link = self.values.key or self.table.key, self.values.link
        if not link or not key:
            return
        if unknown := links.unknown(link, key):
            known = ", ".join([*key, *([links.KEY] if len(key) == 1 else [])])
            params = {"field": unknown, "known": known, "near": nearest(unknown, key)}
            self.refuse((*self.path, "link"), "link_field_unknown", **params)
        elif len(key) > 1 and not self.values.key:
            self.refuse((*self.path, "link"), "link_needs_key")

    def condition(self, name: str, condition: Any) -> None:
        path = (*self.path, "filter", name)
        info = self.table.fields.get(name)
        if info is None:
            self.refuse(path, "filter_field_unknown", field=name, near=self.near(name))
        elif info.type is None:
            self.refuse(path, "field_type_unsupported", field=name, type=info.native_type)
        else:
            for code, params in filter_values.problems(info.type.kind, condition):
                self.refuse(path, code, field=name, type=info.native_type, **params)

    def field(self, mapped: FieldEntry) -> None:
        name = mapped.field(self.side)
        if not name:
            return  # already told
        path = (*self.entry.path, "fields", mapped.left)
        info = self.table.fields.get(name)
        if info is None:
            place = (*path, "to") if self.side is Side.RIGHT else path
            self.refuse(place, "field_missing", field=name, near=self.near(name))
        elif info.type is None:
            self.refuse(path, "field_type_unsupported", field=name, type=info.native_type)
        else:
            self.writable(mapped, info, path)
            if mapped.match is not None and info.type.kind not in MATCH_KINDS:
                self.refuse((*path, "match"), "match_type", field=name, type=info.native_type)

    def writable(self, mapped: FieldEntry, info: FieldInfo, path: Path) -> None:
        sound = self.parent.document.is_sound(self.entry)
        if info.writable or not sound or not self.entry.writes(mapped, self.side):
            return
        other = Direction.RIGHT_TO_LEFT if self.side is Side.RIGHT else Direction.LEFT_TO_RIGHT
        self.refuse(path, "field_read_only", field=info.name, direction=other.value)

    def required(self) -> None:
        """A side on which records are created needs all its required fields."""
        if not self.creates():
            return
        filled = {mapped.field(self.side) for mapped in self.entry.mapped if self.entry.writes(mapped, self.side)}
        filled |= {constant.field for constant in self.entry.constants if constant.side is self.side}
        filled |= {name for one in self.entry.defaults if one.side is self.side and not one.when for name in one.values}
        for info in self.table.fields.values():
            if info.required and not info.generated and info.name not in filled:
                self.refuse((*self.entry.path, "fields"), "required_field_unfilled", field=info.name)

    def creates(self) -> bool:
        restores = DeletionPolicy.RESTORE in (self.entry.deletion_conflict, self.entry.deleted_and_changed)
        return self.entry.direction.writes(self.side) and (restores or not self.entry.only_coupled)


def last_word(side: SideEntry, error: ConnectorError) -> tuple[Path, str]:
    """The setting that a connector refused, and the message code."""
    field = error.params.get("field")
    match error:
        case TableMissing() | AccessDenied():
            return ("table",), error.code
        case KeyMissing():
            return ("key",), error.params.get("reason", "table_unusable")
        case TypeUnsupported() if field == side.modified_on:
            return ("modified_on",), "modified_on_type"
        case TypeUnsupported() if field == side.version:
            return ("version",), "version_type"
        case FilterValueInvalid():
            return ("filter", str(field)), "filter_value_type"
    return ("table",), "table_unusable"


def full_name(side: SideEntry) -> str:
    return f"{side.schema}.{side.table}" if side.schema else side.table


def source_of(entry: MappingEntry, side: Side) -> Source:
    """The side as its connector is asked for it."""
    values = entry.side(side)
    return Source(
        table=values.table,
        fields=tuple(field.field(side) for field in entry.mapped),
        schema=values.schema or None,
        key=values.key,
        modified_on=values.modified_on or None,
        version=values.version or None,
        filter=values.filter,
    )
