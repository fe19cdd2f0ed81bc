"""One UPDATE, or one DELETE, for many records on PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.ports import Delete, Update
from syncstatus.connectors.sql.keys import Key
from syncstatus.connectors.sql.selection import Row, version_element
from syncstatus.connectors.sql.staging import (
    RowEncoder,
    Staging,
    is_same,
    key_columns,
    key_is_staged,
    keys_are_named,
    may_differ,
    native_keys,
    staged_keys,
    staged_type,
)
from syncstatus.connectors.sql.table import BoundTable


class StagedUpdate:
    """Updates that may set different fields: a field that not all of them set has a flag beside it."""

    def __init__(self, connection: Connection, table: BoundTable, group: Mapping[int, Update]) -> None:
        self.connection = connection
        self.table = table
        sets = {tuple(operation.values) for operation in group.values()}
        self.names = list(dict.fromkeys(name for names in sets for name in names))
        self.alike = len(sets) == 1
        self.partial = {name for name in self.names if any(name not in names for names in sets)}
        self.staging = Staging(connection, self._types())
        keys = native_keys(table, (operation.key for operation in group.values()))
        self.named = keys_are_named(table, keys)
        self.staging.fill(self._rows(group, staged_keys(table, keys)))

    def run(self) -> Sequence[Row]:
        """Rows of (number, new version, stored as sent) of the operations whose version still held."""
        table = self.table
        stamps = {column.name: table.stamp(column) for column in table.stamped}
        values = {name: self._assigned(number, name) for number, name in enumerate(self.names)}
        statement = (
            sa.update(table.clause)
            .values({**stamps, **values})
            .where(key_is_staged(table, self.staging), *self.named)
            .where(version_element(table) == self.staging["version"])
            .returning(*self._answer())
        )
        rows = self.connection.execute(statement).all()
        return self._look_again([row[0] for row in rows]) if table.facts.late_triggers else rows

    def _look_again(self, numbers: Sequence[int]) -> Sequence[Row]:
        """Triggers that run behind the statement may have written the rows once more."""
        chosen = self.staging["n"] == sa.any_(sa.literal(numbers))
        condition = (key_is_staged(self.table, self.staging), *self.named, chosen)
        return self.connection.execute(sa.select(*self._answer()).where(*condition)).all()

    def _types(self) -> dict[str, str]:
        types = {"n": "integer", **key_columns(self.table), "version": "text"}
        types |= {f"v{n}": staged_type(self.table.columns[name]) for n, name in enumerate(self.names)}
        return types | {f"h{n}": "boolean" for n, name in enumerate(self.names) if name in self.partial}

    def _rows(self, group: Mapping[int, Update], keys: Sequence[Key]) -> Iterator[list[Any]]:
        encode = RowEncoder([self.table.columns[name] for name in self.names])
        flags = [name for name in self.names if name in self.partial]
        for (number, operation), key in zip(group.items(), keys, strict=True):
            sent = operation.values
            if self.alike:
                yield [number, *key, operation.version, *encode([*sent.values()])]
            else:
                values = encode([sent.get(name) for name in self.names])
                yield [number, *key, operation.version, *values, *[name in sent for name in flags]]

    def _assigned(self, number: int, name: str) -> ColumnElement[Any]:
        value = self.staging[f"v{number}"]
        if name not in self.partial:
            return value
        return sa.case((self.staging[f"h{number}"], value), else_=self.table.element(name))

    def _answer(self) -> Iterator[ColumnElement[Any]]:
        yield self.staging["n"]
        yield version_element(self.table)
        doubtful = ((number, name) for number, name in enumerate(self.names) if self._may_differ(name))
        yield sa.and_(sa.true(), *(self._same(number, name) for number, name in doubtful))

    def _may_differ(self, name: str) -> bool:
        return may_differ(self.table, self.table.columns[name])

    def _same(self, number: int, name: str) -> ColumnElement[bool]:
        same = is_same(self.table.columns[name], self.table.element(name), self.staging[f"v{number}"])
        return sa.or_(sa.not_(self.staging[f"h{number}"]), same) if name in self.partial else same


def delete_staged(connection: Connection, table: BoundTable, group: Mapping[int, Delete]) -> set[int]:
    """The numbers of the operations whose record had its version still and is deleted now."""
    staging = Staging(connection, {"n": "integer", **key_columns(table), "version": "text"})
    keys = native_keys(table, (operation.key for operation in group.values()))
    rows = zip(group.items(), staged_keys(table, keys), strict=True)
    staging.fill([number, *key, operation.version] for (number, operation), key in rows)
    named = keys_are_named(table, keys)
    condition = (key_is_staged(table, staging), *named, version_element(table) == staging["version"])
    return set(connection.execute(sa.delete(table.clause).where(*condition).returning(staging["n"])).scalars())
