"""Connections are added, changed, tried out, given new passwords and deleted on pages."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from django.db import connection as store
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from sqlalchemy import URL, make_url

from couplings.models import AuditEntry, ConfigurationVersion, Connection
from couplings.secrets import encrypt
from jobs.connecting import open_connector
from tests import given

FILE = {"system": "sqlite", "host": "", "port": "", "user": "", "password": "", "options": ""}
PASSWORD, NEW = "p@ss/wörd", "another ${one}"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk(postgres_url: str) -> Iterator[URL]:
    """Where the database is, and a user of it with a password."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP ROLE IF EXISTS clerk"))
        connection.execute(sa.text(f"CREATE ROLE clerk LOGIN PASSWORD '{PASSWORD}'"))
        yield make_url(postgres_url).set(drivername="postgresql", username="clerk", password=None)
        connection.execute(sa.text("DROP ROLE clerk"))
    engine.dispose()


def typed(clerk: URL, **changes: Any) -> dict[str, Any]:
    """What a person types for that database."""
    options = "&".join(f"{name}={value}" for name, value in clerk.query.items())
    place = {"host": clerk.host or "", "port": str(clerk.port or ""), "database": clerk.database, "options": options}
    return {"name": "ERP", "system": "postgresql", **place, "user": "clerk", "password": PASSWORD, **changes}


def said(answer: HttpResponse) -> str:
    return answer.content.decode()


def usable(connection: Connection) -> bool:
    opened = open_connector(connection)
    try:
        return bool(opened.check().version)
    finally:
        opened.close()


def test_a_connection_is_tried_and_added(ada: Client, clerk: URL) -> None:
    tested = ada.post("/connections/add/", typed(clerk, action="test"))
    assert "ERP answers: PostgreSQL" in said(tested)
    assert not Connection.objects.exists()
    assert AuditEntry.objects.get(action="connection_test").subject == {"connection": "ERP", "answers": True}

    page = said(ada.post("/connections/add/", typed(clerk), follow=True))

    erp = Connection.objects.get(name="ERP")
    assert "ERP is saved." in page
    assert usable(erp)
    assert erp.healthy
    assert PASSWORD not in f"{erp.settings}{erp.secret}{page}{said(tested)}"
    assert ConfigurationVersion.objects.get(kind="connection", name="ERP").who == "ada"
    assert PASSWORD not in str(list(AuditEntry.objects.values()) + list(ConfigurationVersion.objects.values()))
    entry = AuditEntry.objects.get(action="connection_add")
    assert (entry.who, entry.subject["connection"], entry.result) == ("ada", "ERP", "done")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"password": "wrong"}, "refused the user name or the password"),
        ({"user": "nobody", "password": "wrong"}, "refused the user name or the password"),
        ({"database": "no_such"}, "the database it names does not exist there"),
        ({"host": "no-such-host.invalid", "options": ""}, "nobody knows a host of this name"),
        ({"host": "127.0.0.1", "port": "9", "options": ""}, "nothing answers at this port"),
        ({"system": "mariadb", "host": "127.0.0.1", "port": "9", "options": ""}, "nothing answers at this port"),
        ({**FILE, "database": "/nowhere/erp.db"}, "does not exist there"),
    ],
)
def test_what_is_wrong_is_said_precisely_and_nothing_is_saved(
    ada: Client, clerk: URL, changes: dict[str, str], why: str
) -> None:
    for action in ("test", "save"):
        page = said(ada.post("/connections/add/", typed(clerk, **changes, action=action)))
        assert why in page
        assert ("Save without an answer" in page) == (action == "save")
        assert "wrong" not in page.replace('class="field wrong"', "")
    assert not Connection.objects.exists()


def test_a_system_that_is_down_is_saved_when_somebody_says_so(ada: Client, clerk: URL) -> None:
    data = typed(clerk, host="127.0.0.1", port="9", options="", action="save_anyway")

    assert "nothing answers at this port" in said(ada.post("/connections/add/", data, follow=True))

    assert Connection.objects.get().healthy is False


def test_settings_that_make_no_sense_come_back_at_their_field(ada: Client, clerk: URL) -> None:
    for changes, field in (
        ({"options": "read_timeout=soon"}, None),
        ({"host": "a b\x07"}, "host"),
        ({"jobs": "0"}, "jobs"),
    ):
        answer = ada.post("/connections/add/", typed(clerk, **changes, action="save"))
        assert answer.status_code == 200, changes
        assert field is None or field in answer.context["form"].errors
    assert not Connection.objects.exists()


