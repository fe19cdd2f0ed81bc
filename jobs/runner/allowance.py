"""The requests that all workers together may send to a connection (``limit`` in its configuration).

A request is one call to the system: for a database one batch of statements. The requests of the last while stand in
Redis, by Redis's clock, so that never more than the limit fall into any span of that length. Retries get at most a
quarter of it while fresh changes wait (DESIGN R10). While Redis is away, each process keeps to the limit on its own.
"""

import logging
import math
import threading
import time
import uuid
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

import redis
from django.conf import settings

from couplings.models import Connection
from syncstatus.connectors.errors import Throttled

logger = logging.getLogger(__name__)

ANSWER_WITHIN = 1.0  # seconds
LOOK_AGAIN = 5.0  # seconds between two attempts to reach a Redis that is away
PATIENCE = 2.0  # seconds that a person is left in front of a page
LONGEST_NAP = 1.0  # seconds; whoever waits looks again, as fresh work may have begun or ended to wait


class LimitReached(Throttled):
    """The limit leaves no room for a request that a person waits for. Nothing was sent."""

    def __init__(self, *, retry_after: float, **params: Any) -> None:
        super().__init__(retry_after=retry_after, **params)
        self.code = "limit_reached"


def take(connection: Connection, *, retry: bool, waits: bool) -> None:
    """Wait until ``connection`` may be sent one more request; at once where its configuration sets no limit.

    With ``waits`` off, somebody sits in front of it: raises ``LimitReached`` when it would take long.
    """
    limit = connection.rate_limit
    if limit is None:
        return
    until = time.monotonic() + (math.inf if waits else PATIENCE)
    while (wait := _shared().wait(connection.pk, *limit, retry=retry)) > 0:
        if time.monotonic() + wait > until:
            raise LimitReached(retry_after=wait, seconds=math.ceil(wait))
        time.sleep(min(wait, LONGEST_NAP))


@cache
def _shared() -> "Shared":
    return Shared(settings.REDIS_URL)


class Shared:
    """What all workers know of each other through Redis; safe to share between threads."""

    def __init__(self, url: str) -> None:
        patience: dict[str, Any] = {"socket_timeout": ANSWER_WITHIN, "socket_connect_timeout": ANSWER_WITHIN}
        self._script = redis.Redis.from_url(url, **patience).register_script(_SCRIPT)
        self._own = Own()
        self._away_until = 0.0

    def wait(self, connection: int, requests: int, seconds: int, *, retry: bool) -> float:
        """0 when a request may be sent, which is then counted; else the seconds until it is worth asking again."""
        if time.monotonic() < self._away_until:
            return self._own.wait(connection, requests, seconds)
        name = f"syncstatus:allowance:{{{connection}}}"
        arguments: list[str | int] = [requests, seconds * 1000, int(retry), uuid.uuid4().hex]
        try:
            wait = self._script(keys=[name, f"{name}:retries", f"{name}:fresh"], args=arguments)
        except redis.RedisError:
            return self._without(connection, requests, seconds)
        if self._away_until:
            self._away_until = 0.0
            logger.info("the broker answers again; the limits of connections are shared")
        return int(wait) / 1000

    def _without(self, connection: int, requests: int, seconds: int) -> float:
        if not self._away_until:
            logger.warning("the broker does not answer; each process keeps to the limits of connections on its own")
        self._away_until = time.monotonic() + LOOK_AGAIN
        return self._own.wait(connection, requests, seconds)


class Own:
    """What one process knows by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[int, deque[float]] = {}

    def wait(self, connection: int, requests: int, seconds: int) -> float:
        now = time.monotonic()
        with self._lock:
            sent = self._sent.setdefault(connection, deque())
            while sent and sent[0] <= now - seconds:
                sent.popleft()
            if len(sent) >= requests:
                return sent[0] + seconds - now
            sent.append(now)
            return 0.0


_SCRIPT = Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")
