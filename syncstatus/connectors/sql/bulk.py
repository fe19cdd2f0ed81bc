"""Writing many records on PostgreSQL: COPY into a temporary table and one statement from there.

Where the table has no version of its own (views, partitions, foreign tables), or for a few records, the way of ``rows``
is taken; so is it for the records that one statement did not take.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Final, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from syncstatus.connectors.ports import Create, Delete, Outcome, Stamp, Update, WriteResult
from syncstatus.connectors.sql import refusals
from syncstatus.connectors.sql.failures import Failure, Fault
from syncstatus.connectors.sql.isolation import Group, Isolation, Results
from syncstatus.connectors.sql.rows import RowWriter
from syncstatus.connectors.sql.selection import Row
from syncstatus.connectors.sql.staged_create import StagedCreate
from syncstatus.connectors.sql.staged_update import StagedUpdate, delete_staged
from syncstatus.connectors.sql.table import Versions
from syncstatus.engine.values import Unreadable

FEW: Final = 3
"""Up to so many records a temporary table costs more than it saves."""

Guarded = TypeVar("Guarded", Update, Delete)


class BulkWriter(RowWriter):
    def update(self, connection: Connection, group: Group[Update]) -> Results:
        bulk = self._can_be_staged(group)
        if len(bulk) <= FEW:
            return super().update(connection, group)
        rest = {number: operation for number, operation in group.items() if number not in bulk}
        isolation = Isolation[Update](
            self.database,
            connection,
            lambda some: self._patiently(connection, some, self._update_staged),
            lambda one: RowWriter.update(self, connection, {0: one})[0],
            self._refused,
        )
        return isolation.run(bulk) | (super().update(connection, rest) if rest else {})

    def _can_be_staged(self, group: Group[Update]) -> dict[int, Update]:
        """A change of the key itself, a computed field, a value that was never readable or a key that cannot exist is
        left to the other way."""
        if self.table.versions is Versions.HASH:
            return {}
        left_out, key_of = {*self._key_names, *self.table.read_only}, self.table.key.values
        return {
            number: operation
            for number, operation in group.items()
            if (values := operation.values)
            and values.keys().isdisjoint(left_out)
            and Unreadable not in map(type, values.values())
            and key_of(operation.key) is not None
        }

    @cached_property
    def _key_names(self) -> list[str]:
        return [column.name for column in self.table.key.columns]

    def _update_staged(self, connection: Connection, group: Group[Update]) -> Results:
        rows = StagedUpdate(connection, self.table, group).run()
        done = self._answers(connection, group, rows, [group[row[0]].key for row in rows])
        return done | self._missed(connection, group, done.keys())

    def _answers(
        self, connection: Connection, group: Group[Update] | Group[Create], rows: Sequence[Row], keys: Sequence[str]
    ) -> Results:
        """Rows of (number, version, stored as sent...), each with the record's key; the records that differ are read
        back."""
        same: Results = {}
        differing: dict[int, str] = {}
        for row, key in zip(rows, keys, strict=True):
            if row[2]:
                same[row[0]] = WriteResult(Outcome.OK, key, row[1])
            else:
                differing[row[0]] = key
        return same | self._read_back(connection, differing, group) if differing else same

    def delete(self, connection: Connection, group: Group[Delete]) -> Results:
        if self.table.versions is Versions.HASH:
            return super().delete(connection, group)
        impossible = {n: refusals.gone(o.key) for n, o in group.items() if self.table.key.values(o.key) is None}
        isolation = Isolation[Delete](
            self.database,
            connection,
            lambda some: self._patiently(connection, some, self._delete_staged),
            # Without a lock, which asks for more than the right to delete.
            lambda one: self._delete_staged(connection, {0: one})[0],
            self._refused,
        )
        return impossible | isolation.run({n: o for n, o in group.items() if n not in impossible})

    def _delete_staged(self, connection: Connection, group: Group[Delete]) -> Results:
        done = delete_staged(connection, self.table, group)
        results = {number: WriteResult(Outcome.OK, group[number].key) for number in done}
        return results | self._missed(connection, group, done)

    def _missed(self, connection: Connection, group: Group[Guarded], done: Collection[int]) -> Results:
        """Why the statement did not take the other operations."""
        missed = {number: operation for number, operation in group.items() if number not in done}
        if not missed:
            return {}
        stamps = self.reader.stamps_in(connection, [operation.key for operation in missed.values()])
        return {number: self._reason(operation, stamps.get(operation.key)) for number, operation in missed.items()}

    def _reason(self, operation: Update | Delete, stamp: Stamp | None) -> WriteResult:
        if stamp is None:
            return refusals.gone(operation.key)
        if stamp.version != operation.version:
            return refusals.conflict(operation.key, stamp.version)
        return self._refused(operation, Failure(Fault.REFUSED))  # a trigger swallowed the write

    def _patiently(
        self,
        connection: Connection,
        group: Group[Guarded],
        write: Callable[[Connection, Group[Guarded]], Results],
    ) -> Results:
        """Records that somebody else holds too long are left out, so that the others need not wait again."""
        try:
            with connection.begin_nested():
                return write(connection, group)
        except DBAPIError as error:
            if self.database.failure(error).fault is not Fault.LOCKED:
                raise
        held = self.hold_free(connection, [operation.key for operation in group.values()])
        busy = {number: refusals.locked(o.key) for number, o in group.items() if o.key in held.locked}
        free = {number: operation for number, operation in group.items() if number not in busy}
        return busy | (write(connection, free) if free else {})

    def create(self, connection: Connection, group: Group[Create]) -> Results:
        results: Results = {}
        for names, some in self._by_columns(group).items():
            if len(some) <= FEW or not self._can_be_inserted(names):
                results |= super().create(connection, some)
            else:
                results |= self._create_bulk(connection, some)
        return results

    def _create_bulk(self, connection: Connection, group: Group[Create]) -> Results:
        isolation = Isolation[Create](
            self.database,
            connection,
            lambda some: self._create_staged(connection, some),
            lambda one: RowWriter.create(self, connection, {0: one})[0],
            self._refused,
        )
        return isolation.run(group)

    def _by_columns(self, group: Group[Create]) -> Mapping[tuple[str, ...], dict[int, Create]]:
        """Columns that are not sent take their defaults, so each set of columns is a statement of its own."""
        sets: dict[tuple[str, ...], dict[int, Create]] = {}
        for number, operation in group.items():
            names = tuple(self.row(operation)) if refusals.refused_unsent(self.table, operation) is None else ()
            sets.setdefault(names, {})[number] = operation
        return sets

    def _can_be_inserted(self, names: Sequence[str]) -> bool:
        """The key must be known before the row is there: sent, or drawn from the column's own default."""
        known = {*names, *self.table.facts.key_defaults}
        return bool(names) and self.table.versions is not Versions.HASH and known.issuperset(self._key_names)

    def _create_staged(self, connection: Connection, group: Group[Create]) -> Results:
        rows = {number: self.row(operation) for number, operation in group.items()}
        new = StagedCreate(connection, self.table, rows, self.initial_stamps()).run()
        done = {row[0] for row in new}
        rest = {number: operation for number, operation in group.items() if number not in done}
        answers = self._answers(connection, group, new, [self.table.key.text(row[3:]) for row in new])
        return answers | self._not_inserted(connection, rest) if rest else answers

    def _not_inserted(self, connection: Connection, group: Group[Create]) -> Results:
        """Records that were passed over: the key exists, or a try on its own says which other constraint it was."""
        keys = {number: self.chosen_key(operation) for number, operation in group.items()}
        there = self.reader.stamps_in(connection, [key for key in keys.values() if key is not None])
        known = {number: refusals.exists(key) for number, key in keys.items() if key is not None and key in there}
        rest = {number: operation for number, operation in group.items() if number not in known}
        return known | (super().create(connection, rest) if rest else {})
