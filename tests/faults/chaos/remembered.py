"""What the product's store says, read in plain SQL: couplings, open errors, the log, jobs."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tests.faults.chaos.business import SIDES, Mapping
from tests.faults.chaos.places import Places

OUTCOMES = (
    "inserted", "modified", "deleted", "unchanged", "coupled", "uncoupled", "excluded", "waiting", "held", "skipped",
    "failed",
)  # fmt: skip


@dataclass(frozen=True)
class OpenError:
    kind: str
    code: str
    state: str
    keys: dict[str, str | None]
    params: str


@dataclass
class Remembered:
    """All of one mapping. ``replaced`` are values that a log entry names as overwritten or deleted; ``known_since``
    says since when a pair of keys had been coupled, by log."""

    couplings: list[tuple[str, str]]
    errors: list[OpenError]
    marked: set[tuple[str, str]]
    replaced: set[str] = field(default_factory=set)
    known_since: dict[tuple[str, str], datetime] = field(default_factory=dict)


def read(places: Places, mapping: Mapping) -> Remembered:
    with places.engines["store"].connect() as store:

        def rows(sql: str) -> list[Any]:
            return list(store.execute(sa.text(sql), {"mapping": mapping.name}))

        found = Remembered(
            [tuple(row) for row in rows(_COUPLINGS)],
            [OpenError(*row[:3], dict(zip(SIDES, row[3:5], strict=True)), row[5]) for row in rows(_ERRORS)],
            {tuple(row) for row in rows(_MARKED)},
        )
        for at, left_key, right_key, code, changes in rows(_LOG):
            keys = {"left": left_key, "right": right_key}
            _replaced(found, mapping, json.loads(changes))
            if all(keys.values()) and not code:  # done, and not only announced
                for side, key in keys.items():
                    found.known_since.setdefault((side, str(key)), at)
    return found


def _replaced(found: Remembered, mapping: Mapping, changes: dict[str, Any]) -> None:
    for side, fields in changes.items():
        for column, (old, _new) in fields.items():
            if column in mapping.columns[side] and old is not None:
                found.replaced.add(str(old))


_COUPLINGS = """
    SELECT c.left_key, c.right_key FROM couplings_coupling c JOIN couplings_tablemapping m ON m.id = c.mapping_id
    WHERE m.name = :mapping
"""
_ERRORS = """
    SELECT e.kind, e.code, e.state, e.left_key, e.right_key, CAST(e.params AS text)
    FROM couplings_syncerror e JOIN couplings_tablemapping m ON m.id = e.mapping_id
    WHERE m.name = :mapping AND e.state <> 'resolved'
"""
_MARKED = """
    SELECT u.side, u.key FROM couplings_uncoupledrecord u JOIN couplings_tablemapping m ON m.id = u.mapping_id
    WHERE m.name = :mapping
"""
_LOG = """
    SELECT l.at, l.left_key, l.right_key, l.code, l.changes
    FROM couplings_synclogentry l JOIN couplings_tablemapping m ON m.id = l.mapping_id
    WHERE m.name = :mapping ORDER BY l.id
"""


def log_of(places: Places, mapping: Mapping, keys: set[str]) -> list[tuple[datetime, str]]:
    """The log entries of some records, for a reader."""
    sql = sa.text(f"SELECT at, job, outcome, code, left_key, right_key, changes FROM ({_LOG_OF}) l ORDER BY at")
    with places.engines["store"].connect() as store:
        rows = store.execute(sql, {"mapping": mapping.name, "keys": list(keys)})
        return [(row[0], "job {}: {} {} {} {} {}".format(*row[1:])) for row in rows]


_LOG_OF = """
    SELECT l.* FROM couplings_synclogentry l JOIN couplings_tablemapping m ON m.id = l.mapping_id
    WHERE m.name = :mapping AND (l.left_key = ANY(:keys) OR l.right_key = ANY(:keys))
"""


def connection_errors(places: Places) -> list[str]:
    sql = "SELECT kind || ' ' || code FROM couplings_syncerror WHERE state <> 'resolved' AND mapping_id IS NULL"
    with places.engines["store"].connect() as store:
        return [row[0] for row in store.execute(sa.text(sql))]


@dataclass(frozen=True)
class Jobs:
    """``states`` counts the jobs by state and code; ``torn`` are those that do not add up, ``unfinished`` those that
    wait or run although all is quiet."""

    states: dict[str, int]
    taken_over: int
    given_up: list[str]
    broken: list[str]
    torn: list[str]
    unfinished: list[str]


def jobs(places: Places) -> Jobs:
    total = " + ".join(OUTCOMES)
    with places.engines["store"].connect() as store:

        def rows(sql: str) -> list[Any]:
            return list(store.execute(sa.text(sql)))

        states = rows("SELECT state || coalesce(nullif(' ' || code, ' '), ''), count(*) FROM jobs_syncjob GROUP BY 1")
        return Jobs(
            {row[0]: row[1] for row in states},
            rows("SELECT coalesce(sum(attempts - 1), 0) FROM jobs_syncjob WHERE attempts > 1")[0][0],
            [f"job {row[0]}" for row in rows("SELECT id FROM jobs_syncjob WHERE code = 'attempts_exhausted'")],
            [f"job {row[0]}" for row in rows("SELECT id FROM jobs_syncjob WHERE code = 'internal_error'")],
            [f"job {row[0]}: read {row[1]}, outcomes {row[2]}" for row in rows(
                f"SELECT id, read, {total} FROM jobs_syncjob WHERE read <> {total}")],
            [f"job {row[0]} {row[1]} {row[2]} {row[3]}" for row in rows(
                "SELECT id, state, holder, lease_until FROM jobs_syncjob WHERE state IN ('queued', 'running')")],
        )  # fmt: skip
