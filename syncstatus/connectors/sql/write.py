"""Writing operations: one transaction a call, one result an operation."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy.engine import Connection

from syncstatus.connectors.errors import AccessDenied, Transient, Unreachable
from syncstatus.connectors.ports import Create, Delete, Outcome, Update, WriteResult
from syncstatus.connectors.sql.bulk import BulkWriter
from syncstatus.connectors.sql.database import AnswerLost, Database
from syncstatus.connectors.sql.dialects.postgres import PostgreSQL
from syncstatus.connectors.sql.failures import Fault
from syncstatus.connectors.sql.isolation import Group, Results
from syncstatus.connectors.sql.read import Reader
from syncstatus.connectors.sql.rows import RowWriter
from syncstatus.connectors.sql.table import BoundTable

Operation = TypeVar("Operation", Create, Update, Delete)

GENERATORS: Final = ("nextval(", "uuid", "random(")
"""A default without one of these is the same for every record."""

ATTEMPTS: Final = 3
"""A transaction that the database rolled back (deadlock, serialization) wrote nothing and is tried again."""


class Writer:
    """Raises ``ConnectionFailed``, ``SchemaMismatch`` for what is about more than records: then nothing was written."""

    def __init__(self, database: Database, table: BoundTable, reader: Reader) -> None:
        self.database = database
        self.table = table
        writer = BulkWriter if isinstance(database.dialect, PostgreSQL) else RowWriter
        self.rows = writer(database, table, reader)

    def create(self, operations: Sequence[Create]) -> list[WriteResult]:
        return self._transact(operations, lambda connection: self._grouped(connection, operations, self.rows.create))

    def update(self, operations: Sequence[Update]) -> list[WriteResult]:
        return self._transact(operations, lambda connection: self._grouped(connection, operations, self.rows.update))

    def delete(self, operations: Sequence[Delete]) -> list[WriteResult]:
        return self._transact(operations, lambda connection: self._grouped(connection, operations, self.rows.delete))

    def reserve_keys(self, count: int) -> list[str] | None:
        """Keys that no other record will get; None where the database draws them only while it inserts."""
        facts, names = self.table.facts, [column.name for column in self.table.key.columns]
        defaults = [facts.key_defaults.get(name, "") for name in names]
        draws = all(defaults) and any(word in default for default in defaults for word in GENERATORS)
        if not draws or not self.table.capabilities.chooses_keys:
            return None
        drawn = ", ".join(defaults).replace("%", "%%")
        statement = f"SELECT {drawn} FROM generate_series(1, %s)"  # noqa: S608
        try:
            with self.database.writing(table=self.table.source.table) as connection:
                return [self.table.key.text(row) for row in connection.exec_driver_sql(statement, (count,))]
        except AccessDenied:
            return None
        except AnswerLost as error:  # drawn or not: numbers that nobody uses harm nobody
            raise Unreachable(error.detail, table=self.table.source.table) from error

    def _grouped(
        self,
        connection: Connection,
        operations: Sequence[Operation],
        write: Callable[[Connection, Group[Operation]], Results],
    ) -> list[WriteResult]:
        results: Results = {}
        for group in distinct(operations):
            results |= write(connection, group)
        return [results[number] for number in range(len(operations))]

    def _transact(
        self, operations: Sequence[Operation], work: Callable[[Connection], list[WriteResult]]
    ) -> list[WriteResult]:
        if not operations:
            return []
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.database.writing(table=self.table.source.table) as connection:
                    results = work(connection)
            except AnswerLost as error:
                return _all(operations, Outcome.UNKNOWN, "answer_lost", error.detail)
            except Transient as error:
                if error.params.get("reason") != Fault.ABORTED or attempt == ATTEMPTS:
                    return _all(operations, Outcome.TRANSIENT, "try_again", error.detail)
            else:
                return results
        raise AssertionError("the last attempt answers")


def distinct(operations: Sequence[Operation]) -> Iterator[Group[Operation]]:
    """Groups in which no key comes twice: the second operation on a record must see what the first one did."""
    waiting = dict(enumerate(operations))
    while waiting:
        first: dict[str, int] = {}
        for number, operation in waiting.items():
            first.setdefault(str(number) if operation.key is None else f"k{operation.key}", number)
        group = {number: waiting.pop(number) for number in first.values()}
        yield group


def _all(operations: Sequence[Operation], outcome: Outcome, code: str, detail: str) -> list[WriteResult]:
    return [WriteResult(outcome, operation.key, code=code, detail=detail) for operation in operations]
