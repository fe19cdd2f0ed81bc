import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from jobs.processes import Children, Program, interruptible, supervised

ROOT = Path(__file__).resolve().parents[2]
SLEEP = "import time; print('up', flush=True); time.sleep(600)"
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {SLEEP!r}], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(600)
"""
SUPERVISOR = """
import sys, pathlib
from jobs.processes import Program, supervised
folder = pathlib.Path(sys.argv[1])
with supervised() as children:
    program = Program("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], folder, folder / "sleeper.log")
    print(children.start(program).process.pid, flush=True)
    children.first_to_end()
"""


@pytest.fixture
def program(tmp_path):
    return lambda name, code: Program(name, [sys.executable, "-c", code], tmp_path, tmp_path / "logs" / f"{name}.log")


def test_all_are_stopped_at_the_end_of_the_block(program):
    with supervised() as children:
        for name in ("web", "worker"):
            children.start(program(name, SLEEP))
        assert all(child.runs for child in children.started)
    assert not any(child.runs for child in children.started)


def test_the_first_to_end_is_named_with_its_last_words(program):
    with supervised() as children:
        children.start(program("web", SLEEP))
        children.start(program("worker", "print('No broker.'); raise SystemExit(3)"))
        ended = children.first_to_end()
        assert (ended.name, ended.process.returncode, ended.last_words()) == ("worker", 3, "No broker.")


def test_a_child_that_does_not_listen_is_killed_with_its_children(program, monkeypatch):
    monkeypatch.setattr("jobs.processes.PATIENCE", 0.2)
    children = Children()
    parent = children.start(program("parent", f"import signal; signal.signal(15, signal.SIG_IGN)\n{PARENT}"))
    grandchild = psutil.Process(int(first_line(parent)))
    children.stop()
    assert parent.process.returncode == -signal.SIGKILL
    psutil.wait_procs([grandchild], timeout=30)
    assert not grandchild.is_running()


def test_what_a_child_leaves_behind_is_killed(program):
    children = Children()
    parent = children.start(program("parent", PARENT))
    grandchild = psutil.Process(int(first_line(parent)))
    children.stop()
    psutil.wait_procs([grandchild], timeout=30)
    assert not grandchild.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_follow_a_killed_supervisor(tmp_path):
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(supervisor.stdout.readline()))
    supervisor.kill()
    supervisor.communicate()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_and_nothing_disturbs_the_rest(number):
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    reached = False
    try:
        with interruptible():
            os.kill(os.getpid(), number)
            reached = True
        os.kill(os.getpid(), number)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert not reached


def first_line(child):
    """What a child says first, as soon as it says it."""
    while not (text := child.program.log.read_text()).endswith("\n"):
        assert child.runs
    return text
