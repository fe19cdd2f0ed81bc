"""What can be wrong with a connection or a table: each its own error, and never the password in it."""

import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import make_url

from syncstatus.connectors import errors
from syncstatus.connectors.ports import Feed, Source
from syncstatus.connectors.registry import connect
from syncstatus.connectors.sql import reasons
from tests.syncstatus.connectors.sql.customers import MARIADB, POSTGRESQL, Customers, source


def refusal(url: str) -> errors.ConnectorError:
    connector = connect("sql", {"url": url})
    try:
        with pytest.raises(errors.ConnectorError) as refused:
            connector.check()
    finally:
        connector.close()
    assert "wrong-password" not in f"{refused.value.detail} {refused.value.params}"
    return refused.value


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Customers]:
    system = Customers(postgres_url, source())
    system.execute(f"CREATE TABLE customer (id text PRIMARY KEY, {POSTGRESQL})")
    yield system
    system.close()


def altered(url: str, **changes: Any) -> str:
    return make_url(url).set(**changes).render_as_string(hide_password=False)


def test_an_unknown_kind() -> None:
    with pytest.raises(errors.KindUnknown) as refused:
        connect("fax", {})
    assert refused.value.params == {"kind": "fax", "kinds": "sql"}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (None, errors.UrlInvalid),
        ("no url at all", errors.UrlInvalid),
        ("postgresql://x:secret@host:port/db", errors.UrlInvalid),
        ("postgresql://host/db?read_timeout=soon", errors.UrlInvalid),
        ("sqlite://", errors.UrlInvalid),
        ("sqlite://clerk:secret@host/erp.db", errors.UrlInvalid),
        ("oracle://scott:tiger@host/db", errors.DriverUnsupported),
    ],
)
def test_settings_that_make_no_sense(url: str | None, error: type[errors.ConnectorError]) -> None:
    with pytest.raises(error) as refused:
        connect("sql", {"url": url})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "mariadb"])
def test_nobody_answers(scheme: str) -> None:
    closed = refusal(f"{scheme}://user:wrong-password@127.0.0.1:9/shop")
    nowhere = refusal(f"{scheme}://user:wrong-password@no-such-host.invalid/shop")
    assert [type(error) for error in (closed, nowhere)] == [errors.Unreachable] * 2
    assert [error.params["reason"] for error in (closed, nowhere)] == ["port_closed", "host_unknown"]


@pytest.mark.parametrize(
    "detail",
    ["SSL connection has been closed unexpectedly", "SSL SYSCALL error: EOF detected", "SSL error: unexpected eof"],
)
def test_a_connection_that_breaks_is_not_blamed_on_encryption(detail: str) -> None:
    assert reasons.reason(detail) == ""


class Unencrypted(socketserver.BaseRequestHandler):
    """A PostgreSQL server that says no to TLS."""

    def handle(self) -> None:
        self.request.recv(8)
        self.request.sendall(b"N")


def test_a_system_without_encryption_where_it_is_required() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), Unencrypted) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        host, port = server.server_address[:2]
        error = refusal(f"postgresql://user:secret@{host!s}:{port}/shop?sslmode=require")
        answering.join()
    assert (type(error), error.params["reason"]) == (errors.Unreachable, "tls_failed")


def test_a_wrong_password_on_postgresql(postgres_url: str) -> None:
    assert type(refusal(altered(postgres_url, password="wrong-password"))) is errors.CredentialsRefused


def test_a_wrong_password_on_mariadb(mariadb_url: str) -> None:
    url = altered(mariadb_url, username="stranger", password="wrong-password")
    assert type(refusal(url)) is errors.CredentialsRefused


def test_a_missing_database(postgres_url: str, mariadb_url: str, tmp_path: Path) -> None:
    assert type(refusal(altered(postgres_url, database="no_such"))) is errors.DatabaseMissing
    assert type(refusal(altered(mariadb_url, database="no_such"))) is errors.DatabaseMissing
    assert type(refusal(f"sqlite:///{tmp_path / 'none.db'}")) is errors.DatabaseMissing
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "letter.txt").write_text("Dear Ada,\n" * 100)
    assert type(refusal(f"sqlite:///{tmp_path / 'letter.txt'}")) is errors.DatabaseMissing


