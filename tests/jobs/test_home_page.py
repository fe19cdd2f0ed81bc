import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models.error import State
from jobs.models import JobState, SyncJob
from tests import given

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return given.signed_in(given.person("ada", "administrator"))


def test_every_tile_leads_to_as_many_rows_as_it_counts(ada: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.error(mapping, 2, state=State.HELD)
    given.error(mapping, 3, state=State.RETRYING)
    given.error(mapping, 4, state=State.IGNORED)
    failed = [given.job(mapping, state=JobState.FAILED, code="internal_error") for _number in range(3)]
    SyncJob.objects.filter(pk=failed[0].pk).update(created=timezone.now() - timedelta(days=3))
    given.job(mapping, state=JobState.RUNNING, finished=None, lease_until=timezone.now())

    page = ada.get("/").content.decode()

    tiles = re.findall(r'<li><a href="([^"]+)"[^>]*><strong>(\d+)</strong>', page)
    assert [int(count) for _url, count in tiles] == [2, 1, 2, 1]
    for url, count in tiles:
        assert len(ada.get(url.replace("&amp;", "&")).context["table"].rows) == int(count), url


def test_a_calm_sentence_when_all_is_well(ada: Client) -> None:
    mapping = given.mapping(next_run=timezone.now() + timedelta(minutes=12))
    given.coupling(mapping, 1)
    given.job(mapping, read=5, unchanged=5)

    page = ada.get("/").content.decode()

    assert "There is nothing to do." in page
    assert "First steps" not in page
    assert "5 Unchanged" in page
    assert "in 1" in page


def test_a_system_that_does_not_answer_is_no_calm(ada: Client) -> None:
    given.coupling(given.mapping(), 1)
    given.connection("SHOP", healthy=False, health={"code": "unreachable"})

    page = ada.get("/").content.decode()

    assert "There is nothing to do." not in page
    assert "SHOP could not be reached" in page


def test_an_empty_installation_shows_the_first_steps(ada: Client) -> None:
    page = ada.get("/").content.decode()

    assert "First steps" in page
    assert "manage.py config apply FILE" in page
    assert "There is nothing to do." not in page
    assert 'class="done"' not in page
    given.mapping()
    assert ada.get("/").content.decode().count('class="done"') == 2


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    for number in range(count):
        mapping = given.mapping(f"M{number}", next_run=timezone.now())
        given.error(mapping, number)
        given.job(mapping)
    ada.get("/")

    with CaptureQueriesContext(connection) as queries:
        ada.get("/")

    # session, user, four tiles, held deletions, connections, mappings, jobs, whether anything is coupled
    assert len(queries) == 11
