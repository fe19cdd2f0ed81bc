"""SCENARIOS T10: a row committed late carries an older stamp than rows that were listed already."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.engine import Connection

from syncstatus.connectors.ports import Endpoint
from syncstatus.connectors.sql import feed
from tests.syncstatus.connectors.contract import all_changes
from tests.syncstatus.connectors.sql.customers import MARIADB, POSTGRESQL, SQLITE, Customers, source


@pytest.fixture(autouse=True)
def _no_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The margin for other clocks would hide for ten seconds what these tests are about."""
    monkeypatch.setattr(feed, "MARGIN", timedelta(0))


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Customers]:
    system = Customers(postgres_url, source(modified_on="modified_at"))
    system.execute(f"CREATE TABLE customer (id text PRIMARY KEY, {POSTGRESQL}, modified_at timestamptz DEFAULT now())")
    yield _with_two(system)
    system.close()


@pytest.fixture
def postgresql_xid(postgres_url: str) -> Iterator[Customers]:
    system = Customers(postgres_url, source(modified_on="modified_at"))
    stamp = "modified_at xid8 DEFAULT pg_current_xact_id()"
    system.execute(f"CREATE TABLE customer (id text PRIMARY KEY, {POSTGRESQL}, {stamp})")
    yield _with_two(system)
    system.close()


@pytest.fixture
def mariadb_system(mariadb_url: str) -> Iterator[Customers]:
    system = Customers(mariadb_url, source(modified_on="modified_at"))
    stamp = "modified_at timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)"
    system.execute(f"CREATE TABLE customer (id varchar(40) PRIMARY KEY, {MARIADB}, {stamp})")
    yield _with_two(system)
    system.close()


@pytest.fixture
def sqlite_system(sqlite_url: str) -> Iterator[Customers]:
    sqlite3.connect(str(make_url(sqlite_url).database)).close()
    system = Customers(sqlite_url, source(modified_on="modified_at"))
    system.execute("PRAGMA journal_mode = WAL")
    stamp = "modified_at datetime DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))"
    system.execute(f"CREATE TABLE customer (id text PRIMARY KEY, {SQLITE}, {stamp})")
    yield _with_two(system)
    system.close()


def _with_two(system: Customers) -> Customers:
    system.insert("1", name="Ada")
    system.insert("2", name="Bob")
    return system


