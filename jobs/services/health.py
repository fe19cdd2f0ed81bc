"""Whether Syncstatus can do its work now, asked by load balancers and monitoring."""

from dataclasses import dataclass
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from jobs import queue, workers

PATIENCE = 2  # seconds


@dataclass(frozen=True)
class Health:
    """What answers. ``workers`` and ``oldest_waiting`` are None where the store could not be asked; the latter is the
    age of the job that has waited longest, None also when none waits."""

    database: bool
    broker: bool
    workers: int | None = None
    oldest_waiting: timedelta | None = None

    @property
    def serves(self) -> bool:
        """Whether pages work and jobs can be started."""
        return self.database and self.broker

    @property
    def works(self) -> bool:
        """Whether, on top of that, somebody is there to run them."""
        return self.serves and bool(self.workers)


def servers() -> Health:
    """Ask the store and the broker."""
    return Health(database_answers(), broker_answers())


def everything() -> Health:
    """Ask them, and the store for the workers and what waits for them."""
    broker = broker_answers()
    try:
        return Health(True, broker, workers.alive().count(), queue.oldest_waiting())
    except DatabaseError:
        return Health(False, broker)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    broker = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    try:
        return bool(broker.ping())
    except redis.RedisError:
        return False
    finally:
        broker.close()
