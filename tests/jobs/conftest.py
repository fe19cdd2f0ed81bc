# This file is read before Django is set up, so models are imported where they are used.
import itertools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers

if TYPE_CHECKING:
    from tests.jobs.worlds import World

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def business_urls() -> Iterator[tuple[str, str]]:
    """Two PostgreSQL databases for all tests of the run; each world has a schema of its own in both."""
    names = [f"{side}_{os.getpid()}" for side in ("erp", "crm")]
    yield servers.create_postgresql_database(names[0]), servers.create_postgresql_database(names[1])
    for name in names:
        servers.drop_postgresql_database(name)


@pytest.fixture
def make_world(transactional_db: None, business_urls: tuple[str, str]) -> "Iterator[Callable[..., World]]":
    """Builds a world; the store keeps what a job commits, as in real life."""
    from jobs.runner import systems
    from tests.jobs.worlds import build

    built: list[World] = []

    def make(**options: Any) -> "World":
        built.append(build(*business_urls, f"world_{next(numbers)}", **options))
        return built[-1]

    yield make
    for world in built:
        for table in (world.left, world.right):
            table.engine.dispose()
    systems.close_all()


@pytest.fixture
def world(make_world: "Callable[..., World]") -> "World":
    return make_world()
