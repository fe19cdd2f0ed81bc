"""Errors of a whole connection or mapping: one entry each, which closes itself when a run gets through (DESIGN R10)."""

import random
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from couplings.models import Connection, SyncError, TableMapping
from couplings.models.connection import Circuit
from couplings.models.error import Resolution, State
from couplings.store import clock
from jobs import circuits
from jobs.circuits import ConnectionRests
from syncstatus.connectors.errors import (
    AccessDenied,
    ConnectionFailed,
    ConnectorError,
    SchemaChanged,
    SchemaMismatch,
    Throttled,
)
from syncstatus.engine.backoff import CONNECTION, MAPPING
from syncstatus.engine.decisions import ErrorKind


def report(mapping: TableMapping, error: ConnectorError, holder: str) -> None:
    """Open or update the one error that says why the mapping, or all mappings of a connection, cannot go on."""
    if isinstance(error, ConnectionRests):
        return
    if isinstance(error, ConnectionFailed) and error.connection is not None:
        _connection_failed(error.connection, error, holder)
    else:
        _mapping_failed(mapping, error)


def recovered(mapping: TableMapping) -> list[int]:
    """A run got through: close the errors of its connections and its own. The ids of the connections whose circuit
    that closed."""
    closed = connections_answer((mapping.left_connection_id, mapping.right_connection_id))
    _resolve(Q(mapping=mapping, left_key__isnull=True, right_key__isnull=True))
    return closed


def connections_answer(connections: Collection[int]) -> list[int]:
    """The systems took what they were sent: close their circuits and errors, except where a system has named a time
    meanwhile. The ids of those whose circuit that closed."""
    closed = circuits.close(circuits.patient(connections))
    _resolve(Q(mapping__isnull=True, connection__in=connections, connection__circuit=Circuit.CLOSED))
    return closed


def answers(connection: Connection) -> list[int]:
    """A person asked the system, and it answered: that also ends a time it had named."""
    closed = circuits.close(Connection.objects.filter(pk=connection.pk))
    _resolve(Q(mapping__isnull=True, connection=connection))
    return closed


def _resolve(which: Q) -> None:
    mine = SyncError.objects.filter(pk__in=SyncError.objects.open().filter(which).values("pk"))
    mine.update(state=State.RESOLVED, resolution=Resolution.RECOVERED, resolved_at=clock.now(), next_attempt=None)


def _kind(error: ConnectorError) -> ErrorKind:
    if isinstance(error, SchemaMismatch):
        return ErrorKind.SCHEMA
    return ErrorKind.PERMISSION if isinstance(error, AccessDenied) else ErrorKind.TRANSIENT


def _connection_failed(connection: int, error: ConnectionFailed, holder: str) -> None:
    """The circuit opens, longer each time, and no job asks the system until then. Several jobs that meet the same
    trouble side by side are one attempt."""
    named = error.retry_after if isinstance(error, Throttled) else None
    with transaction.atomic():
        if not circuits.knows(connection, holder):
            _open(connection, error, named)
        elif named is not None:
            circuits.prolong(connection, timedelta(seconds=named))
        _say_until(connection)


def _open(connection: int, error: ConnectionFailed, named: float | None) -> None:
    entry = _upsert({"connection": Connection(pk=connection)}, ErrorKind.CONNECTION, error)
    health = {"code": error.code, "params": error.params, "detail": error.detail}
    pause = CONNECTION.delay(entry.attempts, random.random()) if named is None else timedelta(seconds=named)
    circuits.open_for(connection, pause, asked=named is not None, health=health)


def _say_until(connection: int) -> None:
    """The error and the connection tell when the system is asked again."""
    row = Connection.objects.get(pk=connection)
    until = row.open_until.isoformat() if row.open_until else ""
    row.health = {**row.health, "params": {**row.health.get("params", {}), "until": until}}
    row.save(update_fields=["health"])
    for entry in SyncError.objects.open().filter(connection=row, mapping__isnull=True):
        entry.params |= {"until": until}
        entry.next_attempt = row.open_until
        entry.save(update_fields=["params", "next_attempt"])


def gave_up(mapping: TableMapping, code: str, params: dict[str, Any]) -> None:
    """Open or update the mapping's error that says why no job runs any more; a run that gets through closes it."""
    _keep({"mapping": mapping}, ErrorKind.TRANSIENT, State.SKIPPED, code, params)


def _mapping_failed(mapping: TableMapping, error: ConnectorError) -> None:
    """Until somebody mends the mapping or its tables, its schedule looks again less and less often; where a table was
    changed so that data may be lost, not before a person resumes it (SCENARIOS T22)."""
    if isinstance(error, SchemaChanged):
        TableMapping.objects.filter(pk=mapping.pk).update(paused=True)
    entry = _upsert({"mapping": mapping}, _kind(error), error)
    pause = MAPPING.delay(entry.attempts, random.random())
    SyncError.objects.filter(pk=entry.pk).update(next_attempt=Now() + pause)


def _upsert(owner: dict[str, Any], kind: ErrorKind, error: ConnectorError) -> SyncError:
    state = State.RETRYING if kind in (ErrorKind.CONNECTION, ErrorKind.TRANSIENT) else State.SKIPPED
    return _keep(owner, kind, state, error.code, {**error.params, "detail": error.detail})


def _keep(owner: dict[str, Any], kind: ErrorKind, state: State, code: str, params: dict[str, Any]) -> SyncError:
    now = clock.now()
    found = {"kind": kind.value, "code": code, "params": params, "last_seen": now}
    with transaction.atomic():
        mine = SyncError.objects.open().filter(**owner, left_key__isnull=True, right_key__isnull=True)
        known = mine.select_for_update().first()
        if known is None:
            return SyncError.objects.create(**owner, **found, state=state, first_seen=now)
        SyncError.objects.filter(pk=known.pk).update(**found, state=state, attempts=F("attempts") + 1)
        known.attempts += 1
        return known
