"""Two tables' records side by side, to be matched by their fingerprints: in temporary tables of the session.

PostgreSQL joins them in its own bounded memory, and nothing outlives the session. Not in one transaction: while the
systems are read, whoever asks them keeps short transactions of his own.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection

from couplings.store.copying import copy, open_cursor

SHOWN = 20
"""Candidates that are kept for a record: a match field that is the same everywhere must not make a list of squares."""

SOURCE, TARGET = "matching_source", "matching_target"
_FOUND = "matching_found"

_REST = "matching_rest"
_BLOCKS = "matching_block"

_TABLES = {
    SOURCE: "seq integer PRIMARY KEY, key text, prints uuid[], texts text, filled boolean, marked boolean",
    TARGET: "seq integer PRIMARY KEY, key text, prints uuid[], texts text, filled boolean, marked boolean,"
    " partner text, torn boolean",
    _FOUND: "seq integer PRIMARY KEY, source text, target text, priority integer, problem text",
    _REST: "seq integer PRIMARY KEY, key text, texts text, filled boolean, marked boolean, named boolean",
    _BLOCKS: "block text, seq integer",
}


class Listed(NamedTuple):
    """A record as it is staged, in key order by ``seq``. ``prints`` has a fingerprint, or None, for each criterion;
    ``texts`` its match fields for people; ``filled``: some criterion applies; ``marked``: a person uncoupled it.
    ``partner`` is the key it is coupled with, ``torn`` says that it could not choose between several."""

    seq: int
    key: str
    prints: Sequence[str | None]
    texts: str
    filled: bool
    marked: bool
    partner: str | None = None
    torn: bool = False


class Alike(NamedTuple):
    """A source, and up to ``SHOWN`` candidates that agree with it, the free ones first, in key order: their keys and
    the partners they have. ``torn`` is about the first of them."""

    fingerprint: str
    keys: list[str]
    partners: list[str | None]
    torn: bool
    seq: int
    source: str


class Settled(NamedTuple):
    """A source with its ``target``, or with the ``problem`` why it has none as (kind, code, parameters, fields)."""

    seq: int
    source: str
    target: str | None
    priority: int
    problem: str | None


class Sought(NamedTuple):
    """What became of one source: as ``Settled``, or, where ``priority`` is None, unmatched."""

    seq: int
    key: str
    texts: str
    filled: bool
    marked: bool
    target: str | None
    priority: int | None
    problem: dict[str, Any] | None


class Unsought(NamedTuple):
    """A record of the other side that is nobody's partner; ``named``: it is a candidate of some that are unclear."""

    seq: int
    key: str
    texts: str
    filled: bool
    marked: bool
    named: bool


@contextmanager
def tables() -> Iterator[None]:
    """Empty tables for one matching; gone afterwards."""
    with open_cursor() as cursor:
        for name, columns in _TABLES.items():
            cursor.execute(f"DROP TABLE IF EXISTS {name}; CREATE TEMPORARY TABLE {name} ({columns})")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with open_cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {', '.join(_TABLES)}")


def add(table: str, rows: Iterable[Listed]) -> None:
    """Stage a page of ``SOURCE`` or ``TARGET``."""
    columns = Listed._fields[:6] if table == SOURCE else Listed._fields
    with open_cursor() as cursor:
        copy(cursor, table, columns, (_copied(row, len(columns)) for row in rows))


def _copied(row: Listed, width: int) -> tuple[Any, ...]:
    prints = "{" + ",".join([one or "NULL" for one in row.prints]) + "}"
    return (row.seq, row.key, prints, *row[3:width])


def settle(rows: Iterable[Settled]) -> None:
    with open_cursor() as cursor:
        copy(cursor, _FOUND, Settled._fields, rows)


def analyze() -> None:
    """Temporary tables have no statistics unless they are asked for; without, each join would read them row by row."""
    with open_cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(_TABLES)}")


def close(priorities: Sequence[int]) -> None:
    """Nothing more is settled. What is left over on the other side is told apart once, not for each page of it.
    ``priorities`` are those of the criteria, in their order."""
    numbered = list(enumerate(priorities, 1))
    unclear = " ".join(_UNCLEAR.format(number=number, priority=int(priority)) for number, priority in numbered)
    named = " OR ".join(f"n{number}.print IS NOT NULL" for number, _ in numbered) or "false"
    with open_cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_REST} SELECT t.seq, t.key, t.texts, t.filled, t.marked, {named} FROM {TARGET} t {unclear}"
            f" WHERE t.partner IS NULL AND NOT EXISTS (SELECT FROM {_FOUND} f WHERE f.target = t.key)"
        )
    analyze()


# The values of sources that could not be decided by this criterion: whoever has them, too, is one of their candidates.
_UNCLEAR = f"""
    LEFT JOIN (
        SELECT DISTINCT s.prints[{{number}}] AS print FROM {SOURCE} s JOIN {_FOUND} f ON f.seq = s.seq
        WHERE f.priority = {{priority}} AND f.problem IS NOT NULL) n{{number}}
        ON n{{number}}.print = t.prints[{{number}}]
"""


