"""Which workers live: each writes its row every few seconds, so that asking costs one small query and no message."""

import threading
from contextlib import suppress
from datetime import timedelta

from django.db import Error, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs.models import Worker

SHOWN_EVERY = 10.0  # seconds
LIVES = timedelta(seconds=30)  # after its last sign; two may get lost
FORGOTTEN = timedelta(days=1)


def alive() -> QuerySet[Worker]:
    """Workers that showed themselves lately, by the store's clock."""
    return Worker.objects.filter(seen__gt=Now() - LIVES)


def forget_lost() -> None:
    """Workers that were killed left their row behind."""
    Worker.objects.filter(seen__lt=Now() - FORGOTTEN).delete()


class Presence:
    """Shows one worker from a thread of its own, from ``begin`` to ``end``. A store that is away is tried again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stay, name="presence", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _stay(self) -> None:
        try:
            self._show()
            while not self._over.wait(SHOWN_EVERY):
                self._show()
            with suppress(Error):
                Worker.objects.filter(name=self._name).delete()
        finally:
            connection.close()

    def _show(self) -> None:
        try:
            Worker.objects.update_or_create(
                name=self._name, defaults={"seen": Now()}, create_defaults={"seen": Now(), "started": Now()}
            )
        except Error:
            connection.close()
