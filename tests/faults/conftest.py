import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncstatus.connectors import registry
from tests import servers
from tests.faults import throttled
from tests.faults.throttled import Gate
from tests.jobs.conftest import make_world, world

__all__ = ["business_urls", "make_world", "world"]


@pytest.fixture(scope="session")
def business_urls() -> Iterator[tuple[str, str]]:
    """Databases apart from those of the other tests: here sessions are thrown out."""
    names = [f"faults_{side}_{os.getpid()}" for side in ("erp", "crm")]
    yield servers.create_postgresql_database(names[0]), servers.create_postgresql_database(names[1])
    for name in names:
        servers.drop_postgresql_database(name)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate, and the kind of connection that asks it: known here and to the processes a test starts."""
    throttled.install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    registry.look_again()
    with Gate() as opened:
        yield opened
    monkeypatch.undo()
    registry.look_again()
