"""What people do about errors besides putting records in step, and its trace: one statement for any number of them."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from couplings.models import SyncError
from couplings.models.error import State
from couplings.models.note import NoteKind
from couplings.store.copying import open_cursor


class Note(NamedTuple):
    """What goes to the history of each error; ``by`` is None for what happens by itself."""

    kind: NoteKind
    text: str = ""
    until: datetime | None = None
    by: int | None = None


_NOTED = """
    INSERT INTO couplings_errornote (error_id, kind, text, until, by_id, at) SELECT id, %s, %s, %s, %s, now() FROM noted
"""
# Looked at again once the row is locked: somebody may have been faster.
_IGNORABLE = (
    "state IN ('skipped', 'ignored')"
    " AND NOT EXISTS (SELECT FROM couplings_errorrequest r WHERE r.error_id = couplings_syncerror.id)"
)


def comment(errors: QuerySet[SyncError], note: Note) -> int:
    """The number of errors that were commented on."""
    chosen, parameters = _ids(errors)
    return _execute(f"WITH noted (id) AS ({chosen})", parameters, note)


def assign(errors: QuerySet[SyncError], person: int | None, note: Note) -> int:
    """Assign open errors to a person, or to nobody; the number of those that were not already."""
    return _change(errors, "assigned_to_id = %s", [person], "assigned_to_id IS DISTINCT FROM %s", [person], note)


def ignore(errors: QuerySet[SyncError], note: Note) -> int:
    """Leave skipped errors out of people's sight until ``note.until``; their number."""
    sets = f"state = '{State.IGNORED.value}', ignored_until = %s"
    return _change(errors, sets, [note.until], _IGNORABLE, [], note)


def bring_back(errors: QuerySet[SyncError], note: Note) -> int:
    """Ignored errors wait for a person again; their number."""
    sets = f"state = '{State.SKIPPED.value}', ignored_until = NULL"
    return _change(errors, sets, [], f"state = '{State.IGNORED.value}'", [], note)


def bring_back_due() -> int:
    """Those whose date has come, by the store's clock. Beat asks every few seconds, and mostly finds none."""
    sets = f"UPDATE couplings_syncerror SET state = '{State.SKIPPED.value}', ignored_until = NULL"
    due = f"state = '{State.IGNORED.value}' AND ignored_until <= now()"
    return _execute(f"WITH noted AS ({sets} WHERE {due} RETURNING id)", [], Note(NoteKind.BACK))


def _change(
    errors: QuerySet[SyncError], sets: str, values: list[Any], unless_moved: str, checked: list[Any], note: Note
) -> int:
    chosen, parameters = _ids(errors)
    changed = f"UPDATE couplings_syncerror SET {sets} WHERE id IN ({chosen}) AND {unless_moved} RETURNING id"
    return _execute(f"WITH noted AS ({changed})", [*values, *parameters, *checked], note)


def _ids(errors: QuerySet[SyncError]) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = errors.order_by().values("pk").query.sql_with_params()
    return sql, parameters


def _execute(changed: str, parameters: list[Any] | tuple[Any, ...], note: Note) -> int:
    with open_cursor() as cursor:
        cursor.execute(changed + _NOTED, [*parameters, note.kind.value, note.text, note.until, note.by])
        return int(cursor.rowcount)
