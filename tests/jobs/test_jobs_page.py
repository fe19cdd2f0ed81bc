from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import SyncLogEntry
from jobs.models import JobState, Kind, SyncJob
from tests import given

URL = "/jobs/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return given.signed_in(given.person("ada", "administrator"))


def listed(client: Client, **query: str) -> list[int]:
    return [row.record.pk for row in client.get(URL, query).context["table"].rows]


def logged(job: SyncJob, outcome: str, **values: Any) -> SyncLogEntry:
    common = {"left_key": "10000", "right_key": "a-1", "at": timezone.now()}
    return SyncLogEntry.objects.create(job=job.pk, mapping=job.mapping, outcome=outcome, **{**common, **values})


def test_it_lists_the_newest_first_with_what_they_did(ada: Client) -> None:
    mapping = given.mapping()
    first = given.job(mapping, read=1234567, modified=3, failed=2, unchanged=1234562)
    second = given.job(mapping, kind=Kind.FULL, state=JobState.FAILED, code="unreachable")

    page = ada.get(URL).content.decode()

    assert listed(ada) == [second.pk, first.pk]
    assert "3 Modified, 1,234,562 Unchanged, 2 Failed" in page
    assert "1,234,567" in page
    assert "Run Full Synchronization" in page


def test_filters(ada: Client) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    one, two = given.job(customer), given.job(item, kind=Kind.FULL, state=JobState.FAILED)

    assert listed(ada, mapping="CUSTOMER") == [one.pk]
    assert listed(ada, kind="full") == [two.pk]
    assert listed(ada, state="failed", since="day") == [two.pk]
    assert listed(ada, state="exploded") == []


def test_one_jobs_counters_lead_to_its_log(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=10, modified=1, failed=1, unchanged=8, left_written=1)
    logged(job, "modified", changes='{"left": {"phone": ["1", "2"]}}')
    logged(job, "failed", code="value_too_long", params='{"side": "CRM", "fields": ["name"]}')
    url = f"{URL}{job.pk}/"

    page = ada.get(url).content.decode()

    assert 'href="?outcome=failed"' in page
    assert 'href="?outcome=unchanged"' not in page
    assert "1 record written in ERP" in page
    assert "CRM refused the 10000 record: name is too long." in page
    assert "phone: <del>1</del>" in page
    assert "do not add up" not in page
    failed = ada.get(url, {"outcome": "failed"}).context["entries"]
    assert [entry.outcome for entry in failed] == ["failed"]


def test_a_job_that_does_not_add_up_says_so(ada: Client) -> None:
    job = given.job(given.mapping(), read=10, modified=1)

    assert "do not add up" in ada.get(f"{URL}{job.pk}/").content.decode()


def test_a_failed_job_says_why_with_the_systems_name(ada: Client) -> None:
    job = given.job(given.mapping(), state=JobState.FAILED, code="unreachable", params={"connection": "CRM"})

    assert "CRM could not be reached" in ada.get(f"{URL}{job.pk}/").content.decode()


def test_cancel(ada: Client) -> None:
    job = given.job(given.mapping(), state=JobState.QUEUED, started=None, finished=None)
    assert "Cancel the job" in ada.get(f"{URL}{job.pk}/").content.decode()

    response = ada.post(f"{URL}{job.pk}/cancel/", follow=True)

    assert "The job is being cancelled" in response.content.decode()
    assert "Cancel the job" not in response.content.decode()
    assert "had already ended" in ada.post(f"{URL}{job.pk}/cancel/", follow=True).content.decode()


def test_a_viewer_cancels_nothing() -> None:
    job = given.job(given.mapping(), state=JobState.QUEUED, started=None, finished=None)
    carl = given.signed_in(given.person("carl", "viewer"))

    assert "Cancel the job" not in carl.get(f"{URL}{job.pk}/").content.decode()
    assert carl.post(f"{URL}{job.pk}/cancel/").status_code == 403
    assert carl.get(f"{URL}{job.pk}/cancel/")["Location"] == f"{URL}{job.pk}/"


def test_its_log_is_paged(ada: Client) -> None:
    job = given.job(given.mapping(), read=120, modified=120)
    for number in range(120):
        logged(job, "modified", left_key=str(number))
    url, seen, query = f"{URL}{job.pk}/", [], {}

    while True:
        context = ada.get(url, query).context
        seen += [entry.left_key for entry in context["entries"]]
        if context["page"].next is None:
            break
        query = context["page"].next

    assert seen == [str(number) for number in range(120)]


@pytest.mark.parametrize("count", [2, 45])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mapping = given.mapping()
    for _number in range(count):
        given.job(mapping)
    ada.get(URL)

    with CaptureQueriesContext(connection) as queries:
        ada.get(URL)

    # session, user, the jobs, the mappings' names
    assert len(queries) == 4
