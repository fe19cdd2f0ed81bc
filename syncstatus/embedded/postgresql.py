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
from syncstatus.embedded.processes import end_left_overs, works_in

NAME = "syncstatus"
PASSWORD = "postgresql.password"  # noqa: S105  (the name of its file)
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
        self.password = home.password(PASSWORD)

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
        # A killed program leaves behind what it was just starting. The log that PostgreSQL replays makes this safe.
        end_left_overs(self.home.folder, "initdb", "pg_ctl", "postgres")
        if not self.data.exists():
            self._create_cluster()
        self._disarm_old_pid()
        self._launch()

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
            # A postmaster works in its data folder.
            return process.pid if works_in(process, self.data, "postgres") else None
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
        self._make(
            "initdb",
            f"--pgdata={draft}",
            f"--username={NAME}",
            f"--pwfile={self.home.folder / PASSWORD}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        )
        self._make("postgres", "--single", "-D", str(draft), "postgres", input=f"CREATE DATABASE {NAME};\n")
        draft.rename(self.data)

    def _make(self, program: str, *arguments: str, **options: str) -> None:
        done = self.home.run(programs.postgresql(self.home) / program, *arguments, **options)
        if done.returncode != 0:
            raise EmbeddedError(f"The embedded PostgreSQL could not make its data folder: {done.stderr.strip()}")

    def _disarm_old_pid(self) -> None:
        """Keep the files of a killed server from refusing the start.

        Another process may have its number by now, but PostgreSQL takes the number of its grandparent, which is this
        program, for a left-over. The rest of the file stays: from it PostgreSQL learns whether processes of the killed
        server still use its shared memory. An empty file tells nothing, and PostgreSQL would stop at it.
        """
        file = self.data / "postmaster.pid"
        if file.exists():
            _, _, rest = file.read_text().partition("\n")
            if rest:
                file.write_text(f"{os.getpid()}\n{rest}")
            else:
                file.unlink()
        for left_over in self.sockets.glob(".s.PGSQL.*"):
            left_over.unlink()

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
        self._pg_ctl("start", "--wait", f"--timeout={START_SECONDS}", f"--log={self.log}", f"--options={options}")
        if not self._answers():
            raise EmbeddedError(f"The embedded PostgreSQL does not start. The end of {self.log}:\n{_tail(self.log)}")

    def _pg_ctl(self, action: str, *options: str) -> subprocess.CompletedProcess[str]:
        program = programs.postgresql(self.home) / "pg_ctl"
        return self.home.run(program, action, f"--pgdata={self.data}", "--silent", *options)


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-10:])
    except OSError:
        return ""
