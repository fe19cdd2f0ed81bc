"""Another session of the store beside the test's own, to meet it in the middle of a transaction."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

Elsewhere = Callable[..., "Future[Any]"]
PATIENCE = 20  # seconds for what another session has to end


@contextmanager
def another() -> Iterator[Elsewhere]:
    """Calls something in another session, and comes back when it has ended or waits for a lock of this one."""
    with ThreadPoolExecutor(1) as threads:

        def called(function: Callable[[], Any]) -> Any:
            try:
                return function()
            finally:
                connection.close()

        def start(function: Callable[[], Any]) -> "Future[Any]":
            future = threads.submit(called, function)
            while not future.done() and not _somebody_waits():
                pass
            return future

        yield start


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        # The list of sessions would stay, for the length of a transaction, as it was first seen.
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])
