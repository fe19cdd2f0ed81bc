"""What a database must tell the connector; what most of them do alike is done here."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.errors import ConnectorError
from syncstatus.connectors.sql.columns import Codec, Column
from syncstatus.connectors.sql.failures import Failure
from syncstatus.connectors.sql.likeness import Likeness
from syncstatus.connectors.sql.settings import Timeouts
from syncstatus.engine.values import Kind

Compare = Callable[[Any, Any], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the catalog knows of a table beyond what SQLAlchemy reflects.

    ``has_xmin``: each row has a token of its last writer. ``lockable``: rows can be locked by SELECT ... FOR UPDATE.
    ``early_triggers``: a trigger may change a row before it is stored; ``late_triggers``: when it has been stored.
    ``casts``: a column's type without length. ``folding``: columns that compare text without regard to case.
    ``key_defaults``: SQL for columns whose value can be drawn before the row is inserted. ``natives``: the types as
    declared. ``json``: text columns that hold JSON. ``numbered``: columns that the database numbers without a default
    being declared.
    """

    has_xmin: bool = False
    lockable: bool = True
    is_view: bool = False
    early_triggers: bool = False
    late_triggers: bool = False
    casts: Mapping[str, str] = field(default_factory=dict)
    folding: frozenset[str] = frozenset()
    key_defaults: Mapping[str, str] = field(default_factory=dict)
    natives: Mapping[str, str] = field(default_factory=dict)
    json: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clock:
    """The database's clock, and the point before which every transaction has ended; both aware and in UTC.

    ``local_lag`` is how many seconds the wall clock that sessions use by default is behind UTC (0 when it is ahead):
    columns without a zone may hold its times.
    """

    now: datetime
    settled: datetime
    local_lag: float = 0


