"""One database as a business application."""

import time
from collections.abc import Mapping
from typing import Any

from syncstatus.connectors.ports import Health, Source, TableInfo, TableName
from syncstatus.connectors.sql.database import Database
from syncstatus.connectors.sql.endpoint import SqlEndpoint
from syncstatus.connectors.sql.reflection import Reflection, listed, reflect
from syncstatus.connectors.sql.table import bind


def connect(settings: Mapping[str, Any]) -> "SqlConnector":
    """``settings``: {"url": an SQLAlchemy URL, with the time-outs of ``settings.Timeouts`` as query parameters}.

    Nothing is sent yet. Raises ``SettingsInvalid``.
    """
    return SqlConnector(Database(settings))


class SqlConnector:
    """Implements ``ports.Connector``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self) -> Health:
        """Raises ``ConnectionFailed``: ``Unreachable``, ``CredentialsRefused``, ``DatabaseMissing``."""
        dialect = self._database.dialect
        with self._database.reading() as connection:
            version = dialect.server_version(connection)
            before, started = time.time(), time.perf_counter()
            clock = dialect.clock(connection)
            latency = time.perf_counter() - started
        return Health(version, latency, clock.now.timestamp() - before - latency / 2)

    def tables(self) -> list[TableName]:
        """Tables and views, those of the user's own schema first. Raises ``ConnectionFailed``."""
        with self._database.reading() as connection:
            return listed(connection)

    def describe(self, table: str, schema: str | None = None) -> TableInfo:
        return self._reflect(table, schema).info

    def open(self, source: Source) -> SqlEndpoint:
        """Raises ``SchemaMismatch`` (``TableMissing``, ``FieldMissing``, ``KeyMissing``, ``TypeUnsupported``,
        ``FilterInvalid``), ``AccessDenied`` and ``ConnectionFailed``."""
        reflection = self._reflect(source.table, source.schema)
        return SqlEndpoint(self._database, bind(self._database.dialect, reflection, source))

    def _reflect(self, table: str, schema: str | None) -> Reflection:
        with self._database.reading(table=table) as connection:
            return reflect(connection, self._database.dialect, table, schema)

    def close(self) -> None:
        self._database.close()
