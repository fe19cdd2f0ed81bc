"""A refused record must not take its neighbours along (SCENARIOS T1)."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, Generic, TypeVar

from sqlalchemy.engine import Connection

from syncstatus.connectors.ports import Create, Delete, Update, WriteResult
from syncstatus.connectors.sql.database import REFUSALS, Database
from syncstatus.connectors.sql.failures import Failure

Operation = TypeVar("Operation", Create, Update, Delete)
Group = Mapping[int, Operation]
Results = dict[int, WriteResult]

ROW_BY_ROW: Final = 16
"""Up to so many operations are tried one by one when all of them together were refused."""


class Isolation(Generic[Operation]):
    """Tries operations together, in a savepoint; what is refused is halved until the culprits stand alone."""

    def __init__(
        self,
        database: Database,
        connection: Connection,
        together: Callable[[Group[Operation]], Results],
        alone: Callable[[Operation], WriteResult],
        refused: Callable[[Operation, Failure], WriteResult],
    ) -> None:
        self._database = database
        self._connection = connection
        self._together: Callable[[Group[Operation]], Results] = together
        self._alone: Callable[[Operation], WriteResult] = alone
        self._refused: Callable[[Operation, Failure], WriteResult] = refused

    def run(self, group: Group[Operation]) -> Results:
        """Raises the driver's error when it is about more than a record: a lost connection, a dropped table."""
        if not group:
            return {}
        if len(group) == 1:
            return self._one_by_one(group)
        try:
            with self._connection.begin_nested():
                return self._together(group)
        except REFUSALS as error:
            self._about_a_record(error)
        if len(group) <= ROW_BY_ROW:
            return self._one_by_one(group)
        first, second = halves(group)
        return self.run(first) | self.run(second)

    def _one_by_one(self, group: Group[Operation]) -> Results:
        return {number: self._try(operation) for number, operation in group.items()}

    def _try(self, operation: Operation) -> WriteResult:
        try:
            with self._connection.begin_nested():
                return self._alone(operation)
        except REFUSALS as error:
            return self._refused(operation, self._about_a_record(error))

    def _about_a_record(self, error: Exception) -> Failure:
        failure = self._database.failure(error)
        if not failure.is_about_a_record:
            raise error
        return failure


def halves(group: Group[Operation]) -> tuple[Group[Operation], Group[Operation]]:
    items = iter(group.items())
    return dict(islice(items, len(group) // 2)), dict(items)
