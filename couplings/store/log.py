"""The synchronization log, written and read by the page."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from couplings.store.copying import copy, open_cursor

_COLUMNS = ("job", "mapping_id", "coupling", "left_key", "right_key", "outcome", "code", "params", "changes", "at")


def append(entries: Sequence[tuple[Any, ...]]) -> None:
    """``entries`` are rows of job, mapping, coupling, left key, right key, outcome, code, params, changes and time."""
    if not entries:
        return
    with open_cursor() as cursor:
        copy(cursor, "couplings_synclogentry", _COLUMNS, entries)


class Logged(NamedTuple):
    """An entry as it is undone; ``changes`` is JSON text."""

    id: int
    job: int
    coupling: int | None
    left_key: str | None
    right_key: str | None
    outcome: str
    changes: str


_LOGGED = "id, job, coupling, left_key, right_key, outcome, changes"
# What an entry must say to have changed something: a record that was left out or refused has not.
_DID_SOMETHING = "({0}.outcome IN ('inserted', 'deleted', 'coupled', 'uncoupled') OR {0}.changes <> '{{}}')"
_END = 2**63 - 1
_DID = _DID_SOMETHING.format("couplings_synclogentry")


def of_job(job: int, outcome: str, before: int | None, limit: int) -> list[Logged]:
    """What the job did with this outcome, newest first, before the id ``before``."""
    return _select(
        f"job = %s AND outcome = %s AND id < %s AND {_DID} ORDER BY id DESC LIMIT %s",
        job,
        outcome,
        before or _END,
        limit,
    )


def by_id(id: int) -> list[Logged]:
    """The entry, or none."""
    return _select("id = %s", id)


def newest(couplings: Collection[int]) -> dict[int, tuple[int, int]]:
    """The newest entry that did something to each coupling's records, and its job."""
    if not couplings:
        return {}
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (coupling) coupling, id, job FROM couplings_synclogentry"
            f" WHERE coupling = ANY(%s) AND {_DID} ORDER BY coupling, id DESC",
            (list(couplings),),
        )
        return {coupling: (id, job) for coupling, id, job in cursor.fetchall()}


class Census(NamedTuple):
    """How many entries of one outcome wrote on these sides, and whether no later job did anything to their records."""

    outcome: str
    left: bool
    right: bool
    newest: bool
    number: int


def census(*, job: int | None = None, entry: int | None = None) -> list[Census]:
    """What a job, or one entry, did to records, counted. A quarter of a second for 100,000 entries."""
    which, id = ("e.job", job) if job is not None else ("e.id", entry)
    wrote = "(e.changes LIKE '{{\"{0}\":%%' OR e.changes LIKE '%%,\"{0}\":{{%%')"
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT e.outcome, {wrote.format('left')} AS l, {wrote.format('right')} AS r, NOT EXISTS ("
            "  SELECT FROM couplings_synclogentry n WHERE n.coupling = e.coupling AND n.id > e.id AND n.job <> e.job"
            f"  AND {_DID_SOMETHING.format('n')}) AS newest, count(*)"
            f" FROM couplings_synclogentry e WHERE {which} = %s AND {_DID_SOMETHING.format('e')}"
            " GROUP BY e.outcome, l, r, newest",
            (id,),
        )
        return list(map(Census._make, cursor.fetchall()))


def _select(condition: str, *parameters: Any) -> list[Logged]:
    with open_cursor() as cursor:
        cursor.execute(f"SELECT {_LOGGED} FROM couplings_synclogentry WHERE {condition}", parameters)
        return list(map(Logged._make, cursor.fetchall()))
