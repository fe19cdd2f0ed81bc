"""How long a dead worker's job waits until somebody goes on with it and commits a page, or ends it."""

import threading
import time
from dataclasses import dataclass, field

import psutil
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tests.faults.chaos.places import Places

RUNNING = "SELECT id, holder, md5(read::text || progress::text || attempts) FROM jobs_syncjob WHERE state = 'running'"
LOOK_EVERY = 0.1  # seconds


@dataclass
class Orphan:
    """A job whose holder died; ``work`` is what it had done when somebody else took it up."""

    since: float
    holder: str
    work: str | None = None


@dataclass
class Recoveries:
    """A thread that looks at the running jobs; ``seconds`` has an entry for each job that was gone on with."""

    places: Places
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._orphans: dict[int, Orphan] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recoveries", daemon=True)

    def __enter__(self) -> "Recoveries":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            try:
                with self.places.engines["store"].connect() as store:
                    running = {row[0]: (row[1], row[2]) for row in store.execute(sa.text(RUNNING))}
            except DBAPIError:
                continue
            self._look(running, time.monotonic())

    def _look(self, running: dict[int, tuple[str, str]], now: float) -> None:
        for job in [job for job in self._orphans if job not in running]:
            self.seconds.append(now - self._orphans.pop(job).since)
        for job, (holder, work) in running.items():
            orphan = self._orphans.get(job)
            if orphan is None:
                if not _lives(holder):
                    self._orphans[job] = Orphan(now, holder)
            elif orphan.work is not None and orphan.work != work and _lives(holder):
                self.seconds.append(now - self._orphans.pop(job).since)
            elif orphan.work is None and holder != orphan.holder:
                orphan.work = work


def _lives(holder: str) -> bool:
    pid = int(holder.split(":")[1])
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
