"""MariaDB and MySQL through PyMySQL."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.sql import types
from syncstatus.connectors.sql.columns import Codec, Column
from syncstatus.connectors.sql.dialects.base import Clock, Dialect, TableFacts
from syncstatus.connectors.sql.dialects.mariadb_failures import DENIED_PROCESS, failure
from syncstatus.connectors.sql.failures import Failure
from syncstatus.connectors.sql.likeness import Likeness
from syncstatus.connectors.sql.settings import APPLICATION_NAME, Timeouts
from syncstatus.engine.values import FieldType, Kind

BLIND_OVERLAP: Final = timedelta(minutes=5)
"""How long we assume a transaction to run that we are not allowed to see."""

_SECOND: Final = timedelta(seconds=1)

# The driver hands an impossible date through as text; ours says so.
_CONVERTERS: Final = {
    **conversions,
    FIELD_TYPE.DATE: types.read_date,
    FIELD_TYPE.DATETIME: types.read_datetime,
    FIELD_TYPE.TIMESTAMP: types.read_datetime,
}

_FACTS: Final = """
    SELECT c.COLUMN_NAME, c.COLUMN_TYPE, c.COLLATION_NAME, t.TABLE_TYPE
    FROM information_schema.COLUMNS c
    JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
    WHERE c.TABLE_SCHEMA = coalesce(%s, database()) AND c.TABLE_NAME = %s
"""
_JSON: Final = """
    SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = coalesce(%s, database()) AND TABLE_NAME = %s AND CHECK_CLAUSE LIKE 'json_valid(%%'
"""
_CLOCK: Final = """
    SELECT UTC_TIMESTAMP(6),
           TIMESTAMPDIFF(SECOND, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@global.time_zone), UTC_TIMESTAMP()),
           (SELECT max(TIME) FROM information_schema.PROCESSLIST
            WHERE COMMAND IN ('Query', 'Execute') AND ID <> connection_id())
