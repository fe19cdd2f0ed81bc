"""Business databases for the tests, on real servers."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NoReturn

import pymysql
import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.engine import Connection

START_SECONDS = 60


def skip_or_fail(reason: str) -> NoReturn:
    """Skip a test for want of a server or a browser; with CI=true everything has to be there, so it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def create_postgresql_database(name: str) -> str:
    """An empty database beside the store's; answers with its SQLAlchemy URL."""
    with _administrator() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    return _store().set(database=name).render_as_string(hide_password=False)


def drop_postgresql_database(name: str) -> None:
    with _administrator() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _store() -> URL:
    return make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg2")


@contextlib.contextmanager
def _administrator() -> Iterator[Connection]:
    engine = create_engine(_store().set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


class MariaDB:
    """A server of its own in a temporary folder, reached through a Unix socket in it; use it in a `with`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mariadb-", dir="/tmp"))
        self.socket = self.folder / "socket"
        self.account: dict[str, object] = {}
        if os.geteuid() == 0:
            account = _account("mysql", "nobody")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    @staticmethod
    def is_installed() -> bool:
        return bool(_program("mariadbd") and _program("mariadb-install-db"))

    def __enter__(self) -> "MariaDB":
        self._run("mariadb-install-db", "--auth-root-authentication-method=normal", "--skip-test-db", *self._options())
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [_program("mariadbd"), *self._options(), "--skip-networking", f"--socket={self.socket}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.account,
            )
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_database(self, name: str) -> str:
        """An empty database; answers with its SQLAlchemy URL."""
        self._execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        url = URL.create("mysql+pymysql", "root", database=name, query={"unix_socket": str(self.socket)})
        return url.render_as_string(hide_password=False)

    def drop_database(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name}")

    def _options(self) -> list[str]:
        return ["--no-defaults", f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder}"]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(program), *arguments], capture_output=True, text=True, check=False, cwd="/", **self.account
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            log = (self.folder / "log").read_text()
            assert self.process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.05)

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def _execute(self, statement: str) -> None:
        with pymysql.connect(unix_socket=str(self.socket), user="root") as connection, connection.cursor() as cursor:
            cursor.execute(statement)


def _program(name: str) -> str:
    # Debian keeps servers where an ordinary user's PATH does not lead.
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin") or ""


def _account(*names: str) -> pwd.struct_passwd:
    known = {account.pw_name: account for account in pwd.getpwall()}
    return next(known[name] for name in names if name in known)
