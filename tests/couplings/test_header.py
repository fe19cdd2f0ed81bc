"""What stands on top of every page."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from couplings.models.error import State
from tests import given

pytestmark = pytest.mark.django_db


def navigation(client: Client, url: str) -> dict[str, bool]:
    """The entries of the navigation, in words, and whether each is where the reader is."""
    html = client.get(url).content.decode().partition("<nav")[2].partition("</nav>")[0]
    entries = re.findall(r"<a ([^>]*)>(.*?)</a>", html, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", text).strip(): "aria-current" in attributes for attributes, text in entries}


def test_open_errors_are_counted_beside_their_page(carl: Client) -> None:
    assert "Errors" in navigation(carl, "/")

    mapping = given.mapping()
    given.error(mapping, 0, state=State.SKIPPED)
    given.error(mapping, 1, state=State.WAITING)
    given.error(mapping, 2, state=State.IGNORED, ignored_until=timezone.now() + timedelta(days=1))
    given.error(mapping, 3, state=State.RESOLVED, resolved_at=timezone.now())

    assert "Errors 2" in navigation(carl, "/"), "those that the page lists: neither ignored nor resolved"


@pytest.mark.parametrize(
    ("url", "entry"),
    [("/errors/", "Errors"), ("/couplings/", "Records"), ("/mappings/CUSTOMER/", "Mappings"), ("/schedules/", "Jobs")],
)
def test_the_part_of_the_product_one_is_in_is_marked(carl: Client, url: str, entry: str) -> None:
    given.mapping()

    assert [name for name, here in navigation(carl, url).items() if here] == [entry]


def test_home_is_no_entry_of_the_navigation(carl: Client) -> None:
    assert not any(navigation(carl, "/").values())
