"""A table bound to what a mapping uses of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.expression import TableClause

from syncstatus.connectors.errors import FieldMissing, KeyMissing, TypeUnsupported
from syncstatus.connectors.ports import Capabilities, Feed, Source, TableInfo
from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.dialects.base import Dialect, TableFacts
from syncstatus.connectors.sql.filters import FilterBuilder
from syncstatus.connectors.sql.keys import KeyCodec
from syncstatus.connectors.sql.reflection import Reflection
from syncstatus.engine.values import Kind

XID = "xid8"
PAGE_MAX = 10_000


class Versions(StrEnum):
    """Where a record's version comes from: the first of these that the table offers."""

    COLUMN = "column"  # the one the mapping names
    XMIN = "xmin"  # PostgreSQL's own row token
    HASH = "hash"  # of the mapped values; a write then locks the row and compares


@dataclass(frozen=True)
class BoundTable:
    """Everything that statements about one side of a mapping are made of.

    Columns are selected without types of SQLAlchemy: values pass through our codecs alone.
    """

    dialect: Dialect
    source: Source
    info: TableInfo
    facts: TableFacts
    columns: Mapping[str, Column]
    clause: TableClause
    key: KeyCodec
    versions: Versions
    feed: Feed
    condition: ColumnElement[bool] | None

    def element(self, name: str) -> ColumnElement[Any]:
        return self.clause.c[name]

    @cached_property
    def read_only(self) -> frozenset[str]:
        """Columns that the database computes itself."""
        return frozenset(column.name for column in self.columns.values() if not column.info.writable)

    @property
    def key_elements(self) -> list[ColumnElement[Any]]:
        return [self.element(column.name) for column in self.key.columns]

    @property
    def has_key(self) -> ColumnElement[bool]:
        """A configured key may be nullable; a record without a key cannot be addressed."""
        nullable = (column for column in self.key.columns if column.codec and column.codec.type.nullable)
        return sa.and_(sa.true(), *(self.element(column.name).is_not(None) for column in nullable))

    def behind(self, key: str) -> ColumnElement[bool]:
        """The rows after ``key`` in key order. Raises ``KeyMissing`` for a stored key that its own type cannot hold.

        SQLite stores any value in any column; paging on from such a key would begin again and never end.
        """
        return self.dialect.after_key(self.key.columns, self.key_elements, self._values_of(key))

    def ahead_of(self, key: str) -> ColumnElement[bool]:
        """The rows before ``key`` in key order. Raises ``KeyMissing`` as ``behind`` does."""
        return self.dialect.before_key(self.key.columns, self.key_elements, self._values_of(key))

    def _values_of(self, key: str) -> tuple[Any, ...]:
        values = self.key.values(key)
        if values is None:
            raise KeyMissing(table=self.source.table, reason="key_not_readable", key=key)
        return values

    @property
    def modified_on(self) -> Column | None:
        return self.columns[self.source.modified_on] if self.source.modified_on else None

    @property
    def stamped(self) -> list[Column]:
        """Columns that tell of a change and that nobody else sets for us.

        An application that keeps its modified-on or version column itself would have moved it; where a trigger does,
        it has the last word. Otherwise other readers of the table would never see what we wrote.
        """
        names = dict.fromkeys(name for name in (self.source.modified_on, self.source.version) if name)
        columns = [self.columns[name] for name in names]
        free = (column for column in columns if column.name not in self.source.fields and column.info.writable)
        return [column for column in free if self.stamp(column) is not None]

    def stamp(self, column: Column, *, creating: bool = False) -> ColumnElement[Any] | None:
        """What such a column is set to in our own write: the time, or the next number; None for other types."""
        if column.cast == XID:
            return sa.func.pg_current_xact_id()
        kind = column.codec.type.kind if column.codec else None
        if kind is Kind.INTEGER:
            return sa.literal(1) if creating else sa.func.coalesce(self.element(column.name), 0) + 1
        return self.dialect.stamp() if kind is Kind.DATETIME else None

    @property
    def capabilities(self) -> Capabilities:
        writable = all(column.info.writable for column in self.key.columns)
        folds = any(column.folds_case for column in self.key.columns)
        return Capabilities(self.feed, chooses_keys=writable, case_sensitive_keys=not folds, page_max=PAGE_MAX)


def bind(dialect: Dialect, reflection: Reflection, source: Source) -> BoundTable:
    """Raises ``FieldMissing``, ``KeyMissing``, ``TypeUnsupported``, ``FilterInvalid``."""
    columns = reflection.columns
    clause = sa.table(source.table, *(sa.column(name) for name in columns), schema=source.schema)
    for name in source.fields:
        _require_type(reflection, name)
    key = KeyCodec([columns[name] for name in _key(reflection, source)])
    for column in key.columns:
        _require_type(reflection, column.name)
    builder = FilterBuilder(dialect, columns, lambda name: clause.c[name])
    return BoundTable(
        dialect=dialect,
        source=source,
        info=reflection.info,
        facts=reflection.facts,
        columns=columns,
        clause=clause,
        key=key,
        versions=_versions(reflection, source),
        feed=_feed(reflection, source),
        condition=builder.condition(source.filter),
    )


def _require(reflection: Reflection, name: str) -> Column:
    if name not in reflection.columns:
        raise FieldMissing(table=reflection.info.name, field=name)
    return reflection.columns[name]


def _require_type(reflection: Reflection, name: str) -> None:
    column = _require(reflection, name)
    if column.codec is None:
        raise TypeUnsupported(table=reflection.info.name, field=name, type=column.info.native_type)


def _key(reflection: Reflection, source: Source) -> Sequence[str]:
    if not source.key:
        if not reflection.info.key:
            raise KeyMissing(table=source.table, reason="no_primary_key")
        return reflection.info.key
    missing = [name for name in source.key if name not in reflection.columns]
    if missing:
        raise KeyMissing(table=source.table, reason="key_field_missing", field=missing[0])
    # A view has no constraints to look at: the administrator's word is taken.
    if not reflection.facts.is_view and not any(unique <= set(source.key) for unique in reflection.unique):
        raise KeyMissing(table=source.table, reason="key_not_unique", field=", ".join(source.key))
    return source.key


def _versions(reflection: Reflection, source: Source) -> Versions:
    if source.version:
        if _require(reflection, source.version).cast != XID:
            _require_type(reflection, source.version)
        return Versions.COLUMN
    return Versions.XMIN if reflection.facts.has_xmin else Versions.HASH


def _feed(reflection: Reflection, source: Source) -> Feed:
    names = [name for name in (source.modified_on, source.version) if name]
    if any(_require(reflection, name).cast == XID for name in names):
        return Feed.XID
    if not source.modified_on:
        return Feed.NONE
    column = reflection.columns[source.modified_on]
    if column.codec is None or column.codec.type.kind not in (Kind.DATETIME, Kind.DATE):
        raise TypeUnsupported(table=source.table, field=column.name, type=column.info.native_type, use="modified_on")
    return Feed.TIME
