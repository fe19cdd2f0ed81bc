"""The store, the broker and the business databases of the tests: real servers, private to the run.

Importing this file starts PostgreSQL and Redis (or uses those that DATABASE_URL and REDIS_URL name) before Django reads
its settings. The data lie in the folder that DATA_DIR names, or in a temporary one.
"""

import itertools
import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

if TYPE_CHECKING:
    from django.test import Client

TEMPORARY = None
if "DATA_DIR" not in os.environ:
    TEMPORARY = Path(tempfile.mkdtemp(prefix="syncstatus-tests-"))
    # The embedded servers of root run as another account, which has to pass through.
    TEMPORARY.chmod(0o711)
    os.environ["DATA_DIR"] = str(TEMPORARY)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncstatus.settings")
if os.environ.get("DATABASE_URL"):
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("ENCRYPTION_KEY", Fernet.generate_key().decode())

import syncstatus.celery  # noqa: E402, F401  (starts the servers)
from syncstatus import embedded  # noqa: E402
from syncstatus.embedded import homes  # noqa: E402
from tests import servers, sessions  # noqa: E402

numbers = itertools.count(1)


def pytest_configure() -> None:
    # A run in the background begins with these ignored, and the programs that the tests interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Read now, while the environment is the run's own and before pytest-django sets Django up.
    from django.conf import settings

    if not settings.DATABASE_URL:
        pytest.exit("Unset DJANGO_SETTINGS_MODULE: with it, settings are read before the servers are started.", 4)


def pytest_unconfigure() -> None:
    embedded.leave()
    if TEMPORARY:
        homes.remove(TEMPORARY)


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """A page that a test asks for in French leaves its language behind in the process."""
    from django.conf import settings
    from django.utils import translation

    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The store is dropped at the end, and the sessions of programs that were killed outlive them a while."""
    yield
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            # Waits for each to be gone, ten seconds at most: the store is not dropped while one is still ending.
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    # A browser's loop makes this another connection than the one that drops the store.
    connection.close()


@pytest.fixture
def ada(db: None) -> "Client":
    """The browser of an administrator who has signed in."""
    return _browser_of("ada", "administrator")


@pytest.fixture
def berta(db: None) -> "Client":
    """That of an operator."""
    return _browser_of("berta", "operator")


@pytest.fixture
def carl(db: None) -> "Client":
    """That of a viewer."""
    return _browser_of("carl", "viewer")


def _browser_of(name: str, role: str) -> "Client":
    from tests import given

    return given.signed_in(given.person(name, role))


@pytest.fixture
def elsewhere() -> Iterator[sessions.Elsewhere]:
    """Calls something in another session of the store; for tests whose transactions are real."""
    with sessions.another() as start:
        yield start


@pytest.fixture
def business_database() -> Iterator[Callable[[], str]]:
    """Makes a fresh PostgreSQL database at every call and answers with its SQLAlchemy URL."""
    names: list[str] = []

    def create() -> str:
        names.append(f"business_{os.getpid()}_{next(numbers)}")
        return servers.create_postgresql_database(names[-1])

    yield create
    for name in names:
        servers.drop_postgresql_database(name)


@pytest.fixture
def postgres_url(business_database: Callable[[], str]) -> str:
    """The SQLAlchemy URL of a fresh PostgreSQL database."""
    return business_database()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.MariaDB]:
    """A MariaDB server on a private socket."""
    if not servers.MariaDB.is_installed():
        servers.skip_or_fail("MariaDB is not installed: apt-get install mariadb-server")
    with servers.MariaDB() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb: servers.MariaDB) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh MariaDB database."""
    name = f"business_{next(numbers)}"
    yield mariadb.create_database(name)
    mariadb.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'business.sqlite3'}"
