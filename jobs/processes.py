"""Programs that run beside each other and end together.

Each child leads a process group of its own, so that Ctrl-C in a terminal reaches only the program that supervises; it
stops them in good order. Should that program be killed, the kernel asks its children to stop (Linux), so that none of
them stands in the way of the next start.
"""

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
# How long a child may take to finish what it is doing, in seconds. A job that is cut off goes on where it was.
PATIENCE = 6.0


@dataclass(frozen=True)
class Program:
    """What to start: ``command`` in ``folder``; what it says goes to the file ``log``."""

    name: str
    command: Sequence[str]
    folder: Path
    log: Path


@dataclass
class Child:
    program: Program
    process: subprocess.Popen[bytes]

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for whoever has to find out why it ended."""
        text = self.program.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def ask_to_stop(self) -> None:
        if self.runs:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the whole group, children of children included."""
        # Nobody is left in the group, or (macOS) only what waits to be reaped.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Children:
    """The children of one supervisor, in the order they were started."""

    started: list[Child] = field(default_factory=list)

    def start(self, program: Program) -> Child:
        child = Child(program, _spawn(program))
        self.started.append(child)
        return child

    def first_to_end(self) -> Child:
        """Waits until one of them has ended, which none should before it is asked to. Start all of them before."""
        ended: queue.SimpleQueue[Child] = queue.SimpleQueue()

        def watch(child: Child) -> None:
            child.process.wait()
            ended.put(child)

        for child in self.started:
            threading.Thread(target=watch, args=[child], daemon=True).start()
        return ended.get()

    def stop(self) -> None:
        """Stop all of them, the last started first. Another Ctrl-C cuts the waiting short."""
        try:
            for child in reversed(self.started):
                child.ask_to_stop()
            deadline = time.monotonic() + PATIENCE
            for child in reversed(self.started):
                child.wait(deadline)
        finally:
            # Also those whose leader has ended: a group may outlive it.
            for child in self.started:
                child.kill()


@contextmanager
def supervised() -> Iterator[Children]:
    """Children that are stopped at the end of the block, however it ends."""
    children = Children()
    try:
        yield children
    finally:
        children.stop()


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP are what Ctrl-C is: the block ends with it, and none of them disturbs what follows."""
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    # What is ignored already (SIGHUP, by nohup) stays so.
    after = {number: signal.getsignal(number) for number in signals if signal.getsignal(number) != signal.SIG_IGN}
    for number in after:
        signal.signal(number, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        after = dict.fromkeys(after, signal.SIG_IGN)
    finally:
        for number, handler in after.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("wb") as log:
        return subprocess.Popen(
            program.command,
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=_death_with(os.getpid()),
        )


def _death_with(parent: int) -> Callable[[], None] | None:
    """What a new child does first, so that it is asked to stop when its parent dies. Only Linux has such a thing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def follow() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return follow
