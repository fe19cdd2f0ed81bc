"""A database's URL taken apart for a form and put together again, and what a form makes of it."""

from typing import Any

import pytest

from couplings.configuration.addresses import Address, written
from couplings.configuration.entries import MASK
from couplings.connection_forms import DatabaseForm, UrlForm, form_class, with_password
from couplings.models import Connection

pytestmark = pytest.mark.django_db

SAME = [
    "postgresql://erp@127.0.0.1:5432/erp",
    "postgresql://erp:********@db.example/erp?sslmode=require&read_timeout=300",
    "postgresql://erp:${ERP_PASSWORD}@127.0.0.1:5432/erp",
    "mariadb://[::1]:3307/shop",
    "mariadb://[::1]/shop",
    "postgresql:///erp?host=%2Frun%2Fpostgresql",
    "sqlite:////var/lib/erp.sqlite3",
    "sqlite:///erp.sqlite3",
    "postgresql://${ERP_HOST}/erp",
]
APART = ["${ERP_URL}", "oracle://scott@host/x", "postgresql+psycopg2://host/x", "postgresql://a@host/x/y", "nothing"]


@pytest.mark.parametrize("url", SAME)
def test_an_address_is_put_together_as_it_was(url: str) -> None:
    address = Address.of(url)
    assert address is not None
    assert address.url() == url


@pytest.mark.parametrize("url", APART)
def test_what_would_become_another_url_is_left_whole(url: str) -> None:
    assert Address.of(url) is None
    connection = Connection(name="ERP", kind="sql", settings={"url": url})
    assert form_class("sql", connection) is UrlForm


def test_parts_are_read_and_written_plainly() -> None:
    address = Address.of("postgresql://b%40b@host:5432/my%20db")
    assert address is not None
    assert (address.user, address.host, address.port, address.database) == ("b@b", "host", "5432", "my db")
    assert [written(text) for text in ("p@ss:w/rd", "${NAME}", "${A}x")] == [
        "p%40ss%3Aw%2Frd",
        "${NAME}",
        "%24%7BA%7Dx",
    ]


def filled(settings: dict[str, Any] | None = None, **changes: str) -> DatabaseForm:
    """The form of a connection as a browser sends it back, with ``changes``."""
    connection = Connection(name="ERP", kind="sql", settings=settings) if settings is not None else None
    empty = DatabaseForm(kind="sql", connection=connection)
    data = {name: empty.initial.get(name) or "" for name in empty.fields} | changes
    form = DatabaseForm(data, kind="sql", connection=connection)
    assert form.is_valid(), form.errors
    return form


NEW = {
    "name": "ERP",
    "system": "postgresql",
    "host": "db.example",
    "database": "erp",
    "user": "erp",
    "password": "p@ss",
}


def test_a_new_database_is_written_as_a_file_would() -> None:
    form = filled(**NEW, port="5433", limit_requests="100", limit_per="60s", jobs="2", options="sslmode=require")
    assert form.entry() == {
        "kind": "sql",
        "url": "postgresql://db.example:5433/erp?sslmode=require",
        "auth": {"username": "erp", "password": "p@ss"},
        "limit": {"requests": 100, "per": "1m"},
        "jobs": 2,
    }


STORED = [
    {"url": f"postgresql://erp:{MASK}@db.example/erp"},
    {"url": "postgresql://erp:${ERP_PASSWORD}@db.example/erp"},
    {"url": "postgresql://db.example/erp", "auth": {"username": "erp", "password": MASK}},
    {"url": "postgresql://db.example/erp", "auth": {"username": "erp", "password": "${ERP_PASSWORD}"}},
    {"url": "postgresql://erp@db.example/erp"},
    {"url": "sqlite:////erp.db", "limit": {"requests": 5, "per": "1m"}, "jobs": 1},
]


@pytest.mark.parametrize("settings", STORED)
def test_a_form_that_is_saved_as_it_is_changes_nothing(settings: dict[str, Any]) -> None:
    assert filled(settings).entry() == {"kind": "sql", **settings}


@pytest.mark.parametrize("settings", STORED[:4])
def test_a_stored_password_goes_to_no_other_address(settings: dict[str, Any]) -> None:
    connection = Connection(name="ERP", kind="sql", settings=settings)
    same = {"system": "postgresql", "host": "db.example", "database": "another", "user": "erp"}
    for changes in ({"host": "evil.example"}, {"port": "6000"}, {"options": "host=evil.example"}):
        form = DatabaseForm(same | changes, kind="sql", connection=connection)
        assert "password" in form.errors, changes
        assert DatabaseForm(same | changes | {"password": "new"}, kind="sql", connection=connection).is_valid()
    assert DatabaseForm(same, kind="sql", connection=connection).is_valid()


def test_a_stored_password_of_a_url_goes_to_no_other_address() -> None:
    connection = Connection(name="FAX", kind="fax", settings={"url": f"https://a:{MASK}@fax.example/api"})
    for url, valid in ((f"https://a:{MASK}@evil.example/api", False), (f"https://a:{MASK}@fax.example/v2", True)):
        assert UrlForm({"url": url}, kind="fax", connection=connection).is_valid() is valid


def test_no_form_shows_a_secret() -> None:
    for settings in STORED[:4]:
        html = DatabaseForm(kind="sql", connection=Connection(name="ERP", kind="sql", settings=settings)).as_div()
        assert MASK not in html
        assert 'value="${' not in html
    assert "p@ss" not in DatabaseForm(NEW, kind="sql").as_div()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "a/b"), ("name", ""), ("port", "0"), ("port", "x"), ("system", "oracle"), ("database", ""),
     ("limit_requests", "0"), ("limit_per", "soon"), ("limit_per", "1m"), ("jobs", "none")],
)  # fmt: skip
def test_what_makes_no_sense_is_said_at_its_field(field: str, value: str) -> None:
    assert field in DatabaseForm({**NEW, field: value}, kind="sql").errors


def test_a_file_has_neither_host_nor_account() -> None:
    assert set(DatabaseForm({**NEW, "system": "sqlite"}, kind="sql").errors) == {"host", "user", "password"}


def test_a_name_is_taken_whatever_its_case() -> None:
    Connection.objects.create(name="erp", kind="sql")
    assert "name" in DatabaseForm(NEW, kind="sql").errors


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"url": f"postgresql://erp:{MASK}@h/d"}, {"url": "postgresql://erp:p%40ss@h/d"}),
        ({"url": "postgresql://erp:${OLD}@h/d"}, {"url": "postgresql://erp:p%40ss@h/d"}),
        ({"url": "postgresql://erp@h/d"}, {"url": "postgresql://erp@h/d", "auth": {"password": "p@ss"}}),
        (
            {"url": "postgresql://h/d", "auth": {"username": "erp", "password": MASK}},
            {"url": "postgresql://h/d", "auth": {"username": "erp", "password": "p@ss"}},
        ),
        ({"url": "sqlite:////erp.db"}, None),
    ],
)
def test_a_new_password_takes_the_place_of_the_old_one(settings: dict[str, Any], changed: Any) -> None:
    assert with_password(settings, "p@ss") == changed
