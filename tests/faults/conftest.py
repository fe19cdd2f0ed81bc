import os
from collections.abc import Iterator

import pytest

from tests import servers
from tests.jobs.conftest import make_world, world

__all__ = ["business_urls", "make_world", "world"]


@pytest.fixture(scope="session")
def business_urls() -> Iterator[tuple[str, str]]:
    """Databases apart from those of the other tests: here sessions are thrown out."""
    names = [f"faults_{side}_{os.getpid()}" for side in ("erp", "crm")]
    yield servers.create_postgresql_database(names[0]), servers.create_postgresql_database(names[1])
    for name in names:
        servers.drop_postgresql_database(name)
