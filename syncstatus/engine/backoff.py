"""How long to wait before something that failed is tried again (DESIGN R10)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Backoff:
    """Twice as long after each attempt, from ``first`` up to ``longest``, give or take the share ``jitter``, so that
    what failed together does not come back together."""

    first: timedelta
    longest: timedelta
    jitter: float = 0.2

    def delay(self, attempts: int, chance: float) -> timedelta:
        """The wait after so many attempts (from 1); ``chance`` from 0 to 1 is drawn by the caller, and 0.5 is exact."""
        doublings = min(max(attempts, 1) - 1, 30)
        exact = min(self.first * 2**doublings, self.longest)
        return exact * (1 + self.jitter * (2 * chance - 1))


RECORD: Final = Backoff(timedelta(seconds=30), timedelta(hours=1))
CONNECTION: Final = Backoff(timedelta(seconds=15), timedelta(minutes=5))
MAPPING: Final = Backoff(timedelta(minutes=1), timedelta(hours=1))
"""A mapping that does not fit its tables: somebody has to mend one of them."""
