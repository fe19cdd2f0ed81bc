"""PostgreSQL through psycopg2."""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from psycopg2 import extensions
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.engine import URL, Connection
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import UserDefinedType

from syncstatus.connectors.sql import types
from syncstatus.connectors.sql.columns import Codec, Column
from syncstatus.connectors.sql.dialects import postgres_casters as casters
from syncstatus.connectors.sql.dialects.base import Clock, Compare, Dialect, TableFacts
from syncstatus.connectors.sql.dialects.postgres_failures import failure
from syncstatus.connectors.sql.failures import Failure
from syncstatus.connectors.sql.likeness import Likeness
from syncstatus.connectors.sql.settings import APPLICATION_NAME, Timeouts
from syncstatus.engine.accents import ACCENTS
from syncstatus.engine.values import FieldType, Kind

BLIND_OVERLAP: Final = timedelta(minutes=5)
"""How long we assume a transaction to run that we are not allowed to see."""

_AS_TEXT: Final = (pg.INET, pg.CIDR, pg.MACADDR, pg.MACADDR8)
_XID8: Final = "xid8"


class _Native(UserDefinedType):
    """A type in the database's own words, for CAST."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


# The driver's own converters raise for a date before Christ and turn infinity into the last day of 9999.
_CASTERS: Final = tuple(
    extensions.new_type(oids, name, read)
    for name, oids, read in (
        ("SYNC_BYTEA", (17,), casters.binary),
        ("SYNC_BPCHAR", (1042,), casters.padded),
        ("SYNC_FLOAT", (700, 701), casters.floating),
        ("SYNC_NUMERIC", (1700,), casters.numeric),
        ("SYNC_DATE", (1082,), casters.day),
        ("SYNC_TIME", (1083,), casters.time_of_day),
        ("SYNC_TIMESTAMP", (1114,), casters.timestamp),
        ("SYNC_TIMESTAMPTZ", (1184,), casters.timestamp_with_zone),
        ("SYNC_UUID", (2950,), casters.as_is),
        ("SYNC_JSON", (114, 3802), casters.parsed_json),
    )
)

_SESSION: Final = """
    SET TIME ZONE 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'; SET extra_float_digits = 1;
    SET standard_conforming_strings = on; SET client_encoding = 'UTF8'; SET lock_timeout = {lock}
