"""What changed since a cursor.

A *pass* lists everything that changed since the point ``from``, in pages. Its horizon is taken before its first
statement: every transaction that ended before the horizon is visible to the pass, so ``from`` becomes the horizon when
the last page was listed. Within a pass the cursor is the last (stamp, key) listed.

XID feed: the column holds the writing transaction's id; the horizon is the oldest id still running (PROTOCOLS 4 A).
TIME feed: the horizon is the start of the oldest open transaction, because a row it commits later carries a stamp from
then on (PROTOCOLS 4 C), less ``MARGIN`` for stamps that applications make with clocks of their own. Stamps at or after
the horizon are listed, and listed again by the next pass: the caller knows their versions.

Records without a stamp are in no order of time, so every pass ends with all of them: a table whose application does not
stamp its records is slow to follow, but nothing of it is lost.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.errors import CursorExpired
from syncstatus.connectors.ports import ChangePage, Cursor, Feed
from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.database import Database
from syncstatus.connectors.sql.dialects.base import Clock
from syncstatus.connectors.sql.selection import Row, Selection
from syncstatus.connectors.sql.table import XID, BoundTable
from syncstatus.engine.values import Kind

CURSOR_VERSION: Final = 1
MARGIN: Final = timedelta(seconds=10)
"""How far behind the database's clock an application's may be."""

EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)


class ChangeFeed(Protocol):
    def start(self) -> Cursor: ...

    def changes(self, cursor: Cursor, limit: int) -> ChangePage: ...


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pass stands: behind the record with ``stamp`` and ``key``; in its second part, behind ``key``."""

    horizon: str
    stamp: str | None = None
    key: str | None = None
    unstamped: bool = False


class NoFeed:
    """A table without a column that tells of changes: every run compares everything."""

    def start(self) -> Cursor:
        return {"v": CURSOR_VERSION, "kind": Feed.NONE.value}

    def changes(self, cursor: Cursor, limit: int) -> ChangePage:
        raise CursorExpired(reason="no_feed")


