"""Worker and beat as processes, as `manage.py run` starts them, and a supervisor that starts again what has died."""

import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.faults.chaos import mines
from tests.faults.processes import ROOT

WORKER = ("-m", "tests.faults.chaos.mines", "worker", "--concurrency=2", "--without-gossip", "--without-mingle")
BEAT = ("-m", "celery", "-A", "syncstatus", "beat")
LOOK_EVERY = 0.05  # seconds


@dataclass
class Program:
    """One process and those it forks, started anew whenever it has ended; ``ended`` counts the times."""

    command: tuple[str, ...]
    log: Path
    ended: int = 0
    process: subprocess.Popen[bytes] | None = None

    def keep_alive(self) -> None:
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            self.ended += 1
            self.kill_all()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> bool:
        """Kill the process alone; its children finish what they are doing, or not."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.process.kill()
        return True

    def kill_all(self) -> bool:
        """Kill it with all its children, as the end of a container does."""
        if self.process is None:
            return False
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
            return True
        return False

    def kill_child(self, chance: random.Random) -> bool:
        children = self.children()
        if not children:
            return False
        with suppress(psutil.NoSuchProcess):
            chance.choice(children).kill()
            return True
        return False

    def children(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            if self.process is not None:
                return psutil.Process(self.process.pid).children()
        return []


@dataclass
class Programs:
    """Worker and beat, for the time of a ``with``."""

    folder: Path
    worker: Program = field(init=False)
    beat: Program = field(init=False)

    def __post_init__(self) -> None:
        self.mines = self.folder / "mines"
        self.mines.mkdir()
        os.environ[mines.FOLDER] = str(self.mines)
        level = "--loglevel=WARNING"
        self.worker = Program((*WORKER, level), self.folder / "worker.log")
        self.beat = Program((*BEAT, level), self.folder / "beat.log")
        self._stop = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def __enter__(self) -> "Programs":
        self._supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._supervisor.join()
        for program in (self.worker, self.beat):
            program.kill_all()
            if program.process is not None:
                program.process.wait()

    def _supervise(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            for program in (self.worker, self.beat):
                program.keep_alive()
