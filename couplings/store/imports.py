"""Couplings from a file, checked and coupled by whole sets: the lines wait in a temporary table of the session."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction

from couplings.models.error import Resolution
from couplings.store.copying import copy, open_cursor, stage
from syncstatus.engine.records import Side

_LINES = "import_line"
KNOWN = "known"
"""The code of a line whose pair is coupled already: nothing is to be done, and nothing is wrong."""


class ImportLine(NamedTuple):
    """A pair of keys and the number of its line. ``code`` and ``params`` (JSON text) say why it is refused; None: it is
    not, so far."""

    line: int
    left_key: str
    right_key: str
    code: str | None = None
    params: str = "{}"


@contextmanager
def tables() -> Iterator[None]:
    """An empty table for one import; gone afterwards."""
    with open_cursor() as cursor:
        cursor.execute(
            f"DROP TABLE IF EXISTS {_LINES}; CREATE TEMPORARY TABLE {_LINES}"
            " (line integer PRIMARY KEY, left_key text, right_key text, code text, params text)"
        )
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with open_cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {_LINES}")


def add(lines: Iterable[ImportLine]) -> None:
    with open_cursor() as cursor:
        copy(cursor, _LINES, ImportLine._fields, lines)


def analyze() -> None:
    """Temporary tables have no statistics unless they are asked for."""
    with open_cursor() as cursor:
        cursor.execute(f"ANALYZE {_LINES}")


def pass_known(mapping: int) -> None:
    """Lines whose pair is coupled already need nothing more."""
    with open_cursor() as cursor:
        cursor.execute(
            f"UPDATE {_LINES} i SET code = '{KNOWN}' FROM couplings_coupling c WHERE i.code IS NULL"
            " AND c.mapping_id = %s AND c.left_key = i.left_key AND c.right_key = i.right_key",
            (mapping,),
        )


def pending(after: int, limit: int) -> list[ImportLine]:
    """Lines that nothing speaks against so far, in order, behind the line ``after``."""
    return _select("code IS NULL", after, limit)


def refused(after: int, limit: int) -> list[ImportLine]:
    return _select(f"code <> '{KNOWN}'", after, limit)


def _select(condition: str, after: int, limit: int) -> list[ImportLine]:
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(ImportLine._fields)} FROM {_LINES} WHERE line > %s AND {condition}"
            " ORDER BY line LIMIT %s",
            (after, limit),
        )
        return list(map(ImportLine._make, cursor.fetchall()))


def correct(lines: Sequence[ImportLine]) -> None:
    """Replace lines: keys in the form of their system, or the reason why they are refused."""
    columns = dict.fromkeys(ImportLine._fields, "text") | {"line": "integer"}
    with transaction.atomic(), open_cursor() as cursor:
        stage(cursor, "staged_lines", columns, lines)
        cursor.execute(
            f"UPDATE {_LINES} i SET left_key = s.left_key, right_key = s.right_key, code = s.code, params = s.params"
            " FROM staged_lines s WHERE i.line = s.line"
        )


def refuse_doubled(side: Side) -> None:
    """Lines whose record of ``side`` stands in an earlier one."""
    key = f"{side.value}_key"
    with open_cursor() as cursor:
        cursor.execute(
            f"UPDATE {_LINES} i SET code = 'key_doubled',"
            f" params = json_build_object('side', '{side.value}', 'key', i.{key}, 'first', f.line)::text"
            f" FROM (SELECT {key}, min(line) AS line FROM {_LINES} WHERE code IS NULL OR code = '{KNOWN}'"
            f"   GROUP BY {key} HAVING count(*) > 1) f"
            f" WHERE i.{key} = f.{key} AND i.line > f.line AND i.code IS NULL"
        )


def refuse_coupled(mapping: int, side: Side) -> None:
    """Lines whose record of ``side`` is coupled with another one."""
    key, other = f"{side.value}_key", f"{side.other.value}_key"
    with open_cursor() as cursor:
        cursor.execute(
            f"UPDATE {_LINES} i SET code = 'already_coupled', params = json_build_object('side', '{side.value}',"
            f" 'key', i.{key}, 'partner', i.{other}, 'other', c.{other})::text FROM couplings_coupling c"
            f" WHERE c.mapping_id = %s AND c.{key} = i.{key} AND i.code IS NULL",
            (mapping,),
        )


def counts() -> tuple[int, int, int, int]:
    """Lines in all, good ones, those coupled already, and refused ones."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE code IS NULL),"
            f" count(*) FILTER (WHERE code = '{KNOWN}'), count(*) FILTER (WHERE code <> '{KNOWN}') FROM {_LINES}"
        )
        total, good, known, bad = cursor.fetchone()
        return total, good, known, bad


def couple(mapping: int, job: int, by: int | None) -> int:
    """Couple what is pending, without a base, and log it as done by ``job``; the number of new couplings. Their open
    errors close, and marks that kept them apart go."""
    with open_cursor() as cursor:
        cursor.execute(
            f"""
            WITH made AS (
                INSERT INTO couplings_coupling (mapping_id, left_key, right_key, left_version, right_version, base,
                    coupled_at, left_outcome, right_outcome)
                SELECT %s, left_key, right_key, '', '', '{{}}', now(), '', '' FROM {_LINES} WHERE code IS NULL
                ORDER BY line ON CONFLICT DO NOTHING RETURNING id, left_key, right_key)
            INSERT INTO couplings_synclogentry
                (job, mapping_id, coupling, left_key, right_key, outcome, code, params, changes, at)
            SELECT %s, %s, id, left_key, right_key, 'coupled', '', '{{}}', '{{}}', now() FROM made
            """,
            (mapping, job, mapping),
        )
        made = int(cursor.rowcount)
        for side in Side:
            _free(cursor, mapping, side, by)
        return made


def _free(cursor: object, mapping: int, side: Side, by: int | None) -> None:
    execute = cursor.execute  # type: ignore[attr-defined]
    key = f"{side.value}_key"
    execute(
        f"DELETE FROM couplings_uncoupledrecord u USING {_LINES} i"
        f" WHERE u.mapping_id = %s AND u.side = '{side.value}' AND u.key = i.{key} AND i.code IS NULL",
        (mapping,),
    )
    execute(
        f"UPDATE couplings_syncerror e SET state = 'resolved', resolution = '{Resolution.COUPLED.value}',"
        " resolved_by_id = %s, resolved_at = now(), next_attempt = NULL"
        f" FROM {_LINES} i WHERE e.mapping_id = %s AND e.state <> 'resolved' AND e.{key} = i.{key} AND i.code IS NULL",
        (by, mapping),
    )
