from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import TableMapping
from jobs.models import JobState, Kind, SyncJob
from tests import given

URL = "/schedules/"

pytestmark = pytest.mark.django_db


def signed_in(role: str) -> Client:
    return given.signed_in(given.person(role, role))


def test_what_runs_next_comes_first_and_what_never_runs_by_itself_last() -> None:
    now = timezone.now()
    given.mapping("BY_HAND")
    given.mapping("LATER", schedule_every=3600, next_run=now + timedelta(hours=1))
    given.mapping("PAUSED", schedule_every=60, next_run=now + timedelta(seconds=10), paused=True)
    soon = given.mapping("SOON", schedule_every=1800, next_run=now + timedelta(minutes=5))
    job = given.job(soon, read=4, modified=4)

    answer = signed_in("viewer").get(URL)

    assert [row.mapping.name for row in answer.context["rows"]] == ["SOON", "LATER", "PAUSED", "BY_HAND"]
    page = answer.content.decode()
    assert "every 30 min" in page
    assert "only when somebody starts it" in page
    assert f'<a href="/jobs/{job.pk}/">' in page
    assert "4 Modified" in page


def test_a_schedule_says_that_it_waits_for_a_job_on_hold() -> None:
    mapping = given.mapping(schedule_every=60, next_run=timezone.now())
    job = given.job(mapping, state=JobState.PAUSED)

    page = signed_in("viewer").get(URL).content.decode()

    assert f'<a href="/jobs/{job.pk}/">waits for job {job.pk}, which is on hold</a>' in page


def test_an_operator_runs_a_mapping_now_and_comes_back() -> None:
    given.mapping(schedule_every=60, next_run=timezone.now() + timedelta(hours=1))
    berta = signed_in("operator")
    page = berta.get(URL).content.decode()
    assert 'aria-label="Run CUSTOMER now"' in page
    assert 'value="pause"' not in page

    answer = berta.post("/mappings/CUSTOMER/actions/", {"action": "modified", "next": URL})

    assert answer["Location"] == URL
    assert SyncJob.objects.get().kind == Kind.MODIFIED
    assert berta.post("/mappings/CUSTOMER/actions/", {"action": "pause", "next": URL}).status_code == 403


def test_an_administrator_pauses_and_resumes() -> None:
    given.mapping(schedule_every=60)
    ada = signed_in("administrator")

    ada.post("/mappings/CUSTOMER/actions/", {"action": "pause", "next": URL})

    assert TableMapping.objects.get().paused
    page = ada.get(URL).content.decode()
    assert 'value="resume"' in page
    assert 'value="modified"' not in page


def test_a_viewer_looks() -> None:
    given.mapping(schedule_every=60)

    assert 'name="action"' not in signed_in("viewer").get(URL).content.decode()


def test_an_empty_installation_says_what_to_do() -> None:
    assert "Nothing runs by itself yet" in signed_in("viewer").get(URL).content.decode()


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow(count: int) -> None:
    for number in range(count):
        given.job(given.mapping(f"M{number}", schedule_every=60))
    carl = signed_in("viewer")
    carl.get(URL)

    with CaptureQueriesContext(connection) as queries:
        carl.get(URL)

    # of every page: session, user, permissions twice, the number of errors; mappings, their last jobs, jobs on hold
    assert len(queries) == 8
