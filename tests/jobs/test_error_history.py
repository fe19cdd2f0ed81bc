"""What an error's page tells of its past, and what can be done there about it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import SyncError
from couplings.models.error import State
from jobs.services import notes
from tests import given

pytestmark = pytest.mark.django_db


@pytest.fixture
def error() -> SyncError:
    """A mapping's own error: nothing is read from a system for its page."""
    now = timezone.now()
    return SyncError.objects.create(
        mapping=given.mapping(),
        kind="schema",
        code="table_missing",
        state=State.SKIPPED,
        first_seen=now - timedelta(hours=2),
        last_seen=now,
        job=8121,
        attempts=3,
    )


def everything() -> object:
    return SyncError.objects.all()


def test_the_history_is_told_in_order(ada: Client, error: SyncError) -> None:
    berta = given.person("berta", "operator")
    notes.assign(everything(), berta, user=berta)
    notes.comment(everything(), "asked the <customer>", user=berta)

    page = ada.get(f"/errors/{error.pk}/").content.decode()

    told = [
        "First seen",
        "Assigned to berta <span",
        "“asked the &lt;customer&gt;”",
        "Failed last",
        "by job 8121",
        "3 attempts",
    ]
    places = [page.index(text, page.index('id="history"')) for text in told[:1]]
    for text in told[1:]:
        assert text in page, text
        places.append(page.index(text, places[0]))
    assert places == sorted(places)
    assert "Assigned to berta." in page


def test_an_ignored_record_says_until_when_and_who(ada: Client) -> None:
    found = given.error(given.mapping(), 1)
    berta = given.person("berta", "operator")
    notes.ignore(everything(), timezone.now() + timedelta(days=3), user=berta)

    page = ada.get(f"/errors/{found.pk}/").content.decode()

    assert page.count("Ignored until") == 2
    assert 'value="unignore"' in page


def test_only_what_applies_is_offered(ada: Client, error: SyncError) -> None:
    page = ada.get(f"/errors/{error.pk}/").content.decode()

    assert 'value="comment"' in page
    assert 'value="assign"' in page
    assert 'value="ignore"' not in page


def test_a_viewer_reads_it_only(error: SyncError) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    page = carl.get(f"/errors/{error.pk}/").content.decode()

    assert "Assigned to nobody." in page
    assert 'value="comment"' not in page


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow(ada: Client, error: SyncError, count: int) -> None:
    for number in range(count):
        notes.comment(everything(), f"{number}", user=given.person(f"person {number}", "operator"))
    ada.get(f"/errors/{error.pk}/")

    with CaptureQueriesContext(connection) as queries:
        ada.get(f"/errors/{error.pk}/")

    assert len(queries) <= 9
