"""What the system checks complain of."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from pytest_django.fixtures import Settings

from syncstatus import checks

ROOT = Path(__file__).resolve().parents[2]
GOOD_KEY = "k4DvX2p9-qLs8TnBz1WcYfRhGj6MeUaO3iKx7Vd5NbPyQtZwHgJ"


def ids(messages: list[CheckMessage]) -> list[str]:
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(GOOD_KEY, [], id="good"),
        pytest.param("short", ["syncstatus.E002"], id="short"),
        pytest.param("ab" * 40, ["syncstatus.E002"], id="monotonous"),
    ],
)
def test_secret_key(settings: Settings, key: str, expected: list[str]) -> None:
    settings.SECRET_KEY = key
    assert ids(checks.secret_key(None)) == expected


@pytest.mark.parametrize(
    ("keys", "url", "expected"),
    [
        pytest.param([Fernet.generate_key().decode()], "postgresql://db/sync", [], id="good"),
        pytest.param([], "postgresql://db/sync", ["syncstatus.E003"], id="missing"),
        pytest.param([], "", [], id="missing, but the embedded store brings one"),
        pytest.param([Fernet.generate_key().decode(), "é"], "", ["syncstatus.E004"], id="second unreadable"),
    ],
)
def test_encryption_key(settings: Settings, keys: list[str], url: str, expected: list[str]) -> None:
    settings.DATABASE_URL = url
    settings.ENCRYPTION_KEYS = keys
    assert ids(checks.encryption_key(None)) == expected


@pytest.mark.parametrize(("hosts", "expected"), [(["*"], ["syncstatus.W001"]), (["sync.example.com"], [])])
def test_allowed_hosts(settings: Settings, hosts: list[str], expected: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.allowed_hosts(None)) == expected


@pytest.mark.parametrize(
    ("debug", "hosts", "expected"),
    [
        (True, ["sync.example.com", "localhost"], ["syncstatus.E005"]),
        (True, ["localhost", "[::1]"], []),
        (False, ["sync.example.com"], []),
    ],
)
def test_debug(settings: Settings, debug: bool, hosts: list[str], expected: list[str]) -> None:
    settings.DEBUG = debug
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.debug(None)) == expected


@pytest.mark.parametrize(
    ("secure", "hosts", "expected"),
    [
        (False, ["sync.example.com"], ["syncstatus.W002"]),
        (False, ["localhost"], []),
        (True, ["sync.example.com"], []),
    ],
)
def test_secure_cookies(settings: Settings, secure: bool, hosts: list[str], expected: list[str]) -> None:
    settings.SECURE_COOKIES = secure
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.secure_cookies(None)) == expected


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py check` with these variables alone."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_given_database_without_keys_is_refused() -> None:
    done = check(DATABASE_URL="postgresql://localhost/sync", REDIS_URL="redis://localhost")
    assert done.returncode == 1
    assert "syncstatus.E001" in done.stderr
    assert "syncstatus.E003" in done.stderr


def test_without_variables_nothing_is_wrong_and_nothing_is_started(tmp_path: Path) -> None:
    done = check(DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "data").exists()


def test_wrong_configuration_is_one_sentence_and_exit_code_2() -> None:
    done = check(DATABASE_URL="sqlite:///db.sqlite3", REDIS_URL="redis://localhost")
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_URL starts with “sqlite:”")
    assert done.stderr.count("\n") == 1
