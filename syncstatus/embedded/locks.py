"""Locks between programs. The kernel frees them with the process, however it ends, so none can be left behind.

start.lock      exclusive, held while servers are started or stopped
users.lock      shared, held by every program while it uses the servers
migrate.lock    exclusive, held while the schema is brought up to date
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from syncstatus.embedded.homes import Home


@contextmanager
def exclusive(home: Home, name: str) -> Iterator[None]:
    """Hold the lock of this name alone; waits for as long as another program holds it."""
    descriptor = _open(home, name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Share:
    """One program's part in `users.lock`."""

    def __init__(self, home: Home) -> None:
        self._descriptor = _open(home, "users.lock")
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Whether no other program has a part. Whoever asks holds `start.lock`, so that none joins meanwhile."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._descriptor)


def _open(home: Home, name: str) -> int:
    path = home.folder / name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    home.own(path)
    return descriptor
