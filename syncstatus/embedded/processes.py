"""Processes of the servers that outlived the program which started them."""

import contextlib
import time
from pathlib import Path

import psutil


def works_in(process: psutil.Process, folder: Path, *names: str) -> bool:
    """Whether this is a process of one of these names at work in the folder or below it.

    The number of a process alone says nothing: another one may have it by now. A zombie works nowhere.
    """
    try:
        return process.name() in names and Path(process.cwd()).is_relative_to(folder)
    except (OSError, psutil.Error):
        return False


def end_left_overs(folder: Path, *names: str) -> None:
    """End the processes of these names that work in the folder or below it, and wait until they are gone."""
    while left_over := [process for process in psutil.process_iter() if works_in(process, folder, *names)]:
        for process in left_over:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.01)


def wait_for_end(pid: int, seconds: float) -> None:
    """Wait until the process has ended, at most so many seconds."""
    deadline = time.monotonic() + seconds
    # Where nobody collects orphans, such as in a bare container, an ended process stays listed as a zombie.
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.01)