def alike(criterion: int) -> Iterator[Alike]:
    """Sources that nothing has settled yet and that share their fingerprint of ``criterion`` (counted from 0) with a
    candidate; those with the same fingerprint in a row, in key order. What is settled meanwhile changes nothing."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_JOIN.format(print=f"prints[{criterion + 1}]"))
        yield from map(Alike._make, cursor)


_JOIN = f"""
    WITH candidate AS (
        SELECT t.{{print}} AS print, t.key, coalesce(t.partner, f.source) AS partner, t.torn,
            row_number() OVER (PARTITION BY t.{{print}}
                ORDER BY coalesce(t.partner, f.source) IS NOT NULL, t.seq) AS place
        FROM {TARGET} t LEFT JOIN {_FOUND} f ON f.target = t.key
        WHERE t.{{print}} IS NOT NULL AND NOT t.marked),
    alike AS (
        SELECT print, array_agg(key ORDER BY place) AS keys, array_agg(partner ORDER BY place) AS partners,
            bool_or(torn AND place = 1) AS torn
        FROM candidate WHERE place <= {SHOWN} GROUP BY print)
    SELECT a.print::text, a.keys, a.partners, a.torn, s.seq, s.key
    FROM {SOURCE} s JOIN alike a ON a.print = s.{{print}}
    WHERE NOT s.marked AND NOT EXISTS (SELECT FROM {_FOUND} f WHERE f.seq = s.seq)
    ORDER BY a.print, s.seq
"""


def sought(after: int, limit: int) -> list[Sought]:
    """Sources in key order behind the number ``after``, with what became of them."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT s.seq, s.key, s.texts, s.filled, s.marked, f.target, f.priority, f.problem"
            f" FROM {SOURCE} s LEFT JOIN {_FOUND} f ON f.seq = s.seq AND f.seq > %s WHERE s.seq > %s"
            " ORDER BY s.seq LIMIT %s",
            (after, after, limit),  # said of both, or each page would begin at the beginning of one of them
        )
        rows = map(Sought._make, cursor.fetchall())
        return [row._replace(problem=json.loads(row.problem)) if isinstance(row.problem, str) else row for row in rows]


def number_of(key: str) -> int:
    """The place of the source ``key`` in key order; 0, before all, where it is not among them any more."""
    with open_cursor() as cursor:
        cursor.execute(f"SELECT seq FROM {SOURCE} WHERE key = %s", (key,))
        return int((cursor.fetchone() or (0,))[0])


def unsought(after: int, limit: int) -> list[Unsought]:
    """Free records of the other side in key order that became nobody's partner."""
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(Unsought._fields)} FROM {_REST} WHERE seq > %s ORDER BY seq LIMIT %s",
            (after, limit),
        )
        return list(map(Unsought._make, cursor.fetchall()))


def counts() -> dict[str, int]:
    """How many sources: ``pairs``, ``ambiguous``, ``duplicate``; and all of them, and all targets."""
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE target IS NOT NULL),"
            " count(*) FILTER (WHERE problem::json ->> 'kind' = 'ambiguous'),"
            " count(*) FILTER (WHERE problem::json ->> 'kind' = 'duplicate'),"
            f" (SELECT count(*) FROM {SOURCE}), (SELECT count(*) FROM {TARGET}) FROM {_FOUND}"
        )
        return dict(zip(("pairs", "ambiguous", "duplicate", "sources", "targets"), cursor.fetchone(), strict=True))


def is_never_filled(table: str) -> bool:
    """Whether no criterion applies to any record of ``SOURCE`` or ``TARGET``."""
    with open_cursor() as cursor:
        cursor.execute(f"SELECT NOT EXISTS (SELECT FROM {table} WHERE filled)")
        return bool(cursor.fetchone()[0])


def block(rows: Iterable[tuple[str, int]]) -> None:
    """Put targets (by number) into blocks, in which those are looked for that are alike but not equal."""
    with open_cursor() as cursor:
        copy(cursor, _BLOCKS, ("block", "seq"), rows)


def close_blocks(most: int) -> None:
    """Drop blocks of more than ``most`` targets: what so many have in common tells nothing, and takes longest."""
    with open_cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {_BLOCKS} WHERE block IN (SELECT block FROM {_BLOCKS} GROUP BY block HAVING count(*) > %s);"
            f" CREATE INDEX ON {_BLOCKS} (block); ANALYZE {_BLOCKS}",
            (most,),
        )


def in_blocks(blocks: Sequence[str]) -> list[tuple[str, int, str, str]]:
    """Block, number, key and texts of the targets in ``blocks``."""
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT b.block, t.seq, t.key, t.texts FROM {_BLOCKS} b JOIN {TARGET} t ON t.seq = b.seq"
            " WHERE b.block = ANY(%s)",
            (list(blocks),),
        )
        return cursor.fetchall()
