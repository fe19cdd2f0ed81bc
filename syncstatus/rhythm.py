"""When beat rings."""

import time
from datetime import datetime
from typing import Any

from celery.schedules import schedstate, schedule


class Steady(schedule):
    """Due so many seconds after the last time by the machine's steady clock.

    Celery's own goes by the calendar clock: set back by an hour, beat is silent for an hour.
    """

    def __init__(self, run_every: float, **options: Any) -> None:
        super().__init__(run_every, **options)
        self._last: datetime | None = None
        self._since = time.monotonic()

    def is_due(self, last_run_at: datetime) -> schedstate:
        if last_run_at != self._last:  # it has rung since
            self._last, self._since = last_run_at, time.monotonic()
        remaining = self.seconds - (time.monotonic() - self._since)
        return schedstate(True, self.seconds) if remaining <= 0 else schedstate(False, remaining)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__, (self.seconds,)
