"""The rows of a plan: written by a preview's pages, read by the job that applies it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from couplings.store.copying import copy, open_cursor
from jobs.models import PlannedChange
from syncstatus.engine.records import Side

FIRST = ("", 0)  # before every row, in the order in which a plan is applied

COLUMNS = (
    "job", "mapping_id", "coupling", "left_key", "right_key", "outcome", "code", "params", "changes", "at", "deletes",
)  # fmt: skip


class PlanRow(NamedTuple):
    """A record of a plan as it is applied."""

    id: int
    outcome: str
    left_key: str | None
    right_key: str | None
    deletes: str

    def key(self, side: Side) -> str | None:
        return self.left_key if side is Side.LEFT else self.right_key


def append(rows: Sequence[Sequence[Any]]) -> None:
    """``rows`` are job, mapping, coupling, left key, right key, outcome, code, params, changes, time and the side on
    which the record would be deleted."""
    if not rows:
        return
    with open_cursor() as cursor:
        copy(cursor, PlannedChange._meta.db_table, COLUMNS, rows)


def page(job: int, after: tuple[str, int], limit: int) -> list[PlanRow]:
    """Rows of the plan in the order of their outcome and id, after the row ``after``."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT id, outcome, left_key, right_key, deletes FROM jobs_plannedchange"
            " WHERE job = %s AND (outcome, id) > (%s, %s) ORDER BY outcome, id LIMIT %s",
            (job, *after, limit),
        )
        return list(map(PlanRow._make, cursor.fetchall()))


def count(job: int, progress: Mapping[str, Any]) -> int:
    """How many rows of the plan are left after ``progress``, that of a job that applies it."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM jobs_plannedchange WHERE job = %s AND (outcome, id) > (%s, %s)",
            (job, *progress.get("after", FIRST)),
        )
        return int(cursor.fetchone()[0])


def drop(job: int) -> None:
    with open_cursor() as cursor:
        cursor.execute("DELETE FROM jobs_plannedchange WHERE job = %s", (job,))
