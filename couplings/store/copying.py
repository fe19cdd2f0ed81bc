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
    lines = "".join(["\t".join(map(_text, row)) + "\n" for row in rows])
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


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if value.__class__ is not str:
        return str(value)
    # Looking costs a twentieth of translating, which for text beyond ASCII goes character by character.
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value or "\0" in value:
        return value.translate(_ESCAPES)
    return value
