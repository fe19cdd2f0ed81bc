"""What the system checks complain of."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from pytest_django.fixtures import SettingsWrapper

from syncstatus import checks

ROOT = Path(__file__).resolve().parents[2]
GOOD_KEY = "k4DvX2p9-qLs8TnBz1WcYfRhGj6MeUaO3iKx7Vd5NbPyQtZwHgJ"


def ids(messages: list[CheckMessage]) -> list[str]:
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


@pytest.mark.parametrize(
    ("key", "url", "expected"),
    [
        pytest.param(GOOD_KEY, "postgresql://db/sync", [], id="good"),
        pytest.param("", "postgresql://db/sync", ["syncstatus.E001"], id="missing"),
        pytest.param("", "", [], id="missing, but the embedded store brings one"),
        pytest.param("short", "postgresql://db/sync", ["syncstatus.E002"], id="short"),
        pytest.param("ab" * 40, "postgresql://db/sync", ["syncstatus.E002"], id="monotonous"),
    ],
)
def test_secret_key(settings: SettingsWrapper, key: str, url: str, expected: list[str]) -> None:
    settings.DATABASE_URL = url
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
def test_encryption_key(settings: SettingsWrapper, keys: list[str], url: str, expected: list[str]) -> None:
    settings.DATABASE_URL = url
    settings.ENCRYPTION_KEYS = keys
    assert ids(checks.encryption_key(None)) == expected


@pytest.mark.parametrize(("hosts", "expected"), [(["*"], ["syncstatus.W001"]), (["sync.example.com"], [])])
def test_allowed_hosts(settings: SettingsWrapper, hosts: list[str], expected: list[str]) -> None:
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
def test_debug(settings: SettingsWrapper, debug: bool, hosts: list[str], expected: list[str]) -> None:
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
def test_secure_cookies(settings: SettingsWrapper, secure: bool, hosts: list[str], expected: list[str]) -> None:
    settings.SECURE_COOKIES = secure
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.secure_cookies(None)) == expected


def test_wrong_configuration_is_one_sentence_and_exit_code_2() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"DATABASE_URL": "sqlite:///db.sqlite3", "REDIS_URL": "redis://localhost"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_URL starts with “sqlite:”")
    assert done.stderr.count("\n") == 1
