"""Errors of a whole connection or mapping: one entry each, which closes itself when a run gets through (DESIGN R10)."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from couplings.models import Connection, SyncError, TableMapping
from couplings.models.error import Resolution, State
from syncstatus.connectors.errors import AccessDenied, ConnectionFailed, ConnectorError, SchemaMismatch
from syncstatus.engine.decisions import ErrorKind

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=5)
FIRST_LOOK = timedelta(minutes=1)
LONGEST_LOOK = timedelta(hours=1)


def report(mapping: TableMapping, error: ConnectorError) -> None:
    """Open or update the one error that says why the mapping, or all mappings of a connection, cannot go on."""
    if isinstance(error, ConnectionFailed) and error.connection is not None:
        _connection_failed(Connection.objects.get(pk=error.connection), error)
    else:
        _mapping_failed(mapping, error)


def recovered(mapping: TableMapping) -> None:
    """A run got through: close the errors of its connections and its own."""
    connections = (mapping.left_connection_id, mapping.right_connection_id)
    failed = Connection.objects.filter(Q(pk__in=connections) & ~Q(healthy=True))
    failed.update(healthy=True, last_check=timezone.now(), open_until=None)
    own = Q(mapping=mapping, left_key__isnull=True, right_key__isnull=True)
    (SyncError.objects.open().filter(own | Q(mapping__isnull=True, connection__in=connections))).update(
        state=State.RESOLVED, resolution=Resolution.RECOVERED, resolved_at=timezone.now(), next_attempt=None
    )


def _kind(error: ConnectorError) -> ErrorKind:
    if isinstance(error, SchemaMismatch):
        return ErrorKind.SCHEMA
    return ErrorKind.PERMISSION if isinstance(error, AccessDenied) else ErrorKind.TRANSIENT


def _connection_failed(connection: Connection, error: ConnectorError) -> None:
    """The circuit opens, longer each time; the mappings' schedules pass the connection by until then."""
    entry = _upsert({"connection": connection}, ErrorKind.CONNECTION, error)
    pause = min(FIRST_PAUSE * 2 ** min(entry.attempts - 1, 10), LONGEST_PAUSE)
    Connection.objects.filter(pk=connection.pk).update(
        healthy=False,
        last_check=timezone.now(),
        open_until=timezone.now() + pause,
        health={"code": error.code, "detail": error.detail},
    )
    SyncError.objects.filter(pk=entry.pk).update(next_attempt=timezone.now() + pause)


def gave_up(mapping: TableMapping, code: str, params: dict[str, Any]) -> None:
    """Open or update the mapping's error that says why no job runs any more; a run that gets through closes it."""
    _keep({"mapping": mapping}, ErrorKind.TRANSIENT, State.SKIPPED, code, params)


def _mapping_failed(mapping: TableMapping, error: ConnectorError) -> None:
    """Until somebody mends the mapping or its tables, its schedule looks again less and less often."""
    entry = _upsert({"mapping": mapping}, _kind(error), error)
    pause = min(FIRST_LOOK * 2 ** min(entry.attempts - 1, 10), LONGEST_LOOK)
    SyncError.objects.filter(pk=entry.pk).update(next_attempt=timezone.now() + pause)


def _upsert(owner: dict[str, Any], kind: ErrorKind, error: ConnectorError) -> SyncError:
    state = State.RETRYING if kind in (ErrorKind.CONNECTION, ErrorKind.TRANSIENT) else State.SKIPPED
    return _keep(owner, kind, state, error.code, {**error.params, "detail": error.detail})


def _keep(owner: dict[str, Any], kind: ErrorKind, state: State, code: str, params: dict[str, Any]) -> SyncError:
    now = timezone.now()
    found = {"kind": kind.value, "code": code, "params": params, "last_seen": now}
    with transaction.atomic():
        mine = SyncError.objects.open().filter(**owner, left_key__isnull=True, right_key__isnull=True)
        known = mine.select_for_update().first()
        if known is None:
            return SyncError.objects.create(**owner, **found, state=state, first_seen=now)
        SyncError.objects.filter(pk=known.pk).update(**found, state=state, attempts=F("attempts") + 1)
        known.attempts += 1
        return known
