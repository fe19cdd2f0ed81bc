"""Open errors: found by record, opened, updated and resolved by the page."""

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from couplings.models.error import Resolution, State
from couplings.store import requests
from couplings.store.copying import open_cursor, stage
from couplings.store.couplings import KEY
from syncstatus.engine.records import Side

_COLUMNS = (
    "id, coupling_id, left_key, right_key, kind, code, state, attempts, coalesce(request, ''), coalesce(choices, '{}'),"
    " by_id, job, coalesce(next_attempt <= now(), true)"
)
_STAGED = {
    "id": "bigint",
    "coupling_id": "bigint",
    "left_key": "text",
    "right_key": "text",
    "left_exists": "boolean",
    "right_exists": "boolean",
    "description": "text",
    "kind": "text",
    "code": "text",
    "params": "jsonb",
    "fields": "jsonb",
    "details": "jsonb",
    "state": "text",
    "attempts": "integer",
    "next_attempt": "timestamptz",
    "job": "bigint",
    "seen_request": "text",
    "waits_mapping_id": "bigint",
    "waits_side": "text",
    "waits_key": "text",
}


class ErrorRow(NamedTuple):
    id: int
    coupling: int | None
    left_key: str | None
    right_key: str | None
    kind: str
    code: str
    state: str
    attempts: int
    request: str
    choices: dict[str, Any]
    requested_by: int | None
    job: int | None
    due: bool


class Report(NamedTuple):
    """An error as it stands now; ``id`` is None for one that opens, ``params``, ``fields``, ``details`` are JSON text.

    ``seen_request`` is the wish this run worked off: one that a person made meanwhile stays for the next. ``waits_…``
    name the parent that it waits for: the mapping, the side and the key there.
    """

    id: int | None
    coupling: int | None
    left_key: str | None
    right_key: str | None
    left_exists: bool | None
    right_exists: bool | None
    description: str
    kind: str
    code: str
    params: str
    fields: str
    details: str
    state: str
    attempts: int
    next_attempt: str | None
    job: int
    seen_request: str
    waits_mapping: int | None = None
    waits_side: str = ""
    waits_key: str = ""


def key_of(row: ErrorRow, side: Side) -> str:
    return (row.left_key if side is Side.LEFT else row.right_key) or ""


def are_open(mapping: int) -> bool:
    """Whether the mapping has any open error of a record; most have none, and a page's look-ups are spared."""
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM couplings_syncerror WHERE mapping_id = %s AND state <> 'resolved' {_OF_A_RECORD} LIMIT 1",
            (mapping,),
        )
        return cursor.fetchone() is not None


def of_couplings(mapping: int, ids: Collection[int]) -> list[ErrorRow]:
    return _select(mapping, "coupling_id = ANY(%(given)s)", list(ids)) if ids else []


def of_records(mapping: int, side: Side, keys: Collection[str]) -> list[ErrorRow]:
    return _select(mapping, f"{KEY[side]} = ANY(%(given)s)", list(keys)) if keys else []


def due(mapping: int, after: int, limit: int) -> list[ErrorRow]:
    """Errors to be worked off, in order of id: those a person asked for, and those whose next attempt has come."""
    first = f"ORDER BY 1 LIMIT {int(limit)}"
    asked, retried = f"{_ASKED} AND error_id > %(given)s {first}", f"{_RETRIED} AND id > %(given)s {first}"
    return _select(mapping, f"id IN (({asked}) UNION ({retried}) {first})", after, "ORDER BY id")


def count_due(mapping: int) -> int:
    """How many ``due`` lists, by the indexes of the requested and the due."""
    with open_cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_ASKED} UNION {_RETRIED}) AS due", {"mapping": mapping})
        return int(cursor.fetchone()[0])


def due_among(mapping: int, ids: Collection[int]) -> list[ErrorRow]:
    """Those of ``ids`` that ``due`` would list now."""
    due = "(request IS NOT NULL OR (state = 'retrying' AND next_attempt <= now()))"
    return _select(mapping, f"{due} AND id = ANY(%(given)s)", list(ids)) if ids else []


_OF_A_RECORD = "AND (left_key IS NOT NULL OR right_key IS NOT NULL)"
_ASKED = "SELECT error_id FROM couplings_errorrequest WHERE mapping_id = %(mapping)s"
_RETRIED = (
    "SELECT id FROM couplings_syncerror WHERE mapping_id = %(mapping)s AND state = 'retrying'"
    f" AND next_attempt <= now() {_OF_A_RECORD}"
)


