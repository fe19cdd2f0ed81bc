"""Couplings by key and by page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from couplings.store.copying import open_cursor, stage
from syncstatus.engine.records import Side

_COLUMNS = "id, left_key, right_key, left_version, right_version, base, base_right"
_LIGHT = "id, left_key, right_key, left_version, right_version, '', NULL"

KEY = {Side.LEFT: "left_key", Side.RIGHT: "right_key"}
VERSION = {Side.LEFT: "left_version", Side.RIGHT: "right_version"}


class CouplingRow(NamedTuple):
    """A coupling as the runner reads it. Light rows (``with_base=False``) have an empty base."""

    id: int
    left_key: str
    right_key: str
    left_version: str
    right_version: str
    base: str
    base_right: str | None

    def light(self) -> "CouplingRow":
        return self._replace(base="", base_right=None)

    def key(self, side: Side) -> str:
        return self.left_key if side is Side.LEFT else self.right_key

    def version(self, side: Side) -> str:
        return self.left_version if side is Side.LEFT else self.right_version


class Agreement(NamedTuple):
    """What a coupling is to remember after a success; ``left`` and ``right``: the outcome of a write on that side."""

    id: int
    left_key: str
    right_key: str
    left_version: str
    right_version: str
    base: str
    base_right: str | None
    left: str = ""
    right: str = ""


def by_key(mapping: int, side: Side, keys: Collection[str], *, with_base: bool = True) -> dict[str, CouplingRow]:
    """The couplings of ``keys`` on ``side``, by that key; keys that are not coupled are missing."""
    if not keys:
        return {}
    columns = _COLUMNS if with_base else _LIGHT
    rows = _select(
        f"SELECT {columns} FROM couplings_coupling WHERE mapping_id = %s AND {KEY[side]} = ANY(%s)",
        (mapping, list(keys)),
    )
    return {row.key(side): row for row in rows}


def moved(mapping: int, side: Side, versions: Mapping[str, str]) -> tuple[dict[str, CouplingRow], set[str]]:
    """Of records of ``side`` listed with these ``versions``: whole rows of the couplings that remember another one, by
    key; and the keys that are not coupled. What is as its coupling remembers it does not leave the store."""
    if not versions:
        return {}, set()
    keys = list(versions)
    with open_cursor() as cursor:
        cursor.execute(
            f"WITH c AS MATERIALIZED (SELECT {_COLUMNS} FROM couplings_coupling"
            f" WHERE mapping_id = %s AND {KEY[side]} = ANY(%s))"
            f" SELECT s.key, c.* FROM unnest(%s::text[], %s::text[]) AS s (key, version)"
            f" LEFT JOIN c ON c.{KEY[side]} = s.key WHERE c.{VERSION[side]} IS DISTINCT FROM s.version",
            (mapping, keys, keys, list(versions.values())),
        )
        rows = cursor.fetchall()
    coupled = {row[0]: CouplingRow._make(row[1:]) for row in rows if row[1] is not None}
    return coupled, {row[0] for row in rows} - coupled.keys()


def by_id(ids: Collection[int]) -> dict[int, CouplingRow]:
    """Whole rows by id. With the mapping in the condition, PostgreSQL may read all of it for one page of ids."""
    if not ids:
        return {}
    rows = _select(f"SELECT {_COLUMNS} FROM couplings_coupling WHERE id = ANY(%s)", (list(ids),))
    return {row.id: row for row in rows}


def page(mapping: int, after: int, limit: int) -> list[CouplingRow]:
    """Light rows in order of id, after the id ``after``."""
    return _select(
        f"SELECT {_LIGHT} FROM couplings_coupling WHERE mapping_id = %s AND id > %s ORDER BY id LIMIT %s",
        (mapping, after, limit),
    )


def never_in_step(mapping: int, after: int, limit: int) -> list[CouplingRow]:
    """Light rows of couplings that never remembered a success and have no open error, in order of id, after the id
    ``after``."""
    return _select(
        f"SELECT {_LIGHT} FROM couplings_coupling c WHERE mapping_id = %s AND id > %s AND last_synced IS NULL"
        " AND NOT EXISTS (SELECT FROM couplings_syncerror e WHERE e.coupling_id = c.id AND e.state <> 'resolved')"
        " ORDER BY id LIMIT %s",
        (mapping, after, limit),
    )


def count(mapping: int) -> int:
    with open_cursor() as cursor:
        cursor.execute("SELECT count(*) FROM couplings_coupling WHERE mapping_id = %s", (mapping,))
        return int(cursor.fetchone()[0])


def more_than(mapping: int, number: int) -> bool:
    """Whether the mapping has more couplings than ``number``, without counting the rest."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM couplings_coupling WHERE mapping_id = %s ORDER BY id OFFSET %s LIMIT 1", (mapping, number)
        )
        return cursor.fetchone() is not None


def insert(mapping: int, rows: Iterable[Agreement]) -> dict[tuple[str, str], int]:
    """Couple new pairs; the ids by (left key, right key). Where one of the records is coupled already, the pair is
    left out."""
    with open_cursor() as cursor:
        _stage(cursor, rows)
        cursor.execute(
            """
            INSERT INTO couplings_coupling (mapping_id, left_key, right_key, left_version, right_version,
                base, base_right, coupled_at, last_synced, left_outcome, left_written_at,
                right_outcome, right_written_at)
            SELECT %s, left_key, right_key, left_version, right_version, base, base_right, now(), now(),
                left_outcome, CASE WHEN left_outcome <> '' THEN now() END,
                right_outcome, CASE WHEN right_outcome <> '' THEN now() END
            FROM staged_couplings
            ON CONFLICT DO NOTHING RETURNING left_key, right_key, id
            """,
            (mapping,),
        )
        return {(left, right): id for left, right, id in cursor.fetchall()}


