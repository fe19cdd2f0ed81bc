"""`manage.py run` from a fresh checkout: the whole of it, with servers, web, worker and beat of its own."""

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import psutil
import pytest

from syncstatus.embedded import homes

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEY", "EMBEDDED_HOME", "PORT"}


class Run:
    """One `manage.py run --no-sample`, and what it has said so far."""

    def __init__(self, data_dir: Path, port: int) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
        self.port = port
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run", "--no-sample", "--port", str(port)],
            cwd=ROOT,
            env=environment | {"DATA_DIR": str(data_dir), "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def until(self, words: str) -> None:
        """Reads on until a line holds ``words``."""
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return
        pytest.fail(f"manage.py run never said {words!r}, but:\n{self.text}")

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        said, _ = self.process.communicate()
        self.said += said.splitlines(keepends=True)
        return self.process.returncode

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    @property
    def text(self) -> str:
        return "".join(self.said)

    def password(self) -> str | None:
        found = re.search(r"Password: +(\S{16})$", self.text, re.MULTILINE)
        return found[1] if found else None


@pytest.fixture
def data_dir():
    folder = Path(tempfile.mkdtemp(prefix="syncstatus-run-"))
    folder.chmod(0o711)  # the embedded servers of root run as another account, which has to pass through
    yield folder
    for process in processes_of(folder):
        process.kill()
    homes.remove(folder)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def start(data_dir, port):
    runs = []

    def start() -> Run:
        runs.append(Run(data_dir, port))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)
        run.process.stdout.close()


def test_starts_serves_and_stops(start, data_dir, port):
    run = start()
    run.until("Stop with Ctrl-C.")
    family = run.family()
    commands = " ".join(" ".join(process.cmdline()) for process in family)
    assert all(words in commands for words in ("gunicorn", "syncstatus worker", "syncstatus beat"))
    password = run.password()
    assert signs_in(port, "admin", password)

    second = start()
    assert second.wait() == 1
    assert (
        f"Port {port} is used by another program. Stop that, or choose another one: PORT={port + 1} make run"
        in second.text
    )
    assert signs_in(port, "admin", password)

    assert run.end(signal.SIGINT) == 0
    assert run.said[-1] == "Stopped.\n"
    assert_gone(family)
    assert processes_of(data_dir) == []

    again = start()
    again.until("Stop with Ctrl-C.")
    assert again.password() is None
    assert "manage.py changepassword admin" in again.text
    assert signs_in(port, "admin", password)
    assert again.end(signal.SIGTERM) == 0
    assert processes_of(data_dir) == []


def test_no_end_stands_in_the_way_of_the_next_start(start, data_dir):
    killed = start()
    killed.until("Stop with Ctrl-C.")
    programs = [process for process in killed.family() if "syncstatus" in " ".join(process.cmdline())]
    killed.end(signal.SIGKILL)

    following = start()
    following.until("Stop with Ctrl-C.")
    assert_gone(programs)
    family = following.family()
    [beat] = [process for process in family if "beat" in process.cmdline()]
    beat.kill()
    assert following.wait() == 1
    assert "beat has ended with code -9, so everything is stopped." in following.text
    assert_gone(family)
    assert processes_of(data_dir) == []


def signs_in(port: int, username: str, password: str) -> bool:
    """Whether the sign-in page lets this user in, as a browser would be."""
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(cookies))
    address = f"http://127.0.0.1:{port}/accounts/login/"
    page = browser.open(address).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
    answer = browser.open(address, urllib.parse.urlencode(form).encode())
    return answer.status == 200 and "sessionid" in {cookie.name for cookie in cookies}


def processes_of(folder: Path) -> list[psutil.Process]:
    """The servers of a data folder, wherever they hang in the tree of processes."""
    home = str((folder / "embedded").resolve())
    return [process for process in psutil.process_iter() if home in " ".join(command(process))]


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
