"""What a job's page and the list of jobs ask for while somebody looks at them."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import SyncLogEntry
from jobs.models import JobState, SyncJob
from tests import given

HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


def running(**values: Any) -> SyncJob:
    far = {"phase": "changed", "phase_done": 2500, "phase_expected": 10_000, "rate": 1250.0}
    state = {"state": JobState.RUNNING, "lease_until": timezone.now(), "finished": None}
    return given.job(given.mapping(), **(state | far | values))


def advance(job: SyncJob, **values: Any) -> None:
    SyncJob.objects.filter(pk=job.pk).update(**values)


def end(job: SyncJob, **values: Any) -> None:
    advance(job, **{"state": JobState.FINISHED, "lease_until": None, "finished": timezone.now(), **values})


def asked_next(page: str) -> str | None:
    """What a page asks for next; None when it asks no more."""
    found = re.search(r'id="(?:live|poll)"[^>]* hx-get="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def look(client: Client, url: str) -> str:
    return client.get(url, headers=HTMX).content.decode()


def test_a_running_job_is_followed_until_it_ends(ada: Client) -> None:
    job = running()
    url = asked_next(ada.get(f"/jobs/{job.pk}/").content.decode())
    assert url is not None

    advance(job, phase_done=5000, read=5000, unchanged=5000)
    changes = look(ada, url)
    assert "5,000 of 10,000 records" in changes
    assert "<html" not in changes
    assert 'id="log"' not in changes

    url = asked_next(changes)
    assert url is not None
    end(job, read=10_000, unchanged=9_999, modified=1)
    entry = {"left_key": "10000", "right_key": "a-1", "at": timezone.now()}
    SyncLogEntry.objects.create(job=job.pk, mapping=job.mapping, outcome="modified", **entry)
    changes = look(ada, url)
    assert asked_next(changes) is None
    assert '<section id="log" hx-swap-oob="true">' in changes
    assert "10000 ↔ a-1" in changes
    assert '<span id="job-state" hx-swap-oob="true"><span class="badge finished">' in changes


def test_each_tenth_is_announced_once(ada: Client) -> None:
    job = running()
    url = asked_next(ada.get(f"/jobs/{job.pk}/").content.decode()) or ""

    advance(job, phase_done=2700)
    assert 'id="said"' not in look(ada, url)
    advance(job, phase_done=3100)
    changes = look(ada, url)
    assert '<p id="said" hx-swap-oob="innerHTML">Comparing coupled records: 30 percent</p>' in changes
    assert 'id="said"' not in look(ada, asked_next(changes) or "")
    end(job, read=1, modified=1)
    assert "Finished: 1 Modified</p>" in look(ada, asked_next(changes) or "")


def test_buttons_stay_where_they_are_until_they_change(ada: Client) -> None:
    job = running()
    url = asked_next(ada.get(f"/jobs/{job.pk}/").content.decode()) or ""

    assert 'id="job-buttons"' not in look(ada, url)
    end(job, modified=1, read=1)
    changes = look(ada, url)
    assert '<div id="job-buttons" hx-swap-oob="true">' in changes
    assert f"/jobs/{job.pk}/undo/" in changes
    assert 'value="cancel"' not in changes


def test_the_end_shows_the_part_of_the_log_that_was_looked_at(ada: Client) -> None:
    job = running()
    for outcome in ("modified", "failed"):
        entry = {"outcome": outcome, "left_key": outcome, "at": timezone.now()}
        SyncLogEntry.objects.create(job=job.pk, mapping=job.mapping, **entry)
    url = asked_next(ada.get(f"/jobs/{job.pk}/", {"outcome": "failed"}).content.decode()) or ""
    end(job)

    changes = look(ada, url)

    assert "<strong>failed ↔ —</strong>" in changes
    assert "<strong>modified ↔ —</strong>" not in changes


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.PLANNED, JobState.FINISHED, JobState.CANCELLED])
def test_what_waits_for_a_person_or_is_over_is_not_asked_for(ada: Client, state: JobState) -> None:
    job = given.job(given.mapping(), state=state)

    assert asked_next(ada.get(f"/jobs/{job.pk}/").content.decode()) is None
    assert asked_next(ada.get("/jobs/").content.decode()) is None


def test_a_job_that_is_gone_ends_the_asking_and_leaves_the_page_as_it_is(ada: Client) -> None:
    answer = ada.get("/jobs/4711/live/", headers=HTMX)

    assert (answer.status_code, answer["HX-Reswap"]) == (286, "none")


def test_the_rows_of_the_list_follow_their_jobs(ada: Client) -> None:
    job = running()
    given.job(job.mapping)
    url = asked_next(ada.get("/jobs/", {"trigger": "schedule"}).content.decode())
    assert url is not None
    assert SyncJob.objects.count() == 2
    assert url.count("job=") == 1

    advance(job, phase_done=7500)
    changes = look(ada, url)
    assert "7,500/10,000" in changes
    assert f'id="job-{job.pk}-state" hx-swap-oob="true"' in changes
    assert 'name="next" value="/jobs/?trigger=schedule"' in changes

    url = asked_next(changes)
    assert url is not None
    end(job, read=3, modified=3)
    changes = look(ada, url)
    assert "3 Modified</a>" in changes
    assert asked_next(changes) is None


def test_a_viewer_sees_progress_and_no_buttons() -> None:
    job = running()
    carl = given.signed_in(given.person("carl", "viewer"))
    advance(job, asked="cancel")

    for page in ("/jobs/", f"/jobs/{job.pk}/"):
        changes = look(carl, asked_next(carl.get(page).content.decode()) or "")
        assert "10,000" in changes
        assert 'name="action"' not in changes


def test_who_is_signed_out_meanwhile_is_led_to_the_sign_in_page(ada: Client) -> None:
    job = running()
    ada.logout()

    for url in (f"/jobs/{job.pk}/live/", f"/jobs/live/?job={job.pk}"):
        assert ada.get(url, headers=HTMX)["HX-Refresh"] == "true"
        assert ada.get(url).status_code == 302


@pytest.mark.parametrize("text", ["x", "-1", "9" * 30, ""])
def test_what_is_no_job_is_passed_over(ada: Client, text: str) -> None:
    assert ada.get("/jobs/live/", {"job": text}, headers=HTMX).status_code == 200


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mapping = given.mapping()
    jobs = [given.job(mapping) for _number in range(count)]
    query = {"job": [job.pk for job in jobs]}
    ada.get("/jobs/live/", query)

    with CaptureQueriesContext(connection) as queries:
        ada.get("/jobs/live/", query)

    # session, user, the jobs
    assert len(queries) == 3
