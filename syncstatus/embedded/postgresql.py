"""The embedded PostgreSQL: one cluster in the home, reached through a Unix socket with a password."""

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import psycopg2

from syncstatus.embedded import programs
from syncstatus.embedded.errors import EmbeddedError
from syncstatus.embedded.homes import Home

NAME = "syncstatus"
LOG_BYTES = 10_000_000
START_SECONDS = 60
# In postmaster.pid, counted from 0.
STATUS_LINE = 7


class PostgreSQL:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.data = home.folder / "postgresql"
        self.log = home.folder / "postgresql.log"
        self.sockets = home.sockets()
        self.password = home.password("postgresql.password")

    @property
    def url(self) -> str:
        """What DATABASE_URL is set to."""
        return f"postgresql://{NAME}:{quote(self.password)}@/{NAME}?{urlencode({'host': str(self.sockets)})}"

    def start(self) -> None:
        """Make sure that it answers. Whoever calls holds `start.lock`.

        Raises EmbeddedError when the data were written by another major version, or it cannot be started.
        """
        self._wait_while_changing()
        if self.pid() and self._answers():
            return
        self._refuse_other_major()
        if self.pid():
            # Alive, but its socket is gone or it hangs: nobody can use it as it is.
            self.stop()
        if not self.data.exists():
            self._create_cluster()
        self._clear_remains()
        self._launch()
        self._create_database()

    def stop(self) -> None:
        """Stop it, ending the connections that are still open. Whoever calls holds `start.lock`."""
        if not self.pid():
            return
        done = self._pg_ctl("stop", "--mode=fast", "--wait", "--timeout=30")
        if done.returncode != 0 and self.pid():
            self._pg_ctl("stop", "--mode=immediate", "--wait", "--timeout=10")

    def pid(self) -> int | None:
        """The process that runs this cluster, if any: a number in a file may meanwhile belong to another process."""
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            return process.pid if self._is_ours(process) else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _wait_while_changing(self) -> None:
        """Wait while it starts or stops, which only happens here when the program that asked for it was killed."""
        deadline = time.monotonic() + START_SECONDS
        while self.pid() and self._status() in ("starting", "stopping") and time.monotonic() < deadline:
            time.sleep(0.05)

    def _status(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return (self.data / "postmaster.pid").read_text().split("\n")[STATUS_LINE].strip()
        return ""

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=str(self.sockets), user=NAME, password=self.password, dbname="postgres", connect_timeout=5
        )

    def _refuse_other_major(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        ours = programs.postgresql_major()
        if found != ours:
            raise EmbeddedError(
                f"The data in {self.data} were written by PostgreSQL {found}, and the embedded one is {ours}. "
                "Nothing was changed. Set DATA_DIR to another folder to begin with an empty store, or go back to the "
                "release that wrote the data, save them with pg_dump and load them into the new store."
            )

    def _create_cluster(self) -> None:
        # Renamed when complete, so that an interrupted start leaves no half cluster behind.
        draft = self.data.with_name("postgresql-draft")
        shutil.rmtree(draft, ignore_errors=True)
        done = self.home.run(
            programs.postgresql(self.home) / "initdb",
            f"--pgdata={draft}",
            f"--username={NAME}",
            f"--pwfile={self.home.folder / 'postgresql.password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        )
        if done.returncode != 0:
            raise EmbeddedError(f"The embedded PostgreSQL could not make its data folder: {done.stderr.strip()}")
        draft.rename(self.data)

    def _clear_remains(self) -> None:
        """Keep what a killed server has left from refusing the start.

        Another process may have its number by now, but PostgreSQL takes the number of its grandparent, which is this
        program, for a left-over. The rest of the file stays: from it PostgreSQL learns whether processes of the killed
        server still use its shared memory. Those that do are ended; the log that PostgreSQL replays makes that safe.
        """
        file = self.data / "postmaster.pid"
        if file.exists():
            self._end_orphans()
            _, newline, rest = file.read_text().partition("\n")
            file.write_text(f"{os.getpid()}{newline}{rest}")
        for left_over in self.sockets.glob(".s.PGSQL.*"):
            left_over.unlink()

    def _end_orphans(self) -> None:
        orphans = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        while any(map(self._is_ours, orphans)):
            time.sleep(0.01)

    def _is_ours(self, process: psutil.Process) -> bool:
        # PostgreSQL's processes work in the data folder. A zombie works nowhere.
        try:
            return process.name() == "postgres" and Path(process.cwd()) == self.data
        except (OSError, psutil.Error):
            return False

    def _launch(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.unlink()
        options = shlex.join(
            f"--{name}={value}"
            for name, value in {
                "listen_addresses": "",
                "unix_socket_directories": str(self.sockets),
                "unix_socket_permissions": "0700",
            }.items()
        )
        done = self._pg_ctl(
            "start", "--wait", f"--timeout={START_SECONDS}", f"--log={self.log}", f"--options={options}"
        )
        if done.returncode != 0 or not self._answers():
            raise EmbeddedError(f"The embedded PostgreSQL does not start. The end of {self.log}:\n{_tail(self.log)}")

    def _pg_ctl(self, action: str, *options: str) -> subprocess.CompletedProcess[str]:
        program = programs.postgresql(self.home) / "pg_ctl"
        return self.home.run(program, action, f"--pgdata={self.data}", "--silent", *options)

    def _create_database(self) -> None:
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
                if not cursor.fetchone():
                    cursor.execute(f"CREATE DATABASE {NAME}")
        finally:
            connection.close()


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-10:])
    except OSError:
        return ""