STAMPS = {
    "postgresql": "now()",
    "postgresql_xid": "pg_current_xact_id()",
    "mariadb_system": "current_timestamp(6)",
    "sqlite_system": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


@pytest.fixture(params=list(STAMPS))
def system(request: pytest.FixtureRequest) -> Customers:
    found: Customers = request.getfixturevalue(request.param)
    found.stamp = STAMPS[request.param]  # type: ignore[attr-defined]
    return found


@contextmanager
def transaction(system: Customers) -> Iterator[Connection]:
    """One of the other application, open until the end of the block; the caller commits."""
    with system.engine.connect() as connection:
        yield connection


def touch(connection: Connection, system: Customers, key: str, city: str) -> None:
    stamp = system.stamp  # type: ignore[attr-defined]
    connection.execute(
        sa.text(f"UPDATE customer SET city = :city, modified_at = {stamp} WHERE id = :id"), {"city": city, "id": key}
    )


def caught_up(endpoint: Endpoint) -> dict[str, object]:
    return dict(all_changes(endpoint, endpoint.start_cursor())[1])


def next_second() -> None:
    """Cursors are kept in whole seconds; a later poll must really be later."""
    time.sleep(1.05 - time.time() % 1)


def test_finds_a_row_that_was_committed_late(system: Customers) -> None:
    endpoint = system.connector.open(system.source)
    cursor = caught_up(endpoint)
    with transaction(system) as late:
        touch(late, system, "1", "Late")
        if system.engine.dialect.name != "sqlite":  # where only one can write at a time
            with transaction(system) as early:
                touch(early, system, "2", "Early")
                early.commit()
        next_second()
        first, between = all_changes(endpoint, cursor)
        next_second()
        _, after = all_changes(endpoint, between)
        late.commit()
    known = endpoint.stamps(["1"])["1"].version
    assert all_changes(endpoint, after)[0]["1"] == known
    assert first.get("1") != known


def test_forgets_a_row_that_was_rolled_back(system: Customers) -> None:
    endpoint = system.connector.open(system.source)
    before = {key: stamp.version for key, stamp in endpoint.stamps(["1", "2"]).items()}
    cursor = caught_up(endpoint)
    with transaction(system) as undecided:
        touch(undecided, system, "1", "Never")
        listed, cursor_within = all_changes(endpoint, cursor)
        undecided.rollback()
    again, _ = all_changes(endpoint, cursor_within)
    assert all(before[key] == version for key, version in {**listed, **again}.items())


def test_waits_for_a_transaction_that_has_not_written_yet(postgresql: Customers) -> None:
    """Its stamp will be its start, although it has no transaction id so far."""
    endpoint = postgresql.connector.open(postgresql.source)
    cursor = caught_up(endpoint)
    with transaction(postgresql) as sleeper:
        sleeper.execute(sa.text("SELECT now()"))
        next_second()
        _, cursor = all_changes(endpoint, cursor)
        next_second()
        _, cursor = all_changes(endpoint, cursor)
        sleeper.execute(sa.text("UPDATE customer SET city = 'Late', modified_at = now() WHERE id = '1'"))
        sleeper.commit()
    assert "1" in all_changes(endpoint, cursor)[0]


def test_keeps_a_fixed_overlap_where_others_cannot_be_seen_on_postgresql(postgresql: Customers) -> None:
    postgresql.execute("DROP ROLE IF EXISTS blind", "CREATE ROLE blind LOGIN PASSWORD 'blind'")
    postgresql.execute("GRANT SELECT ON customer TO blind")
    url = make_url(postgresql.url).set(username="blind", password="blind").render_as_string(hide_password=False)
    blind = Customers(url, postgresql.source)
    try:
        assert _age(blind.connector.open(blind.source)) > timedelta(minutes=4, seconds=59)
        assert _age(postgresql.connector.open(postgresql.source)) < timedelta(minutes=1)
    finally:
        blind.close()
        postgresql.execute("REVOKE ALL ON customer FROM blind", "DROP ROLE blind")


def test_keeps_a_fixed_overlap_where_others_cannot_be_seen_on_mariadb(mariadb_system: Customers) -> None:
    database = make_url(mariadb_system.url).database
    mariadb_system.execute("CREATE OR REPLACE USER blind@localhost IDENTIFIED BY 'blind'")
    mariadb_system.execute(f"GRANT SELECT ON {database}.* TO blind@localhost")
    url = make_url(mariadb_system.url).set(username="blind", password="blind").render_as_string(hide_password=False)
    blind = Customers(url, mariadb_system.source)
    try:
        assert _age(blind.connector.open(blind.source)) > timedelta(minutes=4, seconds=59)
        assert _age(mariadb_system.connector.open(mariadb_system.source)) < timedelta(minutes=1)
    finally:
        blind.close()
        mariadb_system.execute("DROP USER blind@localhost")


def _age(endpoint: Endpoint) -> timedelta:
    start = datetime.fromisoformat(str(endpoint.start_cursor()["from"])).replace(tzinfo=UTC)
    return datetime.now(UTC) - start


def test_lists_rows_without_a_stamp_in_every_pass(system: Customers) -> None:
    if system.engine.dialect.name == "mysql":
        system.execute("ALTER TABLE customer MODIFY modified_at datetime(6) NULL")
    system.execute("UPDATE customer SET modified_at = NULL")
    endpoint = system.connector.open(system.source)
    cursor = endpoint.start_cursor()
    for limit in (1, 2, 3):
        listed, cursor = all_changes(endpoint, cursor, limit)
        assert set(listed) == {"1", "2"}


def test_lists_a_row_from_the_future(postgresql: Customers) -> None:
    endpoint = postgresql.connector.open(postgresql.source)
    cursor = endpoint.start_cursor()
    postgresql.execute("UPDATE customer SET modified_at = now() + interval '1 year' WHERE id = '1'")
    _, cursor = all_changes(endpoint, cursor)
    postgresql.update("2", city="Odense", modified_at=datetime.now(UTC))
    assert set(all_changes(endpoint, cursor)[0]) == {"1", "2"}
