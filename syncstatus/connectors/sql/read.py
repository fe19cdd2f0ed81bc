"""Reading by key, in key order, and by values."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement, Select

from syncstatus.connectors.ports import Stamp
from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.database import Database
from syncstatus.connectors.sql.filters import CONVERTERS
from syncstatus.connectors.sql.keys import Key, folded
from syncstatus.connectors.sql.likeness import Likeness
from syncstatus.connectors.sql.selection import Row, Selection
from syncstatus.connectors.sql.table import BoundTable
from syncstatus.engine.records import Record
from syncstatus.engine.values import Kind

T = TypeVar("T")


class Reader:
    """Reads one bound table, each call in a short transaction of its own unless a connection is given."""

    def __init__(self, database: Database, table: BoundTable) -> None:
        self.database = database
        self.table = table
        self.heads = Selection(table, bodies=False)
        self.bodies = Selection(table, bodies=True)

    def keys(self, after: str | None, limit: int) -> list[Stamp]:
        """Records within the filter in key order. A page that ends early is the last."""
        statement = self._within_filter()
        if after is not None:
            statement = statement.where(self.table.behind(after))
        return self._stamps(statement.order_by(*self.table.key_elements).limit(limit))

    def keys_before(self, before: str, limit: int) -> list[Stamp]:
        """Records within the filter against the key order, from ``before`` on."""
        statement = self._within_filter().where(self.table.ahead_of(before))
        return self._stamps(statement.order_by(*(element.desc() for element in self.table.key_elements)).limit(limit))

    def _within_filter(self) -> Select[Any]:
        statement = self._select(self.heads, self.table.has_key)
        return statement if self.table.condition is None else statement.where(self.table.condition)

    def _stamps(self, statement: Select[Any]) -> list[Stamp]:
        with self.database.reading(table=self.table.source.table) as connection:
            return self.heads.stamps(connection.execute(statement).all())

    def newest_key(self) -> str | None:
        """Numbers that the database counts up; empty where there are none yet, None where keys are something else."""
        table, column = self.table, self.table.key.columns[0]
        counted = column.info.generated and column.codec is not None and column.codec.type.kind is Kind.INTEGER
        if not counted or len(table.key.columns) > 1:
            return None
        statement = sa.select(sa.func.max(table.element(column.name))).select_from(table.clause)
        with self.database.reading(table=table.source.table) as connection:
            newest = connection.execute(statement).scalar_one()
        return "" if newest is None else table.key.text([newest])

    def count(self) -> int:
        """Records within the filter."""
        table = self.table
        statement = sa.select(sa.func.count()).select_from(table.clause).where(table.has_key)
        if table.condition is not None:
            statement = statement.where(table.condition)
        with self.database.reading(table=table.source.table) as connection:
            return int(connection.execute(statement).scalar_one())

    def stamps(self, keys: Collection[str]) -> dict[str, Stamp]:
        with self.database.reading(table=self.table.source.table) as connection:
            return self.stamps_in(connection, keys)

    def records(self, keys: Collection[str]) -> dict[str, Record]:
        with self.database.reading(table=self.table.source.table) as connection:
            return self.records_in(connection, keys)

    def stamps_in(
        self, connection: Connection, keys: Collection[str], *, lock: bool = False, skip_locked: bool = False
    ) -> dict[str, Stamp]:
        """Those of ``keys`` that exist, by the key that was asked for; ``lock`` keeps them as they are."""
        pages = self._rows(connection, self.heads, keys, lock, skip_locked)
        found = [stamp for rows in pages for stamp in self.heads.stamps(rows)]
        return self._asked({stamp.key: stamp for stamp in found}, keys)

    def records_in(self, connection: Connection, keys: Collection[str]) -> dict[str, Record]:
        pages = self._rows(connection, self.bodies, keys)
        found = [record for rows in pages for record in self.bodies.records(rows)]
        return self._asked({record.key: record for record in found}, keys)

    def _rows(
        self,
        connection: Connection,
        selection: Selection,
        keys: Collection[str],
        lock: bool = False,
        skip_locked: bool = False,
    ) -> Iterator[Sequence[Row]]:
        table = self.table
        values = [value for value in map(table.key.values, dict.fromkeys(keys)) if value is not None]
        for chunk in chunks(values, table.dialect.key_chunk):
            condition = table.dialect.has_keys(table.key.columns, table.key_elements, chunk)
            statement = self._select(selection, condition)
            if lock and table.facts.lockable:
                statement = statement.with_for_update(skip_locked=skip_locked)
            yield connection.execute(statement).all()

    def _select(self, selection: Selection, condition: ColumnElement[bool]) -> Select[Any]:
        return sa.select(*selection.columns).select_from(self.table.clause).where(condition)

    def _asked(self, found: dict[str, T], keys: Collection[str]) -> dict[str, T]:
        """The database may take 'ABC' for the record 'abc': then that is what was asked for."""
        if self.table.capabilities.case_sensitive_keys:
            return found
        wanted = [key for key in keys if key not in found]
        by_fold = {folded(key): record for key, record in found.items()} if wanted else {}
        exact = {key: found[key] for key in keys if key in found}
        return exact | {key: by_fold[folded(key)] for key in wanted if folded(key) in by_fold}

    def search(
        self, fields: Sequence[str], wanted: Collection[tuple[Any, ...]], likeness: Sequence[Likeness]
    ) -> list[Record]:
        """Records within the filter whose ``fields`` equal one of ``wanted``; text is compared trimmed.

        A tuple with null, or with a value that the field's type cannot hold, finds nothing.
        """
        columns = [self.table.columns[name] for name in fields]
        native = [values for values in (_native(columns, wish) for wish in wanted) if values is not None]
        found: dict[str, Record] = {}
        with self.database.reading(table=self.table.source.table) as connection:
            for chunk in chunks(list(dict.fromkeys(native)), self.table.dialect.search_chunk):
                condition = self._equals_one(columns, likeness, chunk)
                rows = connection.execute(self._select(self.bodies, sa.and_(*condition))).all()
                found.update((record.key, record) for record in self.bodies.records(rows))
        return list(found.values())

    def _equals_one(
        self, columns: Sequence[Column], likeness: Sequence[Likeness], wanted: Sequence[Key]
    ) -> Iterator[ColumnElement[bool]]:
        table = self.table
        elements = [
            table.dialect.searched(column, table.element(column.name), like)
            for column, like in zip(columns, likeness, strict=True)
        ]
        yield table.has_key
        yield table.dialect.equals_one(columns, elements, wanted, likeness)
        if table.condition is not None:
            yield table.condition


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _native(columns: Sequence[Column], values: Sequence[Any]) -> Key | None:
    """The values in their fields' types, text trimmed; None where nothing can equal them."""
    try:
        return tuple(_converted(column, value) for column, value in zip(columns, values, strict=True))
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError):
        return None


def _converted(column: Column, value: Any) -> Any:
    if value is None or column.codec is None:
        raise ValueError(column.name)
    native = CONVERTERS[column.codec.type.kind](value)
    if column.codec.type.kind is Kind.TEXT:
        if "\0" in native:
            raise ValueError(native)
        native = native.strip()
    return native
