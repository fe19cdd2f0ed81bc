"""The columns of one SELECT, and what its rows become."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.ports import Stamp
from syncstatus.connectors.sql.columns import Convert, decode_rows
from syncstatus.connectors.sql.keys import text
from syncstatus.connectors.sql.table import XID, BoundTable, Versions
from syncstatus.engine.records import Record

Row = Sequence[Any]


class Selection:
    """Reads whole records, or only their stamps: fewer columns, unless the version is a hash of them all."""

    def __init__(self, table: BoundTable, *, bodies: bool) -> None:
        self.table = table
        self.hashes = table.versions is Versions.HASH
        self.width = len(table.source.fields) if bodies or self.hashes else 0
        self.columns: list[ColumnElement[Any]] = []
        self.decoders: list[Convert | None] = []
        for name in table.source.fields[: self.width]:
            self._add_column(name)
        for column in table.key.columns:
            self._add_column(column.name)
        self.version = self._add_version()
        self.modified = self._add_modified() if bodies else None
        self.included = self._add(sa.case((table.condition, 1), else_=0)) if table.condition is not None else None

    def _add(self, element: ColumnElement[Any], decode: Convert | None = None) -> int:
        self.columns.append(element.label(f"c{len(self.columns)}"))
        self.decoders.append(decode)
        return len(self.columns) - 1

    def _add_column(self, name: str) -> int:
        codec = self.table.columns[name].codec
        return self._add(self.table.element(name), codec.decode if codec else None)

    def _add_version(self) -> int | None:
        if self.hashes:
            return None
        codec = self.table.columns[self.table.source.version].codec if self.table.source.version else None
        return self._add(version_element(self.table), codec.decode if codec else None)

    def _add_modified(self) -> int | None:
        column = self.table.modified_on
        return None if column is None or column.cast == XID else self._add_column(column.name)

    def stamps(self, rows: Sequence[Row]) -> list[Stamp]:
        rows = decode_rows(rows, self.decoders)
        return [
            Stamp(key, version, included)
            for key, version, included in zip(self._keys(rows), self._versions(rows), self._included(rows), strict=True)
        ]

    def records(self, rows: Sequence[Row]) -> list[Record]:
        rows = decode_rows(rows, self.decoders)
        width = self.width
        return [
            Record(key, version, tuple(row[:width]), modified, included)
            for row, key, version, modified, included in zip(
                rows, self._keys(rows), self._versions(rows), self._modified(rows), self._included(rows), strict=True
            )
        ]

    def _keys(self, rows: Sequence[Row]) -> Iterable[str]:
        start, count = self.width, len(self.table.key.columns)
        if count == 1:
            return [text(row[start]) for row in rows]  # spares a tuple for each of them
        return [self.table.key.text(row[start : start + count]) for row in rows]

    def _versions(self, rows: Sequence[Row]) -> Iterable[str]:
        position, width = self.version, self.width
        if position is None:
            return [hashed(row[:width]) for row in rows]
        if self.table.versions is Versions.XMIN:
            return [row[position] for row in rows]
        return [text(row[position]) for row in rows]

    def _modified(self, rows: Sequence[Row]) -> Iterable[datetime | None]:
        position = self.modified
        return [None] * len(rows) if position is None else [_moment(row[position]) for row in rows]

    def _included(self, rows: Sequence[Row]) -> Iterable[bool]:
        position = self.included
        return [True] * len(rows) if position is None else [bool(row[position]) for row in rows]


def version_element(table: BoundTable) -> ColumnElement[Any]:
    """The version as it is selected and compared; not for a table whose versions are hashes."""
    if table.versions is Versions.XMIN:
        return sa.cast(sa.column("xmin", _selectable=table.clause), sa.Text)
    return table.dialect.version_text(table.element(table.source.version or ""))


def hashed(values: Row) -> str:
    """The version of a record that has none of its own: equal mapped values, equal version."""
    return "h:" + hashlib.blake2b(repr(tuple(values)).encode(errors="backslashreplace"), digest_size=12).hexdigest()


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(0, tzinfo=UTC)) if isinstance(value, date) else None
