"""Connections in use: opened with their secrets, checked, and their health remembered."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models.functions import Now

from couplings import audit, messages
from couplings.models import Connection
from jobs import queue, tasks
from jobs.connecting import open_connector
from jobs.runner import troubles
from syncstatus.connectors.errors import ConnectorError
from syncstatus.connectors.ports import Connector, Health


@dataclass(frozen=True, slots=True)
class Check:
    """What a connection answered: its health, or the error that kept it from answering."""

    connection: Connection
    health: Health | None = None
    error: ConnectorError | None = None

    @property
    def healthy(self) -> bool:
        return self.error is None


@contextmanager
def connector(connection: Connection) -> Iterator[Connector]:
    """The connector for the time of a block. Raises what ``open_connector`` raises."""
    opened = open_connector(connection)
    try:
        yield opened
    finally:
        opened.close()


def check(connection: Connection) -> Check:
    """Asks the system whether it is there, and stores the answer. A system that answers closes an open circuit."""
    try:
        with connector(connection) as opened:
            found = Check(connection, health=opened.check())
    except ConnectorError as error:
        found = Check(connection, error=error)
    remember(found)
    audit.note(connection=connection.name)
    return found


def check_all(connections: Iterable[Connection]) -> Iterator[Check]:
    """One answer a connection, as they come."""
    return map(check, connections)


def remember(found: Check) -> None:
    """Store the answer. A system that answers is used again at once, and what waited for it is rung."""
    values = {"last_check": Now(), "healthy": found.healthy, "health": health_of(found)}
    Connection.objects.filter(pk=found.connection.pk).update(**values)
    if found.healthy:
        for job in queue.waiting_for(troubles.answers(found.connection)):
            tasks.ring(job)


def health_of(found: Check) -> dict[str, Any]:
    """What is stored: the health's numbers, or the error as code, parameters and the system's own words."""
    if found.error is None:
        return asdict(found.health) if found.health else {}
    return {"code": found.error.code, "params": found.error.params, "detail": found.error.detail}


def sentence(connection: str, error: ConnectorError) -> str:
    """What went wrong with a connection, in the reader's language and in one line, however many the system used."""
    params = {**error.params, "connection": connection, "detail": error.detail}
    return " ".join(messages.render(error.code, params).split())