def open_new(mapping: int, reports: Sequence[Report]) -> None:
    """Open errors; a record that has an open one by now keeps that (one_open_error_a_… constraints)."""
    if not reports:
        return
    with open_cursor() as cursor:
        stage(cursor, "staged_errors", _STAGED, map(_clean, reports))
        cursor.execute(
            """
            INSERT INTO couplings_syncerror (mapping_id, coupling_id, left_key, right_key, left_exists, right_exists,
                description, kind, code, params, fields, details, state, attempts, next_attempt, job,
                first_seen, last_seen, resolution, waits_mapping_id, waits_side, waits_key)
            SELECT %s, coupling_id, left_key, right_key, left_exists, right_exists, description, kind, code, params,
                fields, details, state, attempts, next_attempt, job, now(), now(), '',
                waits_mapping_id, waits_side, waits_key
            FROM staged_errors ON CONFLICT DO NOTHING
            """,
            (mapping,),
        )


def refresh(reports: Sequence[Report]) -> None:
    """Update open errors with what was found this time; whatever a person had asked for is worked off.

    An error that was only looked at again, and is as it was, keeps its time: people read the newest first.
    """
    if not reports:
        return
    with open_cursor() as cursor:
        stage(cursor, "staged_errors", _STAGED, map(_clean, reports))
        cursor.execute(
            """
            UPDATE couplings_syncerror e SET coupling_id = s.coupling_id,
                left_key = s.left_key, right_key = s.right_key, left_exists = s.left_exists,
                right_exists = s.right_exists, description = s.description, kind = s.kind, code = s.code,
                params = s.params, fields = s.fields, details = s.details, state = s.state,
                attempts = s.attempts, next_attempt = s.next_attempt, job = s.job,
                waits_mapping_id = s.waits_mapping_id, waits_side = s.waits_side, waits_key = s.waits_key,
                last_seen = CASE
                    WHEN s.attempts > e.attempts OR (s.kind, s.code, s.details) IS DISTINCT FROM
                        (e.kind, e.code, e.details)
                    THEN now() ELSE e.last_seen END
            FROM staged_errors s WHERE e.id = s.id AND e.state <> 'resolved'
            """
        )
    requests.work_off([(row.id, row.seen_request) for row in reports if row.id is not None and row.seen_request])


def keep(asked: Collection[ErrorRow]) -> None:
    """Errors that stay as they are although a person asked for them: the wish is worked off."""
    requests.work_off([(row.id, row.request) for row in asked])


def resolve(resolutions: Sequence[tuple[int, Resolution, int | None]]) -> None:
    """Close errors: each with how, and by whom (None: by itself). The database forgets what was asked for them."""
    if not resolutions:
        return
    columns = {"id": "bigint", "resolution": "text", "by_id": "bigint"}
    rows = [(id, resolution.value, by) for id, resolution, by in resolutions]
    with open_cursor() as cursor:
        stage(cursor, "staged_resolutions", columns, rows)
        cursor.execute(
            """
            UPDATE couplings_syncerror e SET state = %s, resolution = s.resolution, resolved_by_id = s.by_id,
                resolved_at = now(), next_attempt = NULL
            FROM staged_resolutions s WHERE e.id = s.id AND e.state <> 'resolved'
            """,
            (State.RESOLVED.value,),
        )


def _select(mapping: int, condition: str, given: Any, tail: str = "") -> list[ErrorRow]:
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM couplings_syncerror e LEFT JOIN couplings_errorrequest r ON r.error_id = e.id"
            f" WHERE e.mapping_id = %(mapping)s AND state <> 'resolved' AND {condition} {tail}",
            {"mapping": mapping, "given": given},
        )
        return [_row(row) for row in cursor.fetchall()]


def _row(row: tuple[Any, ...]) -> ErrorRow:
    error = ErrorRow._make(row)
    return error._replace(choices=json.loads(error.choices)) if isinstance(error.choices, str) else error


def _clean(report: Report) -> Report:
    """jsonb refuses the escaped NUL that text columns get replaced on their way."""
    return report._replace(**{name: getattr(report, name).replace("\\u0000", "\u2400") for name in _JSON})


_JSON = ("params", "fields", "details")
