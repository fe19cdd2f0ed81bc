"""An administrator connects a database: first with a wrong password, then with the right one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from sqlalchemy import URL, make_url

from couplings.models import Connection
from tests.end_to_end.screens import NARROW, WIDE

PASSWORD = "correct horse"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk(postgres_url: str) -> Iterator[URL]:
    """Where the database is, with a user of it."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("DROP ROLE IF EXISTS browsing_clerk"))
        connection.execute(sa.text(f"CREATE ROLE browsing_clerk LOGIN PASSWORD '{PASSWORD}'"))
        yield make_url(postgres_url).set(username="browsing_clerk")
        connection.execute(sa.text("DROP ROLE browsing_clerk"))
    engine.dispose()


def fill(page: Page, clerk: URL) -> None:
    options = "&".join(f"{name}={value}" for name, value in clerk.query.items())
    typed = {
        "name": "ERP",
        "host": clerk.host or "",
        "port": str(clerk.port or ""),
        "database": clerk.database or "",
        "user": clerk.username or "",
        "options": options,
    }
    for name, text in typed.items():
        page.locator(f"#id_{name}").fill(text)
    page.locator("#id_system").select_option("postgresql")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_database_is_connected(open_page: Callable[..., Page], clerk: URL, scripts: bool, viewport: Any) -> None:
    page = open_page(viewport=viewport, scripts=scripts)
    page.goto("/connections/")
    page.get_by_role("main").get_by_role("link", name="Add a connection").first.click()
    fill(page, clerk)
    page.locator("#id_password").fill("wrong")
    page.get_by_role("button", name="Test connection").click()
    answer = page.locator("#answer")
    expect(answer).to_contain_text("ERP refused the user name or the password.")
    expect(page.locator("#id_host")).to_have_value(clerk.host or "")
    # A script asks without leaving the page; without one the page comes back, and no page brings a password along.
    expect(page.locator("#id_password")).to_have_value("wrong" if scripts else "")

    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Test connection").click()
    expect(answer).to_contain_text("ERP answers: PostgreSQL")
    assert not Connection.objects.exists()
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("ERP")
    expect(page.locator(".messages")).to_contain_text("ERP is saved.")
    assert Connection.objects.get().healthy
    assert PASSWORD not in page.content()
