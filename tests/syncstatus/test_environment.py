"""What the environment variables are read as."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from syncstatus import environment


def test_text_counts_an_empty_variable_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_ZONE", "  ")
    assert environment.text("TIME_ZONE", "UTC") == "UTC"


def test_text_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert environment.text("SECRET_KEY") == "from a file"


def test_words_drops_blanks_and_empty_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " sync.example.com, ,10.0.0.1 ")
    assert environment.words("ALLOWED_HOSTS") == ["sync.example.com", "10.0.0.1"]


@pytest.mark.parametrize(("value", "expected"), [("yes", True), ("0", False), ("False", False), ("", True)])
def test_flag(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("SECURE_COOKIES", value)
    assert environment.flag("SECURE_COOKIES", True) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("sync.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("*", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    assert environment.is_loopback(host) is expected


def test_database_with_host_port_and_driver_options() -> None:
    assert environment.database("postgresql://ada:p%40ss@db.example.com:5433/sync?sslmode=require") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "sync",
        "USER": "ada",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_database_on_a_unix_socket() -> None:
    parsed = environment.database("postgres://ada@/sync?host=%2Fvar%2Frun%2Fpostgresql")
    assert (parsed["HOST"], parsed["PORT"], parsed["OPTIONS"]) == ("/var/run/postgresql", "", {})


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "mysql://ada@localhost/sync", "db.sqlite3"])
def test_database_refuses_everything_but_postgresql(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PostgreSQL only"):
        environment.database(url)


def test_database_without_a_name_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="names no database"):
        environment.database("postgresql://localhost")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:pw@localhost:6379/1", "redis://:pw@localhost:6379/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix://:pw@/run/redis.sock?db=2", "redis+socket://:pw@/run/redis.sock?virtual_host=2"),
    ],
)
def test_broker(url: str, expected: str) -> None:
    assert environment.broker(url) == expected


def test_broker_refuses_other_servers() -> None:
    with pytest.raises(ImproperlyConfigured, match="redis:"):
        environment.broker("amqp://localhost")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("30d", timedelta(days=30)), ("2w", timedelta(days=14)), ("0", None), ("", timedelta(days=7))],
)
def test_days_to_keep_something(monkeypatch: pytest.MonkeyPatch, value: str, expected: timedelta | None) -> None:
    monkeypatch.setenv("KEEP_JOBS", value)
    assert environment.days("KEEP_JOBS", 7) == expected


@pytest.mark.parametrize("value", ["6m", "90", "-3d"])
def test_less_than_a_day_is_a_slip_that_would_delete_everything(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KEEP_JOBS", value)
    with pytest.raises(ImproperlyConfigured, match="KEEP_JOBS is less than a day"):
        environment.days("KEEP_JOBS", 7)
