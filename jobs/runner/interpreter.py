"""How Python itself is set while a run lasts."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A page allocates some hundred thousand objects that die with it and form no cycles; looking through them again and
# again for cycles took a quarter of a run's time.
_RARELY = (200_000, 20, 50)

# Seconds until a thread that computes gives way to one that has got its answer. A run asks a store and two systems some
# forty times a page while another thread remembers the page before: at Python's own 5 ms each of these answers would
# wait longer than it took to come.
_TURN = 0.0005


@contextmanager
def interpreter_for_runs() -> Iterator[None]:
    """Collect garbage rarely, and let threads take turns quickly."""
    thresholds, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(*_RARELY)
    sys.setswitchinterval(min(turn, _TURN))
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(turn)
