"""Rows into PostgreSQL as fast as it takes them."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

# PostgreSQL stores no NUL; the symbol for it keeps the place readable.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\u2400"})

Row = Sequence[Any]


def copy(cursor: CursorWrapper, table: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """COPY ``rows`` into ``table``; values are None, text, numbers, booleans or aware datetimes."""
    lines = "".join(map(_line, rows))
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO(lines))


def stage(cursor: CursorWrapper, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Fill the temporary table ``name`` with ``rows``; it is empty again after the transaction.

    ``columns`` maps each column to its SQL type. The table lives as long as the connection, so that a run of many pages
    does not fill the catalogue with tables it drops again.
    """
    definition = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({definition}) ON COMMIT DELETE ROWS")
    copy(cursor, name, columns, rows)


def open_cursor() -> CursorWrapper:
    return connection.cursor()


def _line(row: Row) -> str:
    """One row of COPY's text. Whether anything needs an escape is asked of the row as a whole: half the cost."""
    line = "\t".join(["\\N" if value is None else value if value.__class__ is str else str(value) for value in row])
    as_is = line.count("\t") == len(row) - 1 and line.count("\\") == row.count(None)
    if as_is and "\n" not in line and "\r" not in line and "\0" not in line:
        return line + "\n"
    return "\t".join(map(_text, row)) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if value.__class__ is str else str(value)
