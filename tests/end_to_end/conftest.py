from collections.abc import Callable

import pytest

from tests.jobs.conftest import make_world, world

__all__ = ["business_urls", "make_world", "world"]


@pytest.fixture
def business_urls(business_database: Callable[[], str]) -> tuple[str, str]:
    return business_database(), business_database()
