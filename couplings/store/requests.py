"""What people asked for and a job has not worked off yet: written down for any number of errors by one statement."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from couplings.models import SyncError
from couplings.models.error import Request
from couplings.store.copying import open_cursor, stage


class Wish(NamedTuple):
    """``choices`` are what a request needs besides its name; ``by`` is None for what nobody asked for in person."""

    request: Request
    by: int | None
    at: datetime
    choices: Mapping[str, Any] = {}


def ask(errors: QuerySet[SyncError], wish: Wish) -> dict[int, int]:
    """Write ``wish`` down for those of ``errors`` that nobody has asked for anything; for how many of each mapping.

    The errors are locked, but not written: one that is closed or changed in this moment is looked at again, and no wish
    is left behind by it. Which ones are asked for already, the insert finds out: a join with the table that it fills
    would be planned for as few rows as that had before.
    """
    try:
        chosen, parameters = errors.order_by().values("pk", "mapping").query.sql_with_params()
    except EmptyResultSet:
        return {}
    values = (wish.request.value, json.dumps(dict(wish.choices)), wish.by, wish.at)
    with open_cursor() as cursor:
        cursor.execute(
            f"""
            WITH asked AS (
                INSERT INTO couplings_errorrequest (error_id, mapping_id, request, choices, by_id, at)
                SELECT id, mapping_id, %s, %s::jsonb, %s, %s
                FROM ({chosen} FOR NO KEY UPDATE OF couplings_syncerror) AS free (id, mapping_id)
                ON CONFLICT DO NOTHING RETURNING mapping_id)
            SELECT mapping_id, count(*) FROM asked GROUP BY mapping_id
            """,
            (*values, *parameters),
        )
        return dict(cursor.fetchall())


def work_off(worked_off: Sequence[tuple[int, str]]) -> None:
    """Forget what was asked for: ids of errors, each with the request that was worked off. Another one that a person
    made meanwhile stays for the next job."""
    if not worked_off:
        return
    with open_cursor() as cursor:
        stage(cursor, "staged_wishes", {"id": "bigint", "request": "text"}, worked_off)
        cursor.execute(
            "DELETE FROM couplings_errorrequest r USING staged_wishes s"
            " WHERE r.error_id = s.id AND r.request = s.request"
        )


def refresh_statistics() -> None:
    """Tell PostgreSQL's planner how the table has grown. One click may fill it, and a job that begins before autovacuum
    comes would sort what is left of its mapping for each page."""
    with open_cursor() as cursor:
        cursor.execute("ANALYZE couplings_errorrequest")
