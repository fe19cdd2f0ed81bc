import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models.error import State
from jobs import history, retention, tasks, totals
from jobs.history import Day
from jobs.models import DayTotal, JobState, Kind, OpenErrors, SyncJob
from tests import given

pytestmark = pytest.mark.django_db


def test_every_tile_leads_to_as_many_rows_as_it_counts(ada: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.error(mapping, 2, state=State.HELD, job=given.job(mapping).pk, code="mass_deletion")
    given.error(mapping, 3, state=State.RETRYING)
    given.error(mapping, 4, state=State.IGNORED, ignored_until=timezone.now() + timedelta(days=1))
    failed = [given.job(mapping, state=JobState.FAILED, code="internal_error") for _number in range(3)]
    SyncJob.objects.filter(pk=failed[0].pk).update(created=timezone.now() - timedelta(days=3))
    given.job(mapping, state=JobState.RUNNING, finished=None, lease_until=timezone.now())

    page = ada.get("/").content.decode()

    tiles = re.findall(r'<li><a href="([^"]+)"[^>]*><strong>(\d+)</strong>', page)
    assert [int(count) for _url, count in tiles] == [2, 1, 1, 2, 1]
    for url, count in tiles:
        assert behind(ada, url.replace("&amp;", "&")) == int(count), url


def behind(client: Client, url: str) -> int:
    """How many records or jobs a tile leads to; those of held deletions are listed by plan."""
    context = client.get(url).context
    return sum(plan.records for plan in context["rows"]) if "rows" in context else len(context["table"].rows)


def test_a_calm_sentence_when_all_is_well(ada: Client) -> None:
    mapping = given.mapping(next_run=timezone.now() + timedelta(minutes=12))
    given.coupling(mapping, 1)
    given.job(mapping, read=5, unchanged=5)

    page = ada.get("/").content.decode()

    assert "There is nothing to do." in page
    assert "First steps" not in page
    assert "5 Unchanged" in page
    assert "in 1" in page
    assert "The oldest error" not in page


def test_the_oldest_error_is_named_with_its_age_and_its_page(ada: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 3)
    old = given.error(mapping, 200)
    given.error(mapping, 900, state=State.RESOLVED, resolved_at=timezone.now())

    page = ada.get("/").content.decode()

    assert "has been open for" in page
    assert f'<a href="/errors/{old.pk}/">Adatum 200</a>' in page
    assert ">3 h</time>" in page


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
    assert '<a href="/connections/add/">Connect two systems</a>' in page
    carl = given.signed_in(given.person("carl", "viewer"))
    assert '<a href="/connections/">Connect two systems</a>' in carl.get("/").content.decode()
    assert "There is nothing to do." not in page
    assert 'class="done"' not in page
    given.connection("ERP")
    assert 'class="done"' not in ada.get("/").content.decode()
    mapping = given.mapping()
    assert ada.get("/").content.decode().count('class="done"') == 2
    given.coupling(mapping, 1)
    assert "First steps" not in ada.get("/").content.decode()


def test_what_jobs_did_is_told_by_day_and_leads_to_the_jobs_of_the_day(ada: Client) -> None:
    mapping, now = given.mapping(), datetime(2026, 11, 20, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        given.job(mapping, read=9, inserted=4, unchanged=5, finished=now - timedelta(days=2))
        given.job(mapping, read=3, failed=3, finished=now - timedelta(days=2))
        given.job(mapping, read=70, modified=70, finished=now - timedelta(days=15))
        given.job(mapping, kind=Kind.PREVIEW, read=500, inserted=500, finished=now - timedelta(days=2))
        totals.fold()
        given.job(mapping, read=2, inserted=2, finished=now - timedelta(days=2))
        given.job(mapping, kind=Kind.PREVIEW, read=800, inserted=800)

        days = dict(ada.get("/").context["days"])

        assert len(days) == 14
        assert [max(days), min(days)] == [date(2026, 11, 20), date(2026, 11, 7)]
        assert days[date(2026, 11, 18)] == [6, 0, 0, 0, 0, 3]
        assert sum(map(sum, days.values())) == 9
        assert len(ada.get("/jobs/?ended=2026-11-18").context["table"].rows) == 4


def test_the_day_is_that_of_the_installation(ada: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)  # after midnight there
    with time_machine.travel(now, tick=False):
        given.job(given.mapping(), read=1, inserted=1, finished=now)
        fresh = history.days()
        totals.fold()

        assert fresh == history.days()
        assert fresh[-1] == Day(date(2026, 11, 21), {"inserted": 1})
        assert len(ada.get("/jobs/?ended=2026-11-21").context["table"].rows) == 1


def test_open_errors_are_counted_once_an_hour(ada: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.error(mapping, 2, state=State.RESOLVED, resolved_at=timezone.now())

    history.sample()
    given.error(mapping, 3)
    history.sample()

    given.error(mapping, 4, state=State.IGNORED, ignored_until=timezone.now() + timedelta(days=1))

    assert [level.count for level in history.levels()] == [1]
    shown = ada.get("/").context["levels"]
    assert [level.count for level in shown] == [2]  # the newest figure of each day, and today's is that of now


@pytest.mark.django_db(transaction=True)
def test_beat_notes_the_figures_and_retention_deletes_old_ones() -> None:
    given.error(given.mapping(), 1)
    old = timezone.now() - timedelta(days=500)
    OpenErrors.objects.create(at=old, count=7)
    DayTotal.objects.create(day=old.date(), name="inserted", value=7)

    tasks.ring_due()
    assert sorted(OpenErrors.objects.values_list("count", flat=True)) == [1, 7]
    retention.prune()

    assert list(OpenErrors.objects.values_list("count", flat=True)) == [1]
    assert not DayTotal.objects.exists()


@pytest.mark.parametrize("name", ["outcomes", "errors"])
@pytest.mark.parametrize("filled", [True, False])
def test_charts_are_images_in_the_readers_language(ada: Client, name: str, filled: bool) -> None:
    if filled:
        given.error(given.mapping(), 1)
        given.job(given.mapping("ITEM"), read=1, inserted=1)
        history.sample()

    answer = ada.get(f"/charts/{name}.svg", headers={"accept-language": "fr"})

    assert answer["Content-Type"] == "image/svg+xml"
    assert ElementTree.fromstring(answer.content).tag.endswith("svg")
    assert "script" not in answer.content.decode()
    assert name != "outcomes" or "Inséré" in answer.content.decode()
    assert Client().get(f"/charts/{name}.svg").status_code == 302


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    for number in range(count):
        mapping = given.mapping(f"M{number}", next_run=timezone.now())
        given.error(mapping, number)
        given.job(mapping)
    ada.get("/")

    with CaptureQueriesContext(connection) as queries:
        ada.get("/")

    # of every page: session, user, permissions twice, the number of errors; open errors by state, failed and running
    # jobs, the oldest error, connections, mappings, jobs, whether anything is coupled; for the charts: the totals of
    # days, the jobs that they lack yet, the figures of hours
    assert len(queries) == 16
