"""What is killed and broken, and when: a sequence that the seed decides."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import DBAPIError

from tests.faults.chaos import mines
from tests.faults.chaos.places import Places
from tests.faults.chaos.programs import Programs
from tests.faults.chaos.wire import Loss, Wire
from tests.faults.throttled import BUSY, Gate

PATIENCE: Final = 4.0
"""Seconds until a fault that waits for its moment is given up."""
CLOSED: Final = (0.2, 2.0)
AWAY: Final = (0.0, 1.5)
WAITS: Final = (None, 0.5, 1.5)
"""What Retry-After names, in seconds."""


@dataclass
class Faults:
    """A thread of faults, ``pause`` seconds apart on average, until ``kills`` processes have died of SIGKILL."""

    places: Places
    programs: Programs
    wires: dict[str, Wire]
    gate: Gate
    seed: int
    kills: int
    pause: float
    killed: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed} faults")
        self.enough = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="faults", daemon=True)

    def __enter__(self) -> "Faults":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(self._chance.expovariate(1 / self.pause)):
            self._next()
            if self.killed.total() >= self.kills:
                break
        self.enough.set()

    def _next(self) -> None:
        acts: dict[Callable[[], None], int] = {
            self._at_a_point: 55,
            self._worker_child: 18,
            self._worker: 5,
            self._worker_with_children: 4,
            self._beat: 3,
            self._broker: 3,
            self._store_throws_out: 5,
            self._business_throws_out: 5,
            self._business_closes: 3,
            self._loses: 10,
            self._throttles: 5,
        }
        (act,) = self._chance.choices(list(acts), list(acts.values()))
        act()

    def _count(self, counter: Counter[str], what: str, happened: object) -> None:
        (counter if happened else self.missed)[what] += 1

    # Kills

    def _at_a_point(self) -> None:
        point = self._chance.choice(list(mines.POINTS))
        mine = mines.lay(self.programs.mines, point)
        deadline = time.monotonic() + PATIENCE
        while mine.exists() and time.monotonic() < deadline and not self._stop.wait(0.01):
            pass
        mine.unlink(missing_ok=True)
        self._count(self.killed, point, time.monotonic() < deadline and not self._stop.is_set())

    def _worker_child(self) -> None:
        self._count(self.killed, "a process of the worker", self.programs.worker.kill_child(self._chance))

    def _worker(self) -> None:
        self._count(self.killed, "the worker, not its processes", self.programs.worker.kill())

    def _worker_with_children(self) -> None:
        self._count(self.killed, "the worker with its processes", self.programs.worker.kill_all())

    def _beat(self) -> None:
        self._count(self.killed, "beat", self.programs.beat.kill())

    def _broker(self) -> None:
        self._count(self.killed, "the broker, back empty", self.places.broker.kill())
        self._stop.wait(self._chance.uniform(*AWAY))
        self.places.broker.start()

    # What breaks

    def _store_throws_out(self) -> None:
        self._count(self.broken, "the store throws us out", self._throws_out("store"))

    def _business_throws_out(self) -> None:
        side = self._side()
        self._count(self.broken, "a business database throws us out", self._throws_out(side))

    def _throws_out(self, place: str) -> int:
        try:
            return self.places.throw_out(place)
        except DBAPIError:
            return 0

    def _business_closes(self) -> None:
        side, seconds = self._side(), self._chance.uniform(*CLOSED)
        self.places.close(side, seconds)
        self._count(self.broken, "a business database lets nobody in", True)

    def _loses(self) -> None:
        side, loss = self._side(), self._chance.choice(list(Loss))
        self._count(self.broken, loss.value, self.wires[side].lose(loss, PATIENCE))

    def _throttles(self) -> None:
        """A burst of refusals, with or without a time to come back at; or nothing goes for a while."""
        status, calls, wait = self._chance.choice(BUSY), self._chance.randint(1, 8), self._chance.choice(WAITS)
        if self._chance.random() < 0.5:
            self.gate.refuse(calls, retry_after=wait, status=status)
        else:
            self.gate.close_for(self._chance.uniform(*CLOSED), status=status)
        self._count(self.broken, "a business system asks for patience", True)

    def _side(self) -> str:
        return self._chance.choice(("left", "right"))