"""
# InnoDB tells the start of a transaction in whole seconds of the machine's own zone.
_OLDEST: Final = """
    SELECT max(TIMESTAMPDIFF(SECOND, trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')))
    FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> connection_id()
"""

_BITS: Final = {
    mysql.TINYINT: 8,
    mysql.SMALLINT: 16,
    mysql.MEDIUMINT: 24,
    mysql.INTEGER: 32,
    mysql.BIGINT: 64,
}


class MariaDB(Dialect):
    name: ClassVar[str] = "mysql"

    def connect_arguments(self, url: URL, timeouts: Timeouts) -> tuple[URL, Mapping[str, Any]]:
        return url, {
            "connect_timeout": max(1, round(timeouts.connect_timeout)),
            # The socket waits a little longer than the statement may run, so that the server speaks first.
            "read_timeout": max(timeouts.read_timeout, timeouts.write_timeout) + 5,
            "write_timeout": timeouts.write_timeout + 5,
            "charset": "utf8mb4",
            "program_name": APPLICATION_NAME,
            "conv": _CONVERTERS,
        }

    def prepare(self, connection: Any, timeouts: Timeouts) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = %s,"
                " sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
                (max(1, round(timeouts.lock_timeout)),),
            )

    def begin(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        seconds = timeouts.write_timeout if writing else timeouts.read_timeout
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql("SET SESSION max_statement_time = %s", (seconds,))
        else:
            connection.exec_driver_sql("SET SESSION max_execution_time = %s", (round(seconds * 1000),))

    def failure(self, error: BaseException) -> Failure:
        return failure(error)

    def facts(self, connection: Connection, table: str, schema: str | None) -> TableFacts:
        rows = connection.exec_driver_sql(_FACTS, (schema, table)).all()
        return TableFacts(
            is_view=any(row[3].endswith("VIEW") for row in rows),
            folding=frozenset(row[0] for row in rows if (row[2] or "").endswith("_ci")),
            natives={row[0]: row[1] for row in rows},
            json=self._json(connection, table, schema),
        )

    def _json(self, connection: Connection, table: str, schema: str | None) -> frozenset[str]:
        """MariaDB's JSON is a text with a check on it."""
        if not getattr(connection.dialect, "is_mariadb", False):
            return frozenset()
        clauses = connection.exec_driver_sql(_JSON, (schema, table)).scalars()
        return frozenset(clause.removeprefix("json_valid(").rstrip(")").strip("`") for clause in clauses)

    def codec(self, name: str, native: Any, facts: TableFacts, *, nullable: bool) -> Codec | None:
        declared = facts.natives.get(name, "").lower()
        if declared in ("tinyint(1)", "bit(1)"):
            return Codec(FieldType(Kind.BOOLEAN, nullable=nullable), _read_boolean, int)
        if name in facts.json or isinstance(native, mysql.JSON):
            return Codec(FieldType(Kind.JSON, nullable=nullable), types.read_json, types.write_json)
        if declared == "uuid":
            return Codec(FieldType(Kind.UUID, nullable=nullable), str.lower)
        if isinstance(native, mysql.YEAR):
            return Codec(FieldType(Kind.INTEGER, precision=16, nullable=nullable))
        if isinstance(native, mysql.BIT):
            return None
        return self._ordinary(native, nullable)

    def _ordinary(self, native: Any, nullable: bool) -> Codec | None:
        if isinstance(native, sa.Integer):
            bits = next((bits for known, bits in _BITS.items() if isinstance(native, known)), 32)
            bits += bool(getattr(native, "unsigned", False))
            return Codec(FieldType(Kind.INTEGER, precision=bits, nullable=nullable))
        if isinstance(native, (sa.DateTime, sa.Time)):
            kind = Kind.DATETIME if isinstance(native, sa.DateTime) else Kind.TIME
            type_ = FieldType(kind, time_precision=getattr(native, "fsp", None) or 0, nullable=nullable)
            return Codec(type_, *_TIMES[kind])
        known = types.field_type(native, nullable=nullable)
        if known is None:
            return None
        return Codec(known, types.read_decimal if known.kind is Kind.DECIMAL else None)

    def clock(self, connection: Connection) -> Clock:
        """Bounded by every open transaction and running statement; blind without the PROCESS privilege."""
        now, lag, running = connection.exec_driver_sql(_CLOCK).one()
        try:
            oldest = connection.exec_driver_sql(_OLDEST).scalar_one()
        except DBAPIError as error:
            if error.orig is None or error.orig.args[0] not in DENIED_PROCESS:
                raise
            return Clock(now, now - BLIND_OVERLAP, max(0.0, float(lag or 0)))
        age = timedelta(seconds=max(int(oldest or 0), int(running or 0)))
        return Clock(now, (now - age - _SECOND).astimezone(UTC), max(0.0, float(lag or 0)))

    def is_zoned(self, column: Column) -> bool:
        return column.info.native_type.lower().startswith("timestamp")

    def text_of(self, element: ColumnElement[Any], likeness: Likeness) -> ColumnElement[Any]:
        text = sa.func.trim(sa.cast(element, mysql.CHAR(charset="utf8mb4")))
        if not likeness.accent_sensitive:
            return text.collate("utf8mb4_unicode_ci")  # there is none that folds accents and not case
        return (text if likeness.case_sensitive else sa.func.lower(text)).collate("utf8mb4_bin")

    def unstamped(self, element: ColumnElement[Any]) -> ColumnElement[bool]:
        """Also the zero date, which stands before every other."""
        return sa.or_(element.is_(None), element < "0001-01-01")

    def stamp(self) -> ColumnElement[Any]:
        return sa.func.utc_timestamp(6)


def _read_boolean(value: Any) -> bool:
    return any(value) if isinstance(value, bytes) else bool(value)


_TIMES: Final = {
    Kind.DATETIME: (None, types.without_zone),
    Kind.TIME: (types.read_duration_as_time, None),
}
