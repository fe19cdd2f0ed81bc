"""SQLite through the standard library's driver."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.errors import UrlInvalid
from syncstatus.connectors.sql import types
from syncstatus.connectors.sql.columns import Codec, Column
from syncstatus.connectors.sql.dialects import sqlite_values as values
from syncstatus.connectors.sql.dialects.base import Clock, Dialect, TableFacts
from syncstatus.connectors.sql.dialects.sqlite_failures import failure
from syncstatus.connectors.sql.failures import Failure
from syncstatus.connectors.sql.likeness import Likeness
from syncstatus.connectors.sql.settings import Timeouts
from syncstatus.engine.values import FieldType, Kind

LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)

_DECLARED: Final = re.compile(r"(?P<name>[^(]*)(?:\((?P<length>\d+)(?:\s*,\s*(?P<scale>\d+))?\))?")

# The first whose word is part of the declared type; SQLite itself looks at them in much the same way.
_KINDS: Final = (
    ("BOOL", Kind.BOOLEAN),
    ("INT", Kind.INTEGER),
    ("UUID", Kind.UUID),
    ("UNIQUEIDENTIFIER", Kind.UUID),
    ("JSON", Kind.JSON),
    ("CHAR", Kind.TEXT),
    ("CLOB", Kind.TEXT),
    ("TEXT", Kind.TEXT),
    ("STRING", Kind.TEXT),
    ("BLOB", Kind.BINARY),
    ("BINARY", Kind.BINARY),
    ("REAL", Kind.FLOAT),
    ("FLOA", Kind.FLOAT),
    ("DOUB", Kind.FLOAT),
    ("DATETIME", Kind.DATETIME),
    ("TIMESTAMP", Kind.DATETIME),
    ("DATE", Kind.DATE),
    ("TIME", Kind.TIME),
    ("NUM", Kind.DECIMAL),
    ("DEC", Kind.DECIMAL),
    ("MONEY", Kind.DECIMAL),
)

_CODECS: Final = {
    Kind.BOOLEAN: (values.read_boolean, int),
    Kind.INTEGER: (values.read_integer, None),
    Kind.UUID: (values.read_uuid, None),
    Kind.JSON: (values.read_json, types.write_json),
    Kind.TEXT: (values.read_text, None),
    Kind.BINARY: (values.read_binary, None),
    Kind.FLOAT: (values.read_float, None),
    Kind.DATETIME: (values.read_datetime, values.write_datetime),
    Kind.DATE: (values.read_date, str),
    Kind.TIME: (values.read_time, str),
    Kind.DECIMAL: (values.read_decimal, str),
}


class SQLite(Dialect):
    name: ClassVar[str] = "sqlite"
    key_chunk: ClassVar[int] = 500

    def connect_arguments(self, url: URL, timeouts: Timeouts) -> tuple[URL, Mapping[str, Any]]:
        """Opens what exists: a misspelt path must not make a new, empty database."""
        path = url.database
        if not path or path == ":memory:":
            raise UrlInvalid(reason="not_a_file")
        if not path.startswith("file:"):
            uri = f"{Path(path).absolute().as_uri()}?mode=rw"
            url = url.set(database=uri).update_query_dict({"uri": "true"})
        return url, {"timeout": timeouts.lock_timeout, "isolation_level": None, "check_same_thread": False}

    def prepare(self, connection: Any, timeouts: Timeouts) -> None:
        connection.text_factory = values.read_bytes_as_text
        connection.create_function("syncstatus_text", 3, values.searched, deterministic=True)
        connection.execute("PRAGMA foreign_keys = ON").close()

    def begin(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        # A deferred transaction that turns to writing is refused as locked when somebody wrote in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    def failure(self, error: BaseException) -> Failure:
        return failure(error)

    def facts(self, connection: Connection, table: str, schema: str | None) -> TableFacts:
        where = schema or "main"
        rows = connection.exec_driver_sql("SELECT name, type, pk FROM pragma_table_xinfo(?, ?)", (table, where)).all()
        kinds = connection.exec_driver_sql(
            "SELECT type FROM pragma_table_list WHERE name = ? AND schema = ?", (table, where)
        )
        return TableFacts(
            lockable=False,
            is_view="view" in kinds.scalars().all(),
            natives={row[0]: row[1] for row in rows},
            numbered=_rowid_alias(rows),
            folding=self._folding(connection, table, where),
        )

    def _folding(self, connection: Connection, table: str, schema: str) -> frozenset[str]:
        rows = connection.exec_driver_sql(
            "SELECT x.name FROM pragma_index_list(?, ?) i JOIN pragma_index_xinfo(i.name, ?) x"
            " WHERE i.\"unique\" AND x.name IS NOT NULL AND x.coll = 'NOCASE'",
            (table, schema, schema),
        )
        return frozenset(rows.scalars())

    def codec(self, name: str, native: Any, facts: TableFacts, *, nullable: bool) -> Codec | None:
        declared = _DECLARED.match(facts.natives.get(name, "").upper())
        word = declared["name"].strip() if declared else ""
        kind = next((kind for part, kind in _KINDS if part in word), None)
        if declared is None or kind is None:
            return None
        length = int(declared["length"]) if declared["length"] else None
        if word == "TINYINT" and length == 1:
            kind = Kind.BOOLEAN
        return Codec(_type(kind, length, int(declared["scale"] or 0), nullable), *_CODECS[kind])

    def clock(self, connection: Connection) -> Clock:
        """Nobody is writing when the write lock is free; when it is not, nobody knows for how long."""
        lag = -(datetime.now().astimezone().utcoffset() or values.NO_TIME).total_seconds()
        driver = connection.connection.driver_connection
        settled = LONG_AGO
        if driver is not None and _lock_is_free(driver):
            settled = datetime.now(UTC)
        return Clock(datetime.now(UTC), settled, max(0.0, lag))

    def server_version(self, connection: Connection) -> str:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        return f"SQLite {sqlite3.sqlite_version}"

    def has_keys(
        self, columns: Sequence[Column], elements: Sequence[ColumnElement[Any]], keys: Sequence[tuple[Any, ...]]
    ) -> ColumnElement[bool]:
        if len(elements) == 1:
            return super().has_keys(columns, elements, keys)
        rows = [tuple(self.bound(column, value) for column, value in zip(columns, key, strict=True)) for key in keys]
        return sa.tuple_(*elements).in_(rows)

    def text_of(self, element: ColumnElement[Any], likeness: Likeness) -> ColumnElement[Any]:
        return sa.func.syncstatus_text(element, int(likeness.case_sensitive), int(likeness.accent_sensitive))

    def contains(self, element: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        return sa.func.instr(element, text) > 0

    def starts_with(self, element: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        return sa.func.substr(element, 1, len(text)) == text

    def unstamped(self, element: ColumnElement[Any]) -> ColumnElement[bool]:
        """Stamps are compared as text; numbers stand before every text."""
        return sa.func.typeof(element) != "text"

    def stamp(self) -> ColumnElement[Any]:
        return sa.func.strftime("%Y-%m-%d %H:%M:%f", "now")


def _rowid_alias(columns: Sequence[Any]) -> frozenset[str]:
    """A primary key of one column that is declared INTEGER, to the letter, numbers itself."""
    key = [name for name, type_, position in columns if position and type_.upper() == "INTEGER"]
    return frozenset(key if sum(bool(position) for *_, position in columns) == 1 else ())


def _type(kind: Kind, length: int | None, scale: int, nullable: bool) -> FieldType:
    match kind:
        case Kind.TEXT | Kind.BINARY:
            return FieldType(kind, length=length, nullable=nullable)
        case Kind.INTEGER:
            return FieldType(kind, precision=64, nullable=nullable)
        case Kind.DECIMAL:
            return FieldType(kind, precision=length, scale=scale if length else None, nullable=nullable)
        case Kind.DATETIME | Kind.TIME:
            return FieldType(kind, time_precision=6, nullable=nullable)
    return FieldType(kind, nullable=nullable)


def _lock_is_free(driver: Any) -> bool:
    """Takes the write lock for a moment, without waiting, and goes back to a reading transaction."""
    driver.execute("ROLLBACK")
    (waiting,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        driver.execute("BEGIN IMMEDIATE")
        driver.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    else:
        return True
    finally:
        driver.execute(f"PRAGMA busy_timeout = {waiting}")
        driver.execute("BEGIN")
