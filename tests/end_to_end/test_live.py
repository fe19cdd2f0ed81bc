"""A person who watches a job, in a real browser."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from jobs.models import JobState, SyncJob
from tests import given

pytestmark = pytest.mark.django_db(transaction=True)


def running() -> SyncJob:
    far = {"phase": "changed", "phase_done": 2500, "phase_expected": 10_000, "rate": 1250.0}
    state = {"state": JobState.RUNNING, "lease_until": timezone.now(), "finished": None}
    return given.job(given.mapping(), **state, **far)


def end(job: SyncJob) -> None:
    ended = {"state": JobState.FINISHED, "lease_until": None, "finished": timezone.now()}
    SyncJob.objects.filter(pk=job.pk).update(**ended, read=3, modified=3)


def stays(page: Page) -> None:
    """Marks the document: it is gone as soon as the page is loaded again."""
    page.evaluate("document.documentElement.dataset.loaded = 'once'")


def stayed(page: Page) -> bool:
    return page.evaluate("document.documentElement.dataset.loaded") == "once"


def test_a_job_is_followed_on_its_page_without_loading_it_again(open_page: Callable[..., Page]) -> None:
    job = running()
    page = open_page()
    page.goto(f"/jobs/{job.pk}/")
    stays(page)
    expect(page.locator("#live")).to_contain_text("2,500 of 10,000 records")
    page.get_by_role("button", name="Cancel the job").focus()

    SyncJob.objects.filter(pk=job.pk).update(phase_done=5100)
    expect(page.locator("#live")).to_contain_text("5,100 of 10,000 records")
    expect(page.locator("#said")).to_have_text("Comparing coupled records: 50 percent")
    expect(page.get_by_role("button", name="Cancel the job")).to_be_focused()

    end(job)
    expect(page.locator("#job-state")).to_have_text("Finished")
    expect(page.locator("#said")).to_have_text("Finished: 3 Modified")
    expect(page.get_by_role("link", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the job")).to_have_count(0)
    assert page.locator("#live").get_attribute("hx-get") is None
    assert stayed(page)


def test_the_list_follows_its_jobs(open_page: Callable[..., Page]) -> None:
    job = running()
    page = open_page("fr")
    page.goto("/jobs/")
    stays(page)

    SyncJob.objects.filter(pk=job.pk).update(phase_done=7500)
    expect(page.locator(f"#job-{job.pk}-state")).to_contain_text("7\u202f500/10\u202f000")
    end(job)
    expect(page.locator(f"#job-{job.pk}-state")).to_have_text("Terminé")
    expect(page.locator(f"#job-{job.pk}-outcomes")).to_contain_text("Modifié\u00a0: 3")
    assert stayed(page)


def test_without_scripts_the_page_can_be_loaded_again(open_page: Callable[..., Page]) -> None:
    job = running()
    page = open_page(scripts=False)
    page.goto(f"/jobs/{job.pk}/")

    SyncJob.objects.filter(pk=job.pk).update(phase_done=5100)
    page.get_by_role("link", name="Load this page again").click()

    expect(page.locator("#live")).to_contain_text("5,100 of 10,000 records")
