"""A business application whose change feed reports deletions, as services with delta queries do.

It is the SQL connector over a table whose deletions a trigger writes into ``<table>_tombstone``; the feed lists the
tombstones behind the changes, in pages like them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from syncstatus.connectors.ports import Capabilities, ChangePage, Cursor, Endpoint, Source
from syncstatus.connectors.sql.connector import SqlConnector
from syncstatus.connectors.sql.connector import connect as connect_sql

KIND = "tombstones"

TRIGGER = """
CREATE TABLE {table}_tombstone (id bigserial PRIMARY KEY, key text NOT NULL);
CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO {schema}.{table}_tombstone (key) VALUES (CAST(OLD.id AS text)); RETURN NULL; END $$;
CREATE TRIGGER bury AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION bury();
"""


def connect(settings: Mapping[str, Any]) -> "TombstoneConnector":
    return TombstoneConnector(connect_sql(settings), sa.create_engine(settings["url"]))


class TombstoneConnector:
    """Implements ``ports.Connector``."""

    def __init__(self, inner: SqlConnector, engine: sa.Engine) -> None:
        self._inner, self._engine = inner, engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open(self, source: Source) -> Endpoint:
        name = f"{source.schema}.{source.table}_tombstone"
        return TombstoneEndpoint(self._inner.open(source), self._engine, name)  # type: ignore[return-value]

    def close(self) -> None:
        self._inner.close()
        self._engine.dispose()


class TombstoneEndpoint:
    """Implements ``ports.Endpoint``."""

    def __init__(self, inner: Endpoint, engine: sa.Engine, tombstones: str) -> None:
        self._inner, self._engine, self._tombstones = inner, engine, tombstones

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._inner.capabilities, reports_deletes=True)

    def start_cursor(self) -> Cursor:
        ((last,),) = self._query(f"SELECT coalesce(max(id), 0) FROM {self._tombstones}")
        return {"rows": self._inner.start_cursor(), "buried": last}

    def changes(self, cursor: Cursor, limit: int) -> ChangePage:
        page = self._inner.changes(cursor["rows"], limit)
        if page.more:
            return replace(page, cursor={**cursor, "rows": page.cursor})
        found = self._query(
            f"SELECT id, key FROM {self._tombstones} WHERE id > :after ORDER BY id LIMIT :limit",
            after=cursor["buried"],
            limit=limit,
        )
        last = found[-1][0] if found else cursor["buried"]
        behind = {"rows": page.cursor, "buried": last}
        return ChangePage(page.stamps, [key for _, key in found], behind, len(found) == limit)

    def _query(self, sql: str, **parameters: Any) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(sa.text(sql), parameters).fetchall()
