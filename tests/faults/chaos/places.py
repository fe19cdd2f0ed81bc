"""The databases and the broker of one run, apart from everybody else's."""

import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from sqlalchemy import URL, make_url

from syncstatus.embedded import homes
from syncstatus.embedded.valkey import Valkey
from tests.faults import throttled

HARNESS = "chaos"
"""The application name of everything that belongs to the test and not to the product; it is never thrown out."""

THROW_OUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = :database AND application_name <> :harness AND pid <> pg_backend_pid()
"""


@dataclass
class Broker:
    """A Valkey of our own: killed, it comes back empty."""

    server: Valkey

    def kill(self) -> bool:
        pid = self.server.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
        return True

    def start(self) -> None:
        self.server.start()


@dataclass
class Places:
    """``store`` and the business databases ``left`` and ``right`` by their names on one PostgreSQL server."""

    folder: Path
    server: URL
    names: dict[str, str]
    broker: Broker

    def __post_init__(self) -> None:
        self.administrator = self._engine("postgres", isolation_level="AUTOCOMMIT")
        self.engines = {place: self._engine(name) for place, name in self.names.items()}
        self._closing = threading.Lock()

    def _engine(self, database: str, **options: str) -> sa.Engine:
        arguments = {"application_name": HARNESS}
        return sa.create_engine(
            self.server.set(database=database), connect_args=arguments, pool_size=8, pool_pre_ping=True, **options
        )

    def url(self, place: str) -> str:
        """For ``DATABASE_URL``."""
        plain = self.server.set(drivername="postgresql", database=self.names[place])
        return plain.render_as_string(hide_password=False)

    def throw_out(self, place: str) -> int:
        """Terminate the product's sessions; how many there were."""
        with self.administrator.connect() as connection:
            parameters = {"database": self.names[place], "harness": HARNESS}
            return int(connection.scalar(sa.text(THROW_OUT), parameters) or 0)

    def close(self, place: str, seconds: float) -> None:
        """Let nobody of the product in for a while; people who work there already go on."""
        with self._closing:
            self._allow(place, False)
            try:
                self.throw_out(place)
                time.sleep(seconds)
            finally:
                self._allow(place, True)

    def _allow(self, place: str, allowed: bool) -> None:
        with self.administrator.connect() as connection:
            name = self.names[place]
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"true" if allowed else "false"}')

    def dispose(self) -> None:
        for engine in (*self.engines.values(), self.administrator):
            engine.dispose()


def bring_kinds(folder: Path) -> None:
    """Let this program and those it starts know the kind of connection that throttles, as an installed package does."""
    throttled.install(folder)
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


@contextmanager
def made() -> Iterator[Places]:
    """Databases, a broker and a folder; all of them are gone after the block."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
    folder.chmod(0o711)  # the broker of root runs as another account, which has to pass through
    broker = Broker(Valkey(homes.find(folder)))
    broker.start()
    server = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg2")
    mark = secrets.token_hex(3)
    names = {place: f"chaos_{mark}_{place}" for place in ("store", "left", "right")}
    places = Places(folder, server, names, broker)
    bring_kinds(folder / "packages")
    try:
        with places.administrator.connect() as connection:
            for name in names.values():
                connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        yield places
    finally:
        _remove(places)


def _remove(places: Places) -> None:
    for engine in places.engines.values():
        engine.dispose()
    with places.administrator.connect() as connection:
        for name in places.names.values():
            with suppress(sa.exc.DBAPIError):
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    places.dispose()
    places.broker.server.stop()
    homes.remove(places.folder)
