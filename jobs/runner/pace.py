"""How fast a run gets on, measured page by page."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

MEASURED = 10  # pages whose time gives the rate: enough to be steady, few enough to follow a system that slows down
TOLD_EVERY = 1.0  # seconds between two words about a step that commits no pages


class Pace:
    """The step a run is in: its name, how many records of it are done, of how many where that is known."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told = clock()
        self.enter("")

    def enter(self, phase: str, expected: int | None = None) -> None:
        self.phase, self.done, self.expected = phase, 0, expected
        self._marks = deque([(self._clock(), 0)], maxlen=MEASURED + 1)

    def advance(self, records: int) -> None:
        self.done += records
        self._marks.append((self._clock(), self.done))

    @property
    def rate(self) -> float:
        """Records a second over the last pages; 0 before the first one."""
        (began, before), (now, done) = self._marks[0], self._marks[-1]
        return (done - before) / (now - began) if now > began else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds until the end of the step; None where nobody knows."""
        if self.expected is None or not self.rate:
            return None
        return max(self.expected - self.done, 0) / self.rate

    def is_to_be_told(self) -> bool:
        """True once a while."""
        now = self._clock()
        if now - self._told < TOLD_EVERY:
            return False
        self._told = now
        return True

    def fields(self) -> dict[str, Any]:
        """As a job's row has them."""
        return {
            "phase": self.phase,
            "phase_done": self.done,
            "phase_expected": self.expected,
            "rate": round(self.rate, 3),
        }