"""

_FACTS: Final = """
    SELECT c.relkind::text, a.attname, format_type(a.attnum_type, -1), pg_get_expr(d.adbin, d.adrelid),
           a.attidentity::text, pg_get_serial_sequence(c.oid::regclass::text, a.attname),
           a.attnum_type = to_regtype('citext') OR NOT coalesce(l.collisdeterministic, true),
           -- the bits of tgtype: 2 before, 4 insert, 16 update, 64 instead of
           coalesce(g.early, false), coalesce(g.late, false)
    FROM pg_class c
    LEFT JOIN LATERAL (SELECT bool_or(tgtype & 66 <> 0) AS early, bool_or(tgtype & 66 = 0) AS late FROM pg_trigger
                       WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 20 <> 0) g ON true
    JOIN LATERAL (SELECT attname, attidentity, attnum, attcollation, atttypid AS attnum_type
                  FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a ON true
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.oid = to_regclass(%s)
"""

_CLOCK: Final = """
    SELECT clock_timestamp(), current_setting('TimeZone'),
           extract(epoch FROM (clock_timestamp() AT TIME ZONE 'UTC')
                   - (clock_timestamp() AT TIME ZONE (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'))),
           pg_has_role('pg_read_all_stats', 'USAGE'),
           (SELECT min(xact_start) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND backend_type NOT IN ('autovacuum worker', 'walsender')),
           (SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database())
"""


class PostgreSQL(Dialect):
    name: ClassVar[str] = "postgresql"
    key_chunk: ClassVar[int] = 10_000
    search_chunk: ClassVar[int] = 10_000

    def connect_arguments(self, url: URL, timeouts: Timeouts) -> tuple[URL, Mapping[str, Any]]:
        return url, {
            "connect_timeout": max(2, round(timeouts.connect_timeout)),
            "application_name": url.query.get("application_name", APPLICATION_NAME),
            # A server that vanished without a word is noticed although nothing is left to send.
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }

    def prepare(self, connection: Any, timeouts: Timeouts) -> None:
        for caster in _CASTERS:
            extensions.register_type(caster, connection)
        with connection.cursor() as cursor:
            cursor.execute(_SESSION.format(lock=round(timeouts.lock_timeout * 1000)))
        connection.commit()

    def begin(self, connection: Connection, timeouts: Timeouts, *, writing: bool) -> None:
        seconds = timeouts.write_timeout if writing else timeouts.read_timeout
        # A constraint that is only looked at while committing could not be laid at one record's door.
        immediate = "; SET CONSTRAINTS ALL IMMEDIATE" if writing else ""
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}{immediate}")

    def failure(self, error: BaseException) -> Failure:
        return failure(error)

    def facts(self, connection: Connection, table: str, schema: str | None) -> TableFacts:
        quote = connection.dialect.identifier_preparer.quote_identifier
        name = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
        rows = connection.exec_driver_sql(_FACTS, (name,)).all()
        kinds = {row[0] for row in rows}
        return TableFacts(
            has_xmin=kinds == {"r"},
            lockable=kinds <= {"r", "p"},
            is_view=bool(kinds & {"v", "m"}),
            early_triggers=any(row[7] for row in rows),
            late_triggers=any(row[8] for row in rows),
            casts={row[1]: row[2] for row in rows},
            folding=frozenset(row[1] for row in rows if row[6]),
            key_defaults={row[1]: default for row in rows if (default := _default(row[3], row[4], row[5]))},
            natives={},
        )

    def codec(self, name: str, native: Any, facts: TableFacts, *, nullable: bool) -> Codec | None:
        if isinstance(native, pg.DOMAIN):
            return self.codec(name, native.data_type, facts, nullable=nullable and not native.not_null)
        if isinstance(native, (*_AS_TEXT, pg.CITEXT)) or facts.casts.get(name) == "name":
            return Codec(FieldType(Kind.TEXT, nullable=nullable))
        if facts.casts.get(name) == "time with time zone" or isinstance(native, pg.MONEY):
            return None
        type_ = types.field_type(native, nullable=nullable)
        return None if type_ is None else Codec(type_, encode=_ENCODERS.get(type_.kind))

    def clock(self, connection: Connection) -> Clock:
        """Bounded by every open transaction of this database, not only by those that have written.

        One that has not written yet may still do so, with a stamp as old as its start. A prepared transaction says
        when it was prepared, not when it began.
        """
        now, _, lag, sees_all, oldest, prepared = connection.exec_driver_sql(_CLOCK).one()
        bounds = [now, oldest, prepared and prepared - BLIND_OVERLAP]
        if not sees_all:
            bounds.append(now - BLIND_OVERLAP)
        settled = min(bound for bound in bounds if bound is not None)
        return Clock(now, settled.astimezone(UTC), max(0.0, float(lag)))

    def snapshot_horizon(self, connection: Connection) -> str:
        """Every transaction below it has ended and is visible from now on (PROTOCOLS 4 A)."""
        return str(connection.exec_driver_sql("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").scalar_one())

    def is_zoned(self, column: Column) -> bool:
        return column.cast == "timestamp with time zone"

    def parameter(self, column: Column, value: Any) -> ColumnElement[Any]:
        return sa.cast(super().parameter(column, value), _Native(column.cast))

    def text_of(self, element: ColumnElement[Any], likeness: Likeness) -> ColumnElement[Any]:
        text: ColumnElement[Any] = sa.func.btrim(sa.cast(element, sa.Text), " \t\r\n")
        if not likeness.accent_sensitive:
            apart = sa.func.normalize(text, sa.literal_column("NFKD"))
            text = sa.func.regexp_replace(apart, ACCENTS, "", "g")
        # The column's own collation could fold case or accents.
        return (text if likeness.case_sensitive else sa.func.lower(text)).collate("C")

    def version_text(self, element: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.cast(element, sa.Text)

    def has_keys(
        self, columns: Sequence[Column], elements: Sequence[ColumnElement[Any]], keys: Sequence[tuple[Any, ...]]
    ) -> ColumnElement[bool]:
        if len(elements) == 1:
            return elements[0] == sa.any_(self.array(columns[0], [key[0] for key in keys]))
        return sa.tuple_(*elements).in_(sa.select(*self._unnested(columns, keys)))

    def equals_one(
        self,
        columns: Sequence[Column],
        elements: Sequence[ColumnElement[Any]],
        wanted: Sequence[tuple[Any, ...]],
        likeness: Sequence[Likeness],
    ) -> ColumnElement[bool]:
        rows = zip(columns, self._unnested(columns, wanted), likeness, strict=True)
        values = [self.searched(column, value, like) for column, value, like in rows]
        return sa.tuple_(*elements).in_(sa.select(*values))

    def _unnested(self, columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[ColumnElement[Any]]:
        """The values as the columns of a table, one array each: one plan whatever their number."""
        arrays = [self.array(column, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]
        names = [f"k{number}" for number in range(len(arrays))]
        return list(sa.func.unnest(*arrays).table_valued(*names, name="wanted").render_derived().c)

    def array(self, column: Column, values: Sequence[Any]) -> ColumnElement[Any]:
        return sa.cast(
            sa.literal([self.bound(column, value) for value in values], sa.types.NullType()),
            _Native(f"{column.cast}[]"),
        )

    def beyond(
        self, elements: Sequence[ColumnElement[Any]], key: Sequence[ColumnElement[Any]], past: Compare, up_to: Compare
    ) -> ColumnElement[bool]:
        return past(sa.tuple_(*elements), sa.tuple_(*key)) if len(key) > 1 else past(elements[0], key[0])


def _default(expression: str | None, identity: str, sequence: str | None) -> str | None:
    """SQL that draws a value as the database would: for identity columns the sequence behind them."""
    if identity and sequence:
        return f"nextval('{sequence.replace(chr(39), chr(39) * 2)}'::regclass)"
    return expression


def _hex(value: Any) -> str:
    return f"\\x{bytes(value).hex()}"


# Texts that both a parameter and COPY take.
_ENCODERS: Final = {Kind.BINARY: _hex, Kind.JSON: types.write_json}
