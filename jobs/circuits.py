"""The circuit of a connection, which all workers share (DESIGN R10; its states are drawn at ``Connection``).

Whoever claims a job claims its connections with it, in the same transaction: one whose circuit is open makes the job
wait, until its time has come; then the first job that claims it becomes its probe, and the others wait for what it
finds out. A probe whose worker died stands in nobody's way.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest, Now

from couplings.models import Connection, TableMapping
from couplings.models.connection import Circuit
from couplings.store.connections import asked_to_wait
from jobs.models import JobState, SyncJob, Trigger
from syncstatus.connectors.errors import Throttled

WAITING = "waiting_for_connection"
"""The code of a job that waits in the queue until its system is asked again."""


class ConnectionRests(Throttled):
    """A system has asked for patience before, and is not asked now. Nothing was sent."""

    def __init__(self, *, retry_after: float, **params: Any) -> None:
        super().__init__(retry_after=retry_after, **params)
        self.code = "connection_open"


def admitting(prefix: str = "") -> Q:
    """Connections whose system a new job may ask. ``prefix`` leads to them: ``left_connection__``."""
    alive = SyncJob.objects.filter(state=JobState.RUNNING, lease_until__gte=Now()).values("holder")
    closed = Q(**{f"{prefix}circuit": Circuit.CLOSED})
    due = Q(**{f"{prefix}circuit": Circuit.OPEN, f"{prefix}open_until__lte": Now()})
    orphaned = Q(**{f"{prefix}circuit": Circuit.HALF_OPEN}) & ~Q(**{f"{prefix}probe__in": alive})
    return closed | due | orphaned


def both_admitting(prefix: str = "") -> Q:
    """Mappings both of whose systems a new job may ask."""
    return admitting(f"{prefix}left_connection__") & admitting(f"{prefix}right_connection__")


def claim(job: int, holder: str, *, early: bool) -> bool:
    """Whether ``job`` may ask both its systems, within the transaction that claims it; when it may not, that is to be
    rolled back. Where a circuit was open, the job is its probe from now on.

    ``early``: a person waits for the job. Like one that a person has just started, it tries a system before the time
    of its circuit has come, unless the system itself has named the time.
    """
    mapping = TableMapping.objects.filter(jobs=job)
    used = Q(pk__in=mapping.values("left_connection")) | Q(pk__in=mapping.values("right_connection"))
    troubled = Connection.objects.filter(used).exclude(circuit=Circuit.CLOSED).order_by("pk")
    ids = list(troubled.select_for_update().values_list("pk", flat=True))
    if not ids:
        return True
    manual = SyncJob.objects.filter(pk=job, trigger=Trigger.MANUAL).exclude(code=WAITING).exists()
    may = admitting() | Q(circuit=Circuit.OPEN, asked_to_wait=False) if early or manual else admitting()
    taken = Connection.objects.filter(may, pk__in=ids).update(circuit=Circuit.HALF_OPEN, probe=holder)
    return taken == len(ids)


def is_probe(holder: str) -> bool:
    return Connection.objects.filter(circuit=Circuit.HALF_OPEN, probe=holder).exists()


def knows(connection: int, holder: str) -> bool:
    """Whether the trouble of ``connection`` is known, so that another failure tells nothing new: its circuit is not
    closed, and ``holder`` was not the one to try it. Locks the connection until the end of the transaction."""
    row = Connection.objects.select_for_update().get(pk=connection)
    return row.circuit != Circuit.CLOSED and row.probe != holder


def open_for(connection: int, pause: timedelta, *, asked: bool, health: dict[str, Any]) -> None:
    """Leave the system alone for ``pause`` from now. ``asked``: it named the time itself."""
    Connection.objects.filter(pk=connection).update(
        circuit=Circuit.OPEN,
        open_until=Now() + pause,
        asked_to_wait=asked,
        probe="",
        healthy=False,
        last_check=Now(),
        health=health,
    )


def prolong(connection: int, pause: timedelta) -> None:
    """Of two answers that name a time, the later one counts."""
    until = Greatest("open_until", Now() + pause)
    Connection.objects.filter(pk=connection).update(circuit=Circuit.OPEN, open_until=until, asked_to_wait=True)


def close(connections: QuerySet[Connection]) -> list[int]:
    """Close the circuits of systems that answered; the ids of those that were not closed."""
    with transaction.atomic():
        troubled = (
            connections.exclude(circuit=Circuit.CLOSED, open_until=None, healthy=True)
            .order_by("pk")
            .select_for_update()
        )
        before = dict(troubled.values_list("pk", "circuit"))
        answered = {"circuit": Circuit.CLOSED, "open_until": None, "asked_to_wait": False, "probe": ""}
        Connection.objects.filter(pk__in=before).update(**answered, healthy=True, last_check=Now())
    return [pk for pk, circuit in before.items() if circuit != Circuit.CLOSED]


def patient(connections: Collection[int]) -> QuerySet[Connection]:
    """Those of ``connections`` that do not stand under a time their system has named."""
    named = Q(circuit=Circuit.OPEN, asked_to_wait=True, open_until__gt=Now())
    return Connection.objects.filter(~named, pk__in=connections)


def resting(mappings: Collection[int]) -> QuerySet[Connection]:
    """The connections of ``mappings`` whose system has asked to be left alone for now."""
    found = TableMapping.objects.filter(pk__in=mappings)
    used = Q(pk__in=found.values("left_connection")) | Q(pk__in=found.values("right_connection"))
    return Connection.objects.filter(used, circuit=Circuit.OPEN, asked_to_wait=True, open_until__gt=Now())


def until(connection: int) -> str:
    """When the system is asked again, in ISO 8601; empty when it is in use."""
    moment = Connection.objects.filter(pk=connection).values_list("open_until", flat=True).first()
    return moment.isoformat() if moment is not None else ""


def obey(connection: Connection) -> None:
    """Before every call. Raises ``ConnectionRests`` while the system has asked to be left alone."""
    rest = asked_to_wait(connection.pk)
    if rest is not None:
        raise ConnectionRests(retry_after=rest, until=until(connection.pk))


def obey_both(mapping: TableMapping) -> None:
    """``obey`` for both systems of ``mapping``, naming the one that rests."""
    for connection in (mapping.left_connection, mapping.right_connection):
        try:
            obey(connection)
        except ConnectionRests as error:
            error.params["connection"], error.connection = connection.name, connection.pk
            raise
