from collections.abc import Iterator

import pytest

from syncstatus.sample import databases, tables
from syncstatus.sample.databases import System


@pytest.fixture(scope="session")
def world() -> tables.World:
    return tables.world()


@pytest.fixture
def sample_urls(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the sample's configuration file, for databases that stand beside the store of the tests."""
    for name, url in databases.variables().items():
        monkeypatch.setenv(name, url)


@pytest.fixture
def filled(sample_urls: None, world: tables.World) -> Iterator[None]:
    """The sample's databases as they are before anything was synchronized."""
    databases.create(
        {
            System.ERP: tables.erp(world),
            System.CRM: tables.crm(world),
            System.WAREHOUSE: tables.warehouse(world),
        }
    )
    yield
    databases.drop()
