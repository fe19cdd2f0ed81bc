"""The same rows moved by a script that knows nothing: read what changed, COPY it, one UPDATE. No comparison, no log."""

import io
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

from bench.tables import NAMES


def copy_changes(left: str, right: str, table: str, rows: int) -> None:
    """Bring the first ``rows`` records of ``table`` on the right up to those on the left, matching by id."""
    with _connect(left) as source, _connect(right) as target, target.cursor() as cursor:
        with source.cursor("changed") as reader:
            reader.itersize = 5_000
            reader.execute(f"SELECT id, {', '.join(NAMES)} FROM {table} WHERE id <= {rows}")
            empty = f"SELECT id, {', '.join(NAMES)} FROM {table} LIMIT 0"
            cursor.execute(f"CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS {empty}")
            while page := reader.fetchmany(5_000):
                text = "".join("\t".join(map(_text, row)) + "\n" for row in page)
                cursor.copy_expert(f"COPY fresh (id, {', '.join(NAMES)}) FROM STDIN", io.StringIO(text))
        sets = ", ".join(f"{name} = f.{name}" for name in NAMES)
        cursor.execute(f"UPDATE {table} t SET {sets} FROM fresh f WHERE t.id = f.id")


def _connect(url: str) -> Any:
    parts = make_url(url)
    return psycopg2.connect(
        dbname=parts.database,
        user=parts.username,
        password=parts.password,
        host=parts.query.get("host", parts.host),
        port=parts.port,
    )


def _text(value: Any) -> str:
    return "\\N" if value is None else str(value)