def restore(mapping: int, rows: Sequence[Agreement]) -> set[int]:
    """Couple pairs again under the ids they had, so that their page and their log go on; the ids that were free. Where
    one of the records is coupled by now, the pair is left out."""
    if not rows:
        return set()
    with open_cursor() as cursor:
        _stage(cursor, rows)
        cursor.execute(
            """
            INSERT INTO couplings_coupling (id, mapping_id, left_key, right_key, left_version, right_version,
                base, base_right, coupled_at, last_synced, left_outcome, left_written_at,
                right_outcome, right_written_at)
            SELECT id, %s, left_key, right_key, left_version, right_version, base, base_right, now(), now(),
                left_outcome, CASE WHEN left_outcome <> '' THEN now() END,
                right_outcome, CASE WHEN right_outcome <> '' THEN now() END
            FROM staged_couplings
            ON CONFLICT DO NOTHING RETURNING id
            """,
            (mapping,),
        )
        return {id for (id,) in cursor.fetchall()}


def refresh_statistics() -> None:
    """Tell PostgreSQL's planner how the table has grown. A run that fills it is faster than autovacuum, and without
    statistics each page's look-up by key reads the whole mapping. To sort a sample of all bases would take longest."""
    with open_cursor() as cursor:
        cursor.execute("ANALYZE couplings_coupling (mapping_id, left_key, right_key)")


def update(rows: Sequence[Agreement]) -> None:
    """Remember new agreements. The ids stand in the statement once more, because the planner knows nothing of the
    staged rows and would read the whole table for each page."""
    with open_cursor() as cursor:
        _stage(cursor, rows)
        cursor.execute(
            """
            UPDATE couplings_coupling c SET left_key = s.left_key, right_key = s.right_key,
                left_version = s.left_version, right_version = s.right_version,
                base = s.base, base_right = s.base_right, last_synced = now(),
                left_outcome = CASE WHEN s.left_outcome <> '' THEN s.left_outcome ELSE c.left_outcome END,
                left_written_at = CASE WHEN s.left_outcome <> '' THEN now() ELSE c.left_written_at END,
                right_outcome = CASE WHEN s.right_outcome <> '' THEN s.right_outcome ELSE c.right_outcome END,
                right_written_at = CASE WHEN s.right_outcome <> '' THEN now() ELSE c.right_written_at END
            FROM staged_couplings s WHERE c.id = s.id AND c.id = ANY(%s)
            """,
            ([row.id for row in rows],),
        )


def remove(ids: Collection[int]) -> int:
    """Delete couplings; their errors stay and lose the reference."""
    if not ids:
        return 0
    with open_cursor() as cursor:
        cursor.execute("UPDATE couplings_syncerror SET coupling_id = NULL WHERE coupling_id = ANY(%s)", (list(ids),))
        cursor.execute("DELETE FROM couplings_coupling WHERE id = ANY(%s)", (list(ids),))
        return int(cursor.rowcount)


def mark_uncoupled(mapping: int, records: Iterable[tuple[Side, str]], by: int | None) -> None:
    """Remember records that nothing may couple or create again by itself (SCENARIOS T20)."""
    with open_cursor() as cursor:
        stage(cursor, "staged_records", {"side": "text", "key": "text"}, [(side.value, key) for side, key in records])
        cursor.execute(
            "INSERT INTO couplings_uncoupledrecord (mapping_id, side, key, at, by_id)"
            " SELECT %s, side, key, now(), %s FROM staged_records ON CONFLICT DO NOTHING",
            (mapping, by),
        )


def unmark(mapping: int, records: Iterable[tuple[Side, str]]) -> None:
    """These records may be coupled again: they are."""
    with open_cursor() as cursor:
        stage(cursor, "staged_records", {"side": "text", "key": "text"}, [(side.value, key) for side, key in records])
        cursor.execute(
            "DELETE FROM couplings_uncoupledrecord u USING staged_records s"
            " WHERE u.mapping_id = %s AND u.side = s.side AND u.key = s.key",
            (mapping,),
        )


def written_last(ids: Collection[int]) -> dict[int, tuple[datetime | None, datetime | None, datetime | None]]:
    """When each coupling was last found in step, and when its left and its right record were last written."""
    if not ids:
        return {}
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT id, last_synced, left_written_at, right_written_at FROM couplings_coupling WHERE id = ANY(%s)",
            (list(ids),),
        )
        return {id: (synced, left, right) for id, synced, left, right in cursor.fetchall()}


def uncoupled(mapping: int, side: Side, keys: Collection[str]) -> set[str]:
    """Those of ``keys`` that were uncoupled by a person or a policy."""
    if not keys:
        return set()
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT key FROM couplings_uncoupledrecord WHERE mapping_id = %s AND side = %s AND key = ANY(%s)",
            (mapping, side.value, list(keys)),
        )
        return {key for (key,) in cursor.fetchall()}


def _select(sql: str, parameters: tuple[Any, ...]) -> list[CouplingRow]:
    with open_cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(map(CouplingRow._make, cursor.fetchall()))


def _stage(cursor: object, rows: Iterable[Agreement]) -> None:
    columns = dict.fromkeys(
        [
            "left_key",
            "right_key",
            "left_version",
            "right_version",
            "base",
            "base_right",
            "left_outcome",
            "right_outcome",
        ],
        "text",
    )
    stage(cursor, "staged_couplings", {"id": "bigint"} | columns, rows)  # type: ignore[arg-type]
