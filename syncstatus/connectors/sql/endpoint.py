"""One table of one database, bound to what a mapping uses of it."""

from collections.abc import Collection, Sequence
from typing import Any

from syncstatus.connectors.ports import (
    Capabilities,
    ChangePage,
    Create,
    Cursor,
    Delete,
    Stamp,
    TableInfo,
    Update,
    WriteResult,
)
from syncstatus.connectors.sql.database import Database
from syncstatus.connectors.sql.feed import open_feed
from syncstatus.connectors.sql.likeness import Likeness
from syncstatus.connectors.sql.read import Reader
from syncstatus.connectors.sql.table import BoundTable
from syncstatus.connectors.sql.write import Writer
from syncstatus.engine.records import Record


class SqlEndpoint:
    """Implements ``ports.Endpoint``. Every call is a short transaction of its own; safe to share between threads."""

    def __init__(self, database: Database, table: BoundTable) -> None:
        self.table = table
        self._reader = Reader(database, table)
        self._feed = open_feed(database, table)
        self._writer = Writer(database, table, self._reader)

    @property
    def capabilities(self) -> Capabilities:
        return self.table.capabilities

    @property
    def info(self) -> TableInfo:
        return self.table.info

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.key.columns)

    def reserve_keys(self, count: int) -> list[str] | None:
        """Drawn from the key's own default, where that makes a new value each time and we may call it."""
        return self._writer.reserve_keys(count)

    def newest_key(self) -> str | None:
        return self._reader.newest_key()

    def start_cursor(self) -> Cursor:
        return self._feed.start()

    def changes(self, cursor: Cursor, limit: int) -> ChangePage:
        return self._feed.changes(cursor, limit)

    def keys(self, after: str | None, limit: int) -> list[Stamp]:
        return self._reader.keys(after, limit)

    def keys_before(self, before: str, limit: int) -> list[Stamp]:
        return self._reader.keys_before(before, limit)

    def count(self) -> int:
        return self._reader.count()

    def stamps(self, keys: Collection[str]) -> dict[str, Stamp]:
        return self._reader.stamps(keys)

    def read(self, keys: Collection[str]) -> dict[str, Record]:
        return self._reader.records(keys)

    def search(
        self,
        fields: Sequence[str],
        wanted: Collection[tuple[Any, ...]],
        *,
        case_sensitive: Sequence[bool],
        accent_sensitive: Sequence[bool] | None = None,
    ) -> list[Record]:
        accents = [True] * len(fields) if accent_sensitive is None else accent_sensitive
        return self._reader.search(fields, wanted, list(map(Likeness, case_sensitive, accents)))

    def create(self, operations: Sequence[Create]) -> list[WriteResult]:
        return self._writer.create(operations)

    def update(self, operations: Sequence[Update]) -> list[WriteResult]:
        return self._writer.update(operations)

    def delete(self, operations: Sequence[Delete]) -> list[WriteResult]:
        return self._writer.delete(operations)