def test_a_change_keeps_the_password_that_is_not_typed_again(ada: Client, clerk: URL) -> None:
    ada.post("/connections/add/", typed(clerk))
    erp = Connection.objects.get()
    form = said(ada.get(f"/connections/{erp.pk}/edit/"))
    assert "One is stored" in form
    assert PASSWORD not in form

    ada.post(f"/connections/{erp.pk}/edit/", typed(clerk, password="", jobs="2"))

    erp.refresh_from_db()
    assert erp.jobs_limit == 2
    assert usable(erp)
    assert "ERP" in said(ada.get(f"/connections/{erp.pk}/"))


def test_a_stored_password_is_not_sent_elsewhere(ada: Client, clerk: URL) -> None:
    ada.post("/connections/add/", typed(clerk))
    erp = Connection.objects.get()

    answer = ada.post(f"/connections/{erp.pk}/edit/", typed(clerk, password="", host="127.0.0.1", action="test"))

    assert "enter the password again" in said(answer)
    assert answer.context["answer"] is None


def test_a_password_is_replaced_only_when_the_system_accepts_it(ada: Client, clerk: URL, postgres_url: str) -> None:
    ada.post("/connections/add/", typed(clerk))
    erp = Connection.objects.get()
    url = f"/connections/{erp.pk}/secret/"
    literal = NEW.replace("$", "")
    page = said(ada.post(url, {"password": literal}))
    assert "refused the user name or the password" in page
    assert literal not in page
    erp.refresh_from_db()
    assert usable(erp)

    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"ALTER ROLE clerk PASSWORD '{literal}'"))
    engine.dispose()
    assert "accepts the new password" in said(ada.post(url, {"password": literal}, follow=True))

    erp.refresh_from_db()
    assert usable(erp)
    assert literal not in str(list(AuditEntry.objects.values()))


def test_a_password_may_come_from_the_environment_but_no_secret_of_ours(
    ada: Client, clerk: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_PASSWORD", PASSWORD)
    monkeypatch.setenv("SECRET_KEY", "ours")
    page = said(ada.post("/connections/add/", typed(clerk, password="${SECRET_KEY}")))
    assert "belongs to Syncstatus itself" in page
    assert "is not set" in said(ada.post("/connections/add/", typed(clerk, password="${NO_SUCH}")))
    assert not Connection.objects.exists()

    ada.post("/connections/add/", typed(clerk, password="${ERP_PASSWORD}"))

    erp = Connection.objects.get()
    assert (erp.settings["auth"]["password"], erp.secret) == ("${ERP_PASSWORD}", "")
    assert usable(erp)


def test_a_connection_without_an_account_has_no_password_to_replace(ada: Client) -> None:
    erp = given.connection("ERP", settings={"url": "sqlite:////erp.db"})
    assert "no user name" in said(ada.post(f"/connections/{erp.pk}/secret/", {"password": "x"}))


def test_it_is_deleted_only_when_nothing_uses_it(ada: Client) -> None:
    mapping = given.mapping()
    erp = mapping.left_connection
    erp.secret = encrypt({"url": "x"})
    erp.save()
    assert "while mappings use it" in said(ada.get(f"/connections/{erp.pk}/delete/"))
    assert "is used by CUSTOMER" in said(ada.post(f"/connections/{erp.pk}/delete/", follow=True))
    mapping.delete()

    assert "ERP is deleted." in said(ada.post(f"/connections/{erp.pk}/delete/", follow=True))

    assert list(Connection.objects.values_list("name", flat=True)) == ["CRM"]
    assert ConfigurationVersion.objects.get(name="ERP").what == "removed"


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_administrators_see_and_use_the_forms(role: str, clerk: URL) -> None:
    erp = given.connection("ERP")
    client = given.signed_in(given.person("carl", role))
    for page in ("add", f"{erp.pk}/edit", f"{erp.pk}/secret", f"{erp.pk}/delete"):
        assert client.get(f"/connections/{page}/").status_code == 403
        assert client.post(f"/connections/{page}/", typed(clerk)).status_code == 403
    for page in ("/connections/", f"/connections/{erp.pk}/"):
        html = said(client.get(page))
        assert "Add a connection" not in html
        assert "Replace the password" not in html


def test_the_list_and_the_page_tell_what_uses_it_in_a_fixed_number_of_queries(ada: Client) -> None:
    mapping = given.mapping()
    erp = mapping.left_connection
    for page in ("/connections/", f"/connections/{erp.pk}/"):
        assert 'href="/mappings/CUSTOMER/"' in said(ada.get(page))
    with CaptureQueriesContext(store) as few:
        ada.get("/connections/")
    for number in range(8):
        given.mapping(f"M{number}", f"L{number}", f"R{number}")
    with CaptureQueriesContext(store) as many:
        ada.get("/connections/")
    assert len(many) == len(few)
