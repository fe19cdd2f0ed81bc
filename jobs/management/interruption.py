"""Ctrl-C while a job runs at a terminal."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _


class Interruption:
    """Whether somebody has pressed Ctrl-C."""

    def __init__(self) -> None:
        self.stopped = False


@contextmanager
def interruptible(say: Callable[[str], object]) -> Iterator[Interruption]:
    """The first Ctrl-C ends the run after the page it is in, a second one at once."""
    interruption = Interruption()

    def stop(number: int, frame: Any) -> None:
        interruption.stopped = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say(_("Stopping after this page. Press Ctrl-C again to stop at once."))

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
