"""SCENARIOS 4: the store or a business database throws `sync` out while it reads or writes.

A user of the business database keeps a table locked, so that `sync` is caught waiting for it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from django.db import connection

from couplings.models import SyncError
from jobs.models import SyncJob
from syncstatus.engine.records import Side
from tests.faults import processes
from tests.faults.stories import assert_as_undisturbed, prepare
from tests.jobs.worlds import Table, World

WAITING = """
    SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted
    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
"""
THROW_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid = ANY(:pids)"
)

THROW_ALL_OUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def story(make_world: Callable[..., World]) -> World:
    world = make_world(deletion_conflict="delete")
    prepare(world)
    return world


@contextmanager
def caught(table: Table, mode: str) -> "Iterator[tuple[Any, list[int]]]":
    """A `sync` that waits for ``table``, and the backends it waits with; the lock goes with the block."""
    with table.engine.connect() as user:
        user.execute(sa.text(f"LOCK TABLE {table.name} IN {mode} MODE"))
        process = processes.start("manage.py", "sync", "CUSTOMER", "--json")
        pids: list[int] = []

        def waits() -> list[int]:
            pids[:] = [pid for (pid,) in user.execute(sa.text(WAITING))]
            return pids

        processes.until(waits, "sync to wait for the lock")
        yield process, pids
        user.rollback()


def throw_out(table: Table, pids: list[int]) -> None:
    with sa.create_engine(table.engine.url).connect() as administrator:
        administrator.execute(sa.text(THROW_OUT), {"pids": pids})


@pytest.mark.parametrize("mode", ["ACCESS EXCLUSIVE", "SHARE"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_business_database_throws_us_out(story: World, side: str, mode: str) -> None:
    """ACCESS EXCLUSIVE catches the reads, SHARE only the writes."""
    table = getattr(story, side)
    with caught(table, mode) as (process, pids):
        throw_out(table, pids)
        said, complained = process.communicate(timeout=processes.PATIENCE)
    assert process.returncode == 3, complained
    assert '"state": "failed"' in said
    (error,) = SyncError.objects.open().exclude(kind="conflict")
    assert error.kind == "connection"
    assert error.connection == story.mapping.connection(Side(side))
    story.sync()
    assert_as_undisturbed(story)


def test_the_store_throws_us_out(story: World) -> None:
    """It lost nothing but a page: `sync` takes its job up again by itself."""
    with caught(story.right, "SHARE") as (process, _), connection.cursor() as ours:
        ours.execute(THROW_ALL_OUT)
    said, complained = process.communicate(timeout=processes.PATIENCE)
    assert process.returncode == 1, complained  # the conflict remains
    assert '"state": "finished"' in said
    assert SyncJob.objects.latest("pk").attempts == 2
    assert_as_undisturbed(story)