def test_a_table_that_may_not_be_read(postgresql: Customers) -> None:
    postgresql.execute("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    stranger = connect("sql", {"url": altered(postgresql.url, username="stranger", password="stranger")})
    try:
        with pytest.raises(errors.AccessDenied):
            stranger.describe("customer")
        with pytest.raises(errors.AccessDenied):
            stranger.open(postgresql.source)
    finally:
        stranger.close()
        postgresql.execute("DROP ROLE stranger")


def test_a_table_of_mariadb_that_may_not_be_read(mariadb_url: str) -> None:
    system = Customers(mariadb_url, source())
    database = make_url(mariadb_url).database
    system.execute(
        f"CREATE TABLE customer (id varchar(40) PRIMARY KEY, {MARIADB})",
        "CREATE TABLE public_list (id integer)",
        "CREATE OR REPLACE USER stranger@localhost",
        f"GRANT SELECT ON {database}.public_list TO stranger@localhost",
    )
    stranger = connect("sql", {"url": altered(mariadb_url, username="stranger")})
    with pytest.raises(errors.AccessDenied):
        stranger.describe("customer")
    stranger.close()
    system.close()


def test_a_table_without_a_key(postgresql: Customers) -> None:
    postgresql.execute("CREATE TABLE loose (id integer, code text NOT NULL UNIQUE, name text)")
    connector = postgresql.connector
    for key, reason in (((), "no_primary_key"), (("nope",), "key_field_missing"), (("id",), "key_not_unique")):
        with pytest.raises(errors.KeyMissing) as refused:
            connector.open(Source("loose", ("name",), key=key))
        assert refused.value.params["reason"] == reason
    assert connector.open(Source("loose", ("name",), key=("code",))).keys(None, 10) == []


def test_a_modified_on_that_is_no_time(postgresql: Customers) -> None:
    with pytest.raises(errors.TypeUnsupported) as refused:
        postgresql.connector.open(source(modified_on="name"))
    assert refused.value.params["field"] == "name"
    with pytest.raises(errors.FieldMissing):
        postgresql.connector.open(source(modified_on="nope"))
    with pytest.raises(errors.FieldMissing):
        postgresql.connector.open(source(version="nope"))


def test_a_table_dropped_while_running(postgresql: Customers) -> None:
    endpoint = postgresql.connector.open(postgresql.source)
    postgresql.execute("ALTER TABLE customer DROP COLUMN city")
    with pytest.raises(errors.FieldMissing):
        endpoint.read(["1"])
    postgresql.execute("DROP TABLE customer")
    for call in (lambda: endpoint.keys(None, 10), lambda: endpoint.read(["1"]), lambda: endpoint.stamps(["1"])):
        with pytest.raises(errors.TableMissing) as refused:
            call()
        assert refused.value.params["table"] == "customer"


def test_describes_a_table(postgresql: Customers) -> None:
    postgresql.execute("CREATE SCHEMA sales")
    postgresql.execute(
        """CREATE TABLE sales."Odd %(name)s" ("Key %s" integer GENERATED ALWAYS AS IDENTITY, part text,
        "a ""b"": c" text,
        total numeric(10, 2) NOT NULL DEFAULT 0, twice numeric GENERATED ALWAYS AS (total * 2) STORED,
        PRIMARY KEY ("Key %s", part))""".replace(": c", "\\: c")
    )
    info = postgresql.connector.describe("Odd %(name)s", "sales")
    assert info.key == ("Key %s", "part")
    flags = {name: (f.writable, f.generated, f.required) for name, f in info.fields.items()}
    assert flags == {
        "Key %s": (False, True, False),
        "part": (True, False, True),
        'a "b": c': (True, False, False),
        "total": (True, True, False),
        "twice": (False, True, False),
    }
    endpoint = postgresql.connector.open(Source("Odd %(name)s", ('a "b": c', "total"), schema="sales"))
    assert not endpoint.capabilities.chooses_keys
    assert endpoint.capabilities.feed is Feed.NONE


def test_a_field_computed_by_sqlite(sqlite_url: str) -> None:
    with sqlite3.connect(str(make_url(sqlite_url).database)) as connection:
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer AS (a * 2), c NOT NULL)")
    connection.close()
    connector = connect("sql", {"url": sqlite_url})
    fields = connector.describe("t").fields
    assert (fields["id"].generated, fields["b"].writable, fields["c"].type) == (True, False, None)
    connector.close()


def test_a_statement_that_takes_too_long(postgresql: Customers) -> None:
    postgresql.execute("CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS name")
    hasty = Customers(postgresql.url, postgresql.source, options={"read_timeout": "0.1"})
    endpoint = hasty.connector.open(Source("slow", ("name",), key=("id",)))
    with pytest.raises(errors.Transient):
        endpoint.keys(None, 10)
    hasty.close()


def test_a_stored_key_that_its_type_cannot_hold(sqlite_url: str) -> None:
    with sqlite3.connect(str(make_url(sqlite_url).database)) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, name text)")
        connection.execute("INSERT INTO t VALUES (1, 'Ada'), ('one', 'Bob'), ('two', 'Cid')")
    connection.close()
    connector = connect("sql", {"url": sqlite_url})
    endpoint = connector.open(Source("t", ("name",)))
    assert [stamp.key for stamp in endpoint.keys("1", 1)] == ["one"]
    with pytest.raises(errors.KeyMissing):
        endpoint.keys("one", 1)
    connector.close()


def test_a_server_with_no_room_for_another_connection_throttles(postgres_url: str) -> None:
    """It answers, and has to be left alone for a while: no error of its records."""
    with sa.create_engine(postgres_url).connect() as administrator:
        administrator.execute(sa.text("DROP ROLE IF EXISTS crowded"))
        administrator.execute(sa.text("CREATE ROLE crowded LOGIN PASSWORD 'wrong-password' CONNECTION LIMIT 0"))
        administrator.commit()
    refused = refusal(altered(postgres_url, username="crowded", password="wrong-password"))
    assert (type(refused), refused.code) == (errors.Throttled, "throttled")


def test_a_server_with_no_questions_left_throttles(mariadb_url: str) -> None:
    with sa.create_engine(mariadb_url.replace("mariadb:", "mysql:")).connect() as administrator:
        administrator.execute(sa.text("CREATE OR REPLACE USER asker WITH MAX_QUERIES_PER_HOUR 1"))
        administrator.execute(sa.text("GRANT ALL ON *.* TO asker"))
    assert type(refusal(altered(mariadb_url, username="asker"))) is errors.Throttled