class Dialect(ABC):
    """A database product. Statements are built by ``read``, ``feed`` and ``write``; here is what differs."""

    name: ClassVar[str]
    key_chunk: ClassVar[int] = 1000  # keys in one statement
    search_chunk: ClassVar[int] = 300  # wanted values in one statement

    @abstractmethod
    def connect_arguments(self, url: URL, timeouts: Timeouts) -> tuple[URL, Mapping[str, Any]]:
        """The URL and the driver's own arguments, time-outs included."""

    @abstractmethod
    def prepare(self, connection: Any, timeouts: Timeouts) -> None:
        """A new driver connection: UTC, strict, our converters."""

    @abstractmethod
    def begin(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        """The first statement of a transaction."""

    @abstractmethod
    def failure(self, error: BaseException) -> Failure:
        """What an error of the driver means."""

    @abstractmethod
    def facts(self, connection: Connection, table: str, schema: str | None) -> TableFacts:
        """Asks the catalog."""

    @abstractmethod
    def codec(self, name: str, native: Any, facts: TableFacts, *, nullable: bool) -> Codec | None:
        """How a column's values pass through the driver; None for a type that cannot be mapped."""

    @abstractmethod
    def clock(self, connection: Connection) -> Clock:
        """Taken in a transaction before the one that lists, or a commit between the two would be missed."""

    def snapshot_horizon(self, connection: Connection) -> str:
        """The oldest transaction id still running; only asked where a column holds such ids."""
        raise ConnectorError(f"{self.name} has no transaction ids")

    def is_zoned(self, column: Column) -> bool:
        """Whether a date-and-time column knows its zone."""
        return False

    def server_version(self, connection: Connection) -> str:
        return str(connection.exec_driver_sql("SELECT version()").scalar_one())

    def parameter(self, column: Column, value: Any) -> ColumnElement[Any]:
        """``value``, which is native and not None, as a bound parameter that compares as the column's type."""
        return sa.literal(self.bound(column, value), sa.types.NullType())

    def bound(self, column: Column, value: Any) -> Any:
        """The driver's form of a native value."""
        encode = column.codec.encode if column.codec else None
        return value if value is None or encode is None else encode(value)

    @abstractmethod
    def text_of(self, element: ColumnElement[Any], likeness: Likeness) -> ColumnElement[Any]:
        """Text as searches compare it: trimmed, exactly or without regard to case or accents, whatever the collation.

        Where the database cannot fold both as the engine does, it finds more: the engine compares what is found."""

    def searched(self, column: Column, element: ColumnElement[Any], likeness: Likeness) -> ColumnElement[Any]:
        """A column or a parameter as searches compare it."""
        is_text = column.codec is not None and column.codec.type.kind is Kind.TEXT
        return self.text_of(element, likeness) if is_text else element

    def equals_one(
        self,
        columns: Sequence[Column],
        elements: Sequence[ColumnElement[Any]],
        wanted: Sequence[tuple[Any, ...]],
        likeness: Sequence[Likeness],
    ) -> ColumnElement[bool]:
        """The rows whose ``elements`` (already ``searched``) equal one of ``wanted`` (native values)."""
        if len(elements) == 1:
            parameters = [self.parameter(columns[0], values[0]) for values in wanted]
            return elements[0].in_([self.searched(columns[0], parameter, likeness[0]) for parameter in parameters])
        return sa.or_(*(sa.and_(*self._equal(columns, elements, values, likeness)) for values in wanted))

    def _equal(
        self,
        columns: Sequence[Column],
        elements: Sequence[ColumnElement[Any]],
        values: tuple[Any, ...],
        likeness: Sequence[Likeness],
    ) -> Iterator[ColumnElement[bool]]:
        for column, element, value, like in zip(columns, elements, values, likeness, strict=True):
            yield element == self.searched(column, self.parameter(column, value), like)

    def contains(self, element: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        return sa.cast(element, sa.Text).contains(text, autoescape=True)

    def starts_with(self, element: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        return sa.cast(element, sa.Text).startswith(text, autoescape=True)

    def version_text(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        """A version column as it is selected; where it is no text yet, ``keys.text`` makes one of its value."""
        return element

    def has_keys(
        self, columns: Sequence[Column], elements: Sequence[ColumnElement[Any]], keys: Sequence[tuple[Any, ...]]
    ) -> ColumnElement[bool]:
        """The rows that have one of ``keys`` (native values)."""
        if len(elements) == 1:
            return elements[0].in_([self.bound(columns[0], key[0]) for key in keys])
        return sa.or_(*(self._has_key(columns, elements, key) for key in keys))

    def _has_key(
        self, columns: Sequence[Column], elements: Sequence[ColumnElement[Any]], key: tuple[Any, ...]
    ) -> ColumnElement[bool]:
        pairs = zip(columns, elements, key, strict=True)
        return sa.and_(*(element == self.parameter(column, value) for column, element, value in pairs))

    def after_key(
        self, columns: Sequence[Column], elements: Sequence[ColumnElement[Any]], key: tuple[Any, ...]
    ) -> ColumnElement[bool]:
        """The rows behind ``key`` in key order, written so that every planner finds the index."""
        return self.beyond(elements, self._parameters(columns, key), gt, ge)

    def before_key(
        self, columns: Sequence[Column], elements: Sequence[ColumnElement[Any]], key: tuple[Any, ...]
    ) -> ColumnElement[bool]:
        """The rows ahead of ``key`` in key order."""
        return self.beyond(elements, self._parameters(columns, key), lt, le)

    def _parameters(self, columns: Sequence[Column], key: tuple[Any, ...]) -> list[ColumnElement[Any]]:
        return [self.parameter(column, value) for column, value in zip(columns, key, strict=True)]

    def beyond(
        self, elements: Sequence[ColumnElement[Any]], key: Sequence[ColumnElement[Any]], past: Compare, up_to: Compare
    ) -> ColumnElement[bool]:
        """The rows whose ``elements``, compared as one, lie ``past`` the key."""
        if len(elements) == 1:
            return past(elements[0], key[0])
        steps = []
        for position, (element, value) in enumerate(zip(elements, key, strict=True)):
            equal = [e == v for e, v in zip(elements[:position], key[:position], strict=True)]
            steps.append(sa.and_(*equal, past(element, value)))
        return sa.and_(up_to(elements[0], key[0]), sa.or_(*steps))

    def unstamped(self, element: ColumnElement[Any]) -> ColumnElement[bool]:
        """The rows that no comparison of the modified-on column ever finds."""
        return element.is_(None)

    def stamp(self) -> ColumnElement[Any]:
        """The database's present time, for a modified-on column that the application would have set itself."""
        return sa.func.now()
