"""Programs of the product as processes of their own, on the store and the broker of the test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL

import redis
from django.conf import settings
from django.db import connection
from sqlalchemy import make_url

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds until an event that never comes fails the test


def environment() -> dict[str, str]:
    """The run's own, with the store of the test for the one it was made from."""
    store = make_url(os.environ["DATABASE_URL"]).set(database=connection.settings_dict["NAME"])
    return os.environ | {"DATABASE_URL": store.render_as_string(hide_password=False), "LANG": "C.UTF-8"}


def start(*command: str, **changed: str) -> subprocess.Popen[str]:
    """``changed`` are variables of the environment that differ for this process."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment() | changed,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(*command: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """``manage.py COMMAND`` to its end."""
    process = start("manage.py", *command, **changed)
    said, complained = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def die_at(point: str, number: int, *command: str) -> None:
    """``manage.py COMMAND``, which kills itself at the NUMBERth time it reaches ``point`` (see ``driver``)."""
    process = start("-m", "tests.faults.driver", point, str(number), *command)
    said, complained = process.communicate(timeout=PATIENCE)
    assert process.returncode == -SIGKILL, f"it never reached {point!r}:\n{said}\n{complained}"


def until(happened: Callable[[], object], what: str) -> None:
    """Look until something has happened; the one place where the tests of faults wait."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"still waiting: {what}"
        time.sleep(0.02)


@contextmanager
def empty_broker() -> Iterator[redis.Redis]:
    """The broker, empty before and after."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()


def bells(broker: redis.Redis) -> int:
    """How many tasks wait for a worker."""
    return int(broker.llen("celery"))  # type: ignore[arg-type]


@contextmanager
def worker(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A Celery worker of its own; ``command`` replaces it by one that dies (see ``driver``)."""
    usual = ("-m", "celery", "-A", "syncstatus", "worker", "--pool=solo", "--without-gossip", "--without-mingle")
    process = start(*(command or usual), "--loglevel=WARNING")
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)
