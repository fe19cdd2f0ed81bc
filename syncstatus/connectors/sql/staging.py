"""A temporary table on PostgreSQL that holds what is to be written, filled by COPY."""

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final

import psycopg2
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.expression import TableClause

from syncstatus.connectors.sql.columns import Column
from syncstatus.connectors.sql.keys import Key
from syncstatus.connectors.sql.table import BoundTable
from syncstatus.engine.values import Kind

_LIMITED: Final = frozenset({"real", "bpchar"})
_COPY_BYTES: Final = 1 << 20
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_numbers = count(1)


class Staging:
    """``types`` maps the table's columns to types in PostgreSQL's words; ``defaults`` draws those that COPY leaves out.

    It lives until the transaction ends, or until the savepoint it was made in is given up.
    """

    def __init__(
        self, connection: Connection, types: Mapping[str, str], defaults: Mapping[str, str] | None = None
    ) -> None:
        self.connection = connection
        self.name = f"syncstatus_{next(_numbers)}"
        defaults = defaults or {}
        self.copied = [name for name in types if name not in defaults]
        columns = (f"{name} {type_} {_default(defaults.get(name))}" for name, type_ in types.items())
        # An expression may hold a percent sign, which the driver would take for a parameter.
        statement = f"CREATE TEMPORARY TABLE {self.name} ({', '.join(columns)}) ON COMMIT DROP"
        connection.exec_driver_sql(statement.replace("%", "%%"))
        self.clause: TableClause = sa.table(self.name, *(sa.column(name) for name in types))

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self.clause.c[name]

    def fill(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of ``copied``, as ``RowEncoder`` makes them. Raises ``DBAPIError``, ``UnicodeEncodeError``."""
        # Encoded here: an error in the middle of COPY would look as if somebody had cancelled it.
        data = io.BytesIO("".join(map(_line, rows)).encode())
        driver = self.connection.connection.driver_connection
        assert driver is not None
        statement = f"COPY {self.name} ({', '.join(self.copied)}) FROM STDIN"
        try:
            with driver.cursor() as cursor:
                cursor.copy_expert(statement, data, _COPY_BYTES)
        except psycopg2.Error as error:
            raise DBAPIError(statement, None, error, connection_invalidated=bool(driver.closed)) from error


def _line(row: Sequence[Any]) -> str:
    """One row of COPY's text. Whether anything needs an escape is asked of the row as a whole: half the cost."""
    line = "\t".join(["\\N" if value is None else value if value.__class__ is str else str(value) for value in row])
    as_is = line.count("\t") == len(row) - 1 and line.count("\\") == row.count(None)
    if as_is and "\n" not in line and "\r" not in line:
        return line + "\n"
    return "\t".join(["\\N" if value is None else str(value).translate(_ESCAPES) for value in row]) + "\n"


def staged_type(column: Column) -> str:
    """The column's type without its limits, so that a value that does not fit shows when it is assigned.

    Single precision is staged double, or what gets lost would get lost unseen.
    """
    return "double precision" if column.cast == "real" else column.cast


def may_differ(table: BoundTable, column: Column) -> bool:
    """Whether the table may store something else than it was sent: a trigger's work, or the limits of the type.

    Numbers and times are rounded to them, and blanks that a text has too many of are cut off.
    """
    type_ = column.codec.type if column.codec else None
    if type_ is None or table.facts.early_triggers or table.facts.late_triggers:
        return True
    is_limited = type_.length is not None or type_.scale is not None or type_.time_precision not in (None, 6)
    return is_limited or column.cast in _LIMITED


def is_same(column: Column, stored: ColumnElement[Any], staged: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether what is stored is what was sent, to the letter: not only to a collation or a blank-padded type."""
    kind = column.codec.type.kind if column.codec else Kind.TEXT
    if kind in (Kind.TEXT, Kind.JSON) or column.cast == "real":
        stored, staged = sa.cast(stored, sa.Text).collate("C"), sa.cast(staged, sa.Text)
    return stored.is_not_distinct_from(staged)


def key_columns(table: BoundTable) -> dict[str, str]:
    """The columns of a temporary table for the records' keys."""
    return {f"k{number}": column.cast for number, column in enumerate(table.key.columns)}


def native_keys(table: BoundTable, keys: Iterable[str]) -> list[Key]:
    """The native values of keys; each is one that a record can have."""
    return [table.key.values(key) or () for key in keys]


def staged_keys(table: BoundTable, keys: Sequence[Key]) -> Sequence[Key]:
    """Native keys as ``key_columns`` take them."""
    columns, bound = table.key.columns, table.dialect.bound
    if not any(column.codec and column.codec.encode for column in columns):
        return keys
    return [tuple(map(bound, columns, key)) for key in keys]


def key_is_staged(table: BoundTable, staging: Staging) -> ColumnElement[bool]:
    return sa.and_(*(element == staging[f"k{number}"] for number, element in enumerate(table.key_elements)))


def keys_are_named(table: BoundTable, keys: Sequence[Key]) -> list[ColumnElement[bool]]:
    """Says native ``keys``, which are staged, once more, as a list. The planner knows nothing of a temporary table and
    would rather read the whole table for each batch than look up what it may take for many more records."""
    if len(table.key.columns) > 1:
        return []
    return [table.dialect.has_keys(table.key.columns, table.key_elements, keys)]


class RowEncoder:
    """From native values of these columns to what ``fill`` takes."""

    def __init__(self, columns: Sequence[Column]) -> None:
        codecs = enumerate(column.codec for column in columns)
        self._encoders = [(position, codec.encode) for position, codec in codecs if codec and codec.encode]

    def __call__(self, values: list[Any]) -> list[Any]:
        """Changes ``values`` in place."""
        for position, encode in self._encoders:
            if values[position] is not None:
                values[position] = encode(values[position])
        return values


def _default(expression: str | None) -> str:
    return f"DEFAULT {expression}" if expression else ""
