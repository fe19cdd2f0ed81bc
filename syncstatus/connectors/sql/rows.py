"""Writing that works on every database: lock, compare, write, read back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.ports import Create, Delete, Outcome, Stamp, Update, WriteResult
from syncstatus.connectors.sql import refusals
from syncstatus.connectors.sql.database import Database
from syncstatus.connectors.sql.failures import Failure, Fault
from syncstatus.connectors.sql.isolation import Group, Isolation, Results
from syncstatus.connectors.sql.keys import Key
from syncstatus.connectors.sql.read import Reader, chunks
from syncstatus.connectors.sql.table import BoundTable

WRITTEN = WriteResult(Outcome.OK)
"""Written, not yet read back."""


@dataclass(frozen=True, slots=True)
class Held:
    """Records whose version cannot change until the transaction ends, and keys that somebody else holds."""

    stamps: Mapping[str, Stamp]
    locked: frozenset[str] = frozenset()


class RowWriter:
    """Writes a group of operations, no two of them with one key, within a transaction that the caller commits."""

    def __init__(self, database: Database, table: BoundTable, reader: Reader) -> None:
        self.database = database
        self.table = table
        self.reader = reader

    def update(self, connection: Connection, group: Group[Update]) -> Results:
        held = self._hold(connection, [operation.key for operation in group.values()])
        results = {
            number: _unfit(operation, held) or self._unsent(operation, held) for number, operation in group.items()
        }
        pending = {number: operation for number, operation in group.items() if results[number] is None}
        isolation = Isolation[Update](
            self.database,
            connection,
            lambda some: self._update_together(connection, some),
            lambda one: self._update_alone(connection, one),
            self._refused,
        )
        outcomes = isolation.run(pending)
        done = {number: self._key_after(pending[number]) for number, result in outcomes.items() if result is WRITTEN}
        read_back = self._read_back(connection, done, group)
        return {number: result for number, result in results.items() if result} | outcomes | read_back

    def _unsent(self, operation: Update, held: Held) -> WriteResult | None:
        if not operation.values:
            return WriteResult(Outcome.OK, operation.key, held.stamps[operation.key].version)
        return refusals.refused_unsent(self.table, operation)

    def _update_together(self, connection: Connection, group: Group[Update]) -> Results:
        for names, operations in _by_fields(group):
            connection.execute(self._update_statement(names), [self._parameters(names, o) for o in operations])
        return dict.fromkeys(group, WRITTEN)

    def _update_alone(self, connection: Connection, operation: Update) -> WriteResult:
        names = tuple(operation.values)
        done = connection.execute(self._update_statement(names), self._parameters(names, operation))
        # The row is locked and was there: a trigger swallowed the write, or the table only seems to be writable.
        return WRITTEN if done.rowcount != 0 else self._refused(operation, Failure(Fault.REFUSED))

    def _update_statement(self, names: Sequence[str]) -> sa.Update:
        values = {name: _parameter(f"v{number}") for number, name in enumerate(names)}
        stamps = {column.name: self.table.stamp(column) for column in self.table.stamped}
        return sa.update(self.table.clause).where(*self._key_parameters()).values({**stamps, **values})

    def _key_parameters(self) -> Iterator[ColumnElement[bool]]:
        return (element == _parameter(f"k{number}") for number, element in enumerate(self.table.key_elements))

    def _parameters(self, names: Sequence[str], operation: Update) -> dict[str, Any]:
        values = (self.bound(name, operation.values[name]) for name in names)
        return {f"v{number}": value for number, value in enumerate(values)} | self._key_values(operation.key)

    def _key_values(self, key: str) -> dict[str, Any]:
        bound = zip(self.table.key.columns, self._key(key), strict=True)
        return {f"k{n}": self.table.dialect.bound(column, value) for n, (column, value) in enumerate(bound)}

    def _key(self, key: str) -> Key:
        return self.table.key.values(key) or ()

    def _key_after(self, operation: Update) -> str:
        """A mapped field may be part of the key."""
        values = zip(self.table.key.columns, self._key(operation.key), strict=True)
        return self.table.key.text([operation.values.get(column.name, value) for column, value in values])

    def bound(self, name: str, value: Any) -> Any:
        return self.table.dialect.bound(self.table.columns[name], value)

    def delete(self, connection: Connection, group: Group[Delete]) -> Results:
        held = self._hold(connection, [operation.key for operation in group.values()])
        results = {number: _unfit(operation, held) for number, operation in group.items()}
        pending = {number: operation for number, operation in group.items() if results[number] is None}
        isolation = Isolation[Delete](
            self.database,
            connection,
            lambda some: self._delete_together(connection, some),
            lambda one: self._delete_together(connection, {0: one})[0],
            self._refused,
        )
        return {number: result for number, result in results.items() if result} | isolation.run(pending)

    def _delete_together(self, connection: Connection, group: Group[Delete]) -> Results:
        table, deleted = self.table, 0
        for chunk in chunks([self._key(operation.key) for operation in group.values()], table.dialect.key_chunk):
            condition = table.dialect.has_keys(table.key.columns, table.key_elements, chunk)
            deleted += connection.execute(sa.delete(table.clause).where(condition)).rowcount
        if deleted == len(group):
            return {number: WriteResult(Outcome.OK, operation.key) for number, operation in group.items()}
        left = self.reader.stamps_in(connection, [operation.key for operation in group.values()])
        return {
            number: self._refused(operation, Failure(Fault.REFUSED))
            if operation.key in left
            else WriteResult(Outcome.OK, operation.key)
            for number, operation in group.items()
        }

    def create(self, connection: Connection, group: Group[Create]) -> Results:
        unsent = {number: refusals.refused_unsent(self.table, operation) for number, operation in group.items()}
        results = {number: result for number, result in unsent.items() if result}
        pending = {number: operation for number, operation in group.items() if number not in results}
        isolation = Isolation[Create](
            self.database,
            connection,
            lambda some: self._create_together(connection, some),
            lambda one: self._create_alone(connection, one),
            lambda one, failure: self._not_created(connection, one, failure),
        )
        outcomes = isolation.run(pending)
        done = {number: result.key for number, result in outcomes.items() if result.outcome is Outcome.OK}
        return results | outcomes | self._read_back(connection, done, group)

    def _create_together(self, connection: Connection, group: Group[Create]) -> Results:
        known = {number: self.chosen_key(operation) for number, operation in group.items()}
        drawn = {number: operation for number, operation in group.items() if known[number] is None}
        results: Results = {number: self._create_alone(connection, operation) for number, operation in drawn.items()}
        for names, rows in _by_names([self.row(group[number]) for number, key in known.items() if key is not None]):
            connection.execute(self._insert_statement(names), [self._insert_parameters(names, row) for row in rows])
        chosen = {number: WriteResult(Outcome.OK, key) for number, key in known.items() if key is not None}
        return results | chosen

    def _create_alone(self, connection: Connection, operation: Create) -> WriteResult:
        row, key = self.row(operation), self.chosen_key(operation)
        statement = self._insert_statement(tuple(row))
        parameters = self._insert_parameters(tuple(row), row)
        if key is not None:
            connection.execute(statement, parameters)
        elif connection.dialect.insert_returning:
            found = connection.execute(statement.returning(*self.table.key_elements), parameters).one()
            key = self._returned_key(found)
        else:
            key = str(connection.execute(statement, parameters).lastrowid)
        return WriteResult(Outcome.OK, key)

    def _returned_key(self, row: Sequence[Any]) -> str:
        decoders = [column.codec.decode if column.codec else None for column in self.table.key.columns]
        return self.table.key.text([decode(v) if decode else v for decode, v in zip(decoders, row, strict=True)])

    def row(self, operation: Create) -> dict[str, Any]:
        """The values of a new record by column, its key among them where the client chooses it."""
        row = dict(operation.values)
        key = self._key(operation.key) if operation.key is not None else ()
        for column, value in zip(self.table.key.columns, key, strict=False):
            if column.info.writable:
                row.setdefault(column.name, value)
        return row

    def chosen_key(self, operation: Create) -> str | None:
        """The key that the new record will have; None where the database draws it."""
        row = self.row(operation)
        values = [row.get(column.name) for column in self.table.key.columns]
        return None if None in values else self.table.key.text(values)

    def initial_stamps(self) -> dict[str, ColumnElement[Any]]:
        """What a new record's modified-on and version begin with, where the table has no default for them."""
        plain = (column for column in self.table.stamped if not column.info.generated)
        stamps = ((column.name, self.table.stamp(column, creating=True)) for column in plain)
        return {name: stamp for name, stamp in stamps if stamp is not None}

    def _insert_statement(self, names: Sequence[str]) -> sa.Insert:
        values = {name: _parameter(f"v{number}") for number, name in enumerate(names)}
        return sa.insert(self.table.clause).values({**self.initial_stamps(), **values})

    def _insert_parameters(self, names: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
        return {f"v{number}": self.bound(name, row[name]) for number, name in enumerate(names)}

    def _not_created(self, connection: Connection, operation: Create, failure: Failure) -> WriteResult:
        key = self.chosen_key(operation)
        if failure.code == "duplicate_value" and key is not None and self.reader.stamps_in(connection, [key]):
            return refusals.exists(key)
        return self._refused(operation, failure)

    def _refused(self, operation: Create | Update | Delete, failure: Failure) -> WriteResult:
        return refusals.refused(self.table, operation, failure)

    def _read_back(
        self, connection: Connection, keys: Mapping[int, str | None], group: Group[Create] | Group[Update]
    ) -> Results:
        """Rounding, triggers and defaults show only in what is stored (DESIGN R7)."""
        records = self.reader.records_in(connection, [key for key in keys.values() if key is not None])
        return {
            number: refusals.written(self.table, records[key], group[number].values)
            if key in records
            else refusals.gone(key)
            for number, key in keys.items()
            if key is not None
        }

    def _hold(self, connection: Connection, keys: Sequence[str]) -> Held:
        """Locks the records; those that somebody else holds too long are left out."""
        try:
            with connection.begin_nested():
                return Held(self.reader.stamps_in(connection, keys, lock=True))
        except DBAPIError as error:
            fault = self.database.failure(error).fault
            if fault not in (Fault.LOCKED, Fault.DENIED):
                raise
        if fault is Fault.DENIED:  # then writing will be denied too, record by record
            return Held(self.reader.stamps_in(connection, keys))
        return self.hold_free(connection, keys)

    def hold_free(self, connection: Connection, keys: Sequence[str]) -> Held:
        """Locks those records that nobody else holds, without waiting."""
        held = self.reader.stamps_in(connection, keys, lock=True, skip_locked=True)
        return Held(held, frozenset(self.reader.stamps_in(connection, [key for key in keys if key not in held])))


def _parameter(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=sa.types.NullType())


def _unfit(operation: Update | Delete, held: Held) -> WriteResult | None:
    """Why an operation is not even tried: the record is gone, changed, or held by somebody else."""
    if operation.key in held.locked:
        return refusals.locked(operation.key)
    stamp = held.stamps.get(operation.key)
    if stamp is None:
        return refusals.gone(operation.key)
    return None if stamp.version == operation.version else refusals.conflict(operation.key, stamp.version)


def _by_fields(group: Group[Update]) -> Iterator[tuple[tuple[str, ...], list[Update]]]:
    sets: dict[tuple[str, ...], list[Update]] = {}
    for operation in group.values():
        sets.setdefault(tuple(operation.values), []).append(operation)
    yield from sets.items()


def _by_names(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    sets: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        sets.setdefault(tuple(row), []).append(row)
    yield from sets.items()
