"""Records for what is done at once, without a job: never those that a job has in work (SCENARIOS T7)."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from jobs.runner.locks import Locks

PATIENCE = 20.0  # seconds a person waits for a record that a job has in work
PAUSE = 0.05

T = TypeVar("T")
Records = Callable[[T], Collection[int]]


def free(locks: Locks, rows: Sequence[T], records: Records[T], beside: Collection[int] = ()) -> Iterator[list[T]]:
    """Yield ``rows`` with their ``records`` locked, first those that nobody has in work, the others when they are free.
    Each part is released by whoever takes it. Ends without the rest when nothing became free for a while."""
    rest, deadline = list(rows), time.monotonic() + PATIENCE
    while rest and time.monotonic() < deadline:
        part = _locked(locks, rest, records, beside)
        if part:
            yield part
            taken = set(map(id, part))
            rest, deadline = [row for row in rest if id(row) not in taken], time.monotonic() + PATIENCE
        else:
            time.sleep(PAUSE)


def _locked(locks: Locks, rows: list[T], records: Records[T], beside: Collection[int]) -> list[T]:
    """Those of ``rows`` that could be locked together."""
    while rows:
        taken = locks.take({record for row in rows for record in records(row)}, beside)
        if taken.locked:
            break
        refused = taken.held
        rows = [row for row in rows if refused.isdisjoint([*records(row), *beside])]
    return rows