class StampedFeed(ABC):
    """What both feeds have in common: the cursor, the pages, and the records without a stamp."""

    kind: Feed

    def __init__(self, database: Database, table: BoundTable, column: Column) -> None:
        self.database = database
        self.table = table
        self.column = column
        self.element = table.element(column.name)
        self.selection = Selection(table, bodies=False)

    @abstractmethod
    def horizon(self, start: str | None) -> str:
        """Where a pass that begins now ends. Raises ``CursorExpired`` when ``start`` lies in the database's future."""

    @abstractmethod
    def window(self, horizon: str) -> ColumnElement[bool]:
        """What bounds a pass above."""

    def start(self) -> Cursor:
        return self._cursor(self.horizon(None))

    def changes(self, cursor: Cursor, limit: int) -> ChangePage:
        """Raises ``CursorExpired`` for a cursor of another feed or column."""
        self._check(cursor)
        start = cursor["from"]
        here = Position(**cursor["pass"]) if cursor.get("pass") else Position(self.horizon(start))
        with self.database.reading(table=self.table.source.table) as connection:
            rows: list[Row] = []
            if not here.unstamped:
                rows += self._stamped(connection, start, here, limit)
                here = self._behind(here, rows, limit)
            if here.unstamped and len(rows) < limit:
                rest = self._unstamped(connection, here, limit - len(rows))
                here = self._behind(here, rest, limit - len(rows))
                rows += rest
        more = len(rows) == limit
        stamps = self.selection.stamps([row[:-1] for row in rows])
        return ChangePage(stamps, [], self._cursor(start, here) if more else self._cursor(here.horizon), more)

    def _stamped(self, connection: Connection, start: str, here: Position, limit: int) -> Sequence[Row]:
        conditions = [self.element >= self._stamp(start), self.window(here.horizon)]
        if here.stamp is not None and here.key is not None:
            behind, last = self.table.behind(here.key), self._stamp(here.stamp)
            # The first condition is implied by the second, but it is the one that finds the index.
            conditions += [self.element >= last, sa.or_(self.element > last, sa.and_(self.element == last, behind))]
        return self._rows(connection, conditions, [self.element], limit)

    def _unstamped(self, connection: Connection, here: Position, limit: int) -> Sequence[Row]:
        conditions = [self.table.dialect.unstamped(self.element)]
        if here.key is not None:
            conditions.append(self.table.behind(here.key))
        return self._rows(connection, conditions, [], limit)

    def _rows(
        self,
        connection: Connection,
        conditions: Sequence[ColumnElement[bool]],
        order: Sequence[ColumnElement[Any]],
        limit: int,
    ) -> Sequence[Row]:
        columns = [*self.selection.columns, sa.cast(self.element, sa.Text).label("stamp")]
        statement = sa.select(*columns).where(self.table.has_key, *conditions)
        statement = statement.order_by(*order, *self.table.key_elements).limit(limit)
        return connection.execute(statement).all()

    def _behind(self, here: Position, rows: Sequence[Row], limit: int) -> Position:
        """The position after ``rows``; a part of the pass that ends early gives way to the next."""
        if not here.unstamped and len(rows) < limit:
            return Position(here.horizon, unstamped=True)
        if not rows:
            return here
        key = self.selection.stamps([rows[-1][:-1]])[0].key
        return replace(here, stamp=None if here.unstamped else str(rows[-1][-1]), key=key)

    def _stamp(self, text: str) -> ColumnElement[Any]:
        return self.table.dialect.parameter(self.column, text)

    def _cursor(self, start: str, here: Position | None = None) -> Cursor:
        cursor = {"v": CURSOR_VERSION, "kind": self.kind.value, "column": self.column.name, "from": start}
        return cursor if here is None else {**cursor, "pass": asdict(here)}

    def _check(self, cursor: Cursor) -> None:
        mine = {"v": CURSOR_VERSION, "kind": self.kind.value, "column": self.column.name}
        if any(cursor.get(name) != value for name, value in mine.items()) or not isinstance(cursor.get("from"), str):
            raise CursorExpired(reason="other_feed")


class XidFeed(StampedFeed):
    kind = Feed.XID

    def horizon(self, start: str | None) -> str:
        with self.database.reading() as connection:
            horizon = self.table.dialect.snapshot_horizon(connection)
        # A restored database counts from a lower number.
        if start is not None and int(start) > int(horizon):
            raise CursorExpired(reason="restored")
        return horizon

    def window(self, horizon: str) -> ColumnElement[bool]:
        return self.element < self._stamp(horizon)


class TimeFeed(StampedFeed):
    kind = Feed.TIME

    def horizon(self, start: str | None) -> str:
        with self.database.reading() as connection:
            clock = self.table.dialect.clock(connection)
        if start is None:
            return self._text(self._settled(clock))
        if start > self._text(clock.now):
            raise CursorExpired(reason="clock_set_back")
        return max(start, self._text(self._settled(clock)))

    def window(self, horizon: str) -> ColumnElement[bool]:
        return sa.true()

    def _settled(self, clock: Clock) -> datetime:
        """Stamps without a zone may be the wall time of a place behind UTC."""
        zoned = self.table.dialect.is_zoned(self.column)
        behind = MARGIN + timedelta(seconds=0 if zoned else clock.local_lag)
        return max(clock.settled, EARLIEST + behind) - behind

    def _text(self, moment: datetime) -> str:
        """Without a fraction, which earlier is: texts of one form, which sort by time."""
        text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")
        is_date = self.column.codec is not None and self.column.codec.type.kind is Kind.DATE
        return text[:10] if is_date else text


def open_feed(database: Database, table: BoundTable) -> ChangeFeed:
    """The feed that the table's columns allow."""
    if table.feed is Feed.NONE:
        return NoFeed()
    names = [name for name in (table.source.modified_on, table.source.version) if name]
    if table.feed is Feed.XID:
        return XidFeed(database, table, next(table.columns[name] for name in names if table.columns[name].cast == XID))
    return TimeFeed(database, table, table.columns[names[0]])
