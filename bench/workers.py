"""Celery workers as processes of their own."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from syncstatus.celery import app

PATIENCE = 300.0  # seconds


@contextmanager
def running(count: int) -> Iterator[None]:
    """``count`` workers with one process each, once they answer."""
    command = [sys.executable, "-m", "celery", "-A", "syncstatus", "worker", "--pool", "solo", "--loglevel", "ERROR"]
    processes = [_start([*command, "-n", f"bench{number}@%h"]) for number in range(count)]
    try:
        until(lambda: not count or len(app.control.ping(timeout=0.5)) >= count)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _start(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("the workers did not answer")
        time.sleep(0.05)
