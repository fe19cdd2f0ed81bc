"""A preview on its pages: asked for on the mapping's, read and applied or discarded on the job's."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import JobState, Kind, PlannedChange, SyncJob
from tests import given

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan() -> SyncJob:
    job = given.job(given.mapping(), kind=Kind.PREVIEW, state=JobState.PLANNED, read=3, modified=1, deleted=1, failed=1)
    job.parameters = {"of": "modified"}
    job.save()
    planned(job, "modified", changes='{"right": {"telephone": ["1", "2"]}}')
    planned(job, "deleted", left_key="10001", deletes="right", changes='{"right": {"fullname": ["Adatum", null]}}')
    planned(job, "failed", left_key="10002", code="conflict", params='{"fields": ["phone"]}')
    return job


def planned(job: SyncJob, outcome: str, **values: Any) -> PlannedChange:
    common = {"left_key": "10000", "right_key": "a-1", "at": timezone.now(), "outcome": outcome}
    return PlannedChange.objects.create(job=job.pk, mapping=job.mapping, **{**common, **values})


def post(client: Client, job: SyncJob, action: str) -> list[str]:
    response = client.post(f"/jobs/{job.pk}/actions/", {"action": action}, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_the_mappings_page_asks_for_a_preview(ada: Client) -> None:
    mapping = given.mapping()
    assert 'value="preview"' in ada.get(f"/mappings/{mapping.name}/").content.decode()

    ada.post(f"/mappings/{mapping.name}/actions/", {"action": "preview"})

    job = SyncJob.objects.get()
    assert (job.kind, job.state, job.parameters) == (Kind.PREVIEW, JobState.QUEUED, {"of": "modified"})
    assert "Apply this plan" not in ada.get(f"/jobs/{job.pk}/").content.decode()


def test_the_jobs_page_lists_what_would_be_done(ada: Client, plan: SyncJob) -> None:
    page = ada.get(f"/jobs/{plan.pk}/").content.decode()

    assert "What would be done" in page
    assert "A preview writes nothing." in page
    assert "telephone: <del>1</del>" in page
    assert "1 field to be written" in page
    assert "both values have changed since the last synchronization" in page
    deleted = ada.get(f"/jobs/{plan.pk}/", {"outcome": "deleted"}).context["entries"]
    assert [entry.left_key for entry in deleted] == ["10001"]


def test_it_is_paged(ada: Client, plan: SyncJob) -> None:
    for number in range(120):
        planned(plan, "inserted", left_key=str(20_000 + number), right_key=None)
    seen, query = [], {"outcome": "inserted"}
    while True:
        context = ada.get(f"/jobs/{plan.pk}/", query).context
        seen += [entry.left_key for entry in context["entries"]]
        if context["page"].next is None:
            break
        query = {"outcome": "inserted", **context["page"].next}
    assert seen == [str(20_000 + number) for number in range(120)]


def test_apply(ada: Client, plan: SyncJob) -> None:
    assert "Apply this plan" in ada.get(f"/jobs/{plan.pk}/").content.decode()

    said = post(ada, plan, "apply")

    job = SyncJob.objects.get(kind=Kind.APPLY)
    assert said == [f"Job {job.pk} carries out the plan, each record checked again."]
    assert (job.state, job.parameters) == (JobState.QUEUED, {"of": "modified", "plan": plan.pk})
    page = ada.get(f"/jobs/{plan.pk}/").content.decode()
    assert f"The plan was applied by job {job.pk}. ada" in page
    assert "Apply this plan" not in page


def test_a_second_person_is_told(ada: Client, plan: SyncJob) -> None:
    post(ada, plan, "apply")
    job = SyncJob.objects.get(kind=Kind.APPLY)
    berta = given.signed_in(given.person("berta", "operator"))
    for action in ("apply", "discard"):
        assert post(berta, plan, action) == [f"The plan was applied by job {job.pk}. ada"]
    assert SyncJob.objects.filter(kind=Kind.APPLY).count() == 1


def test_discard(ada: Client, plan: SyncJob) -> None:
    assert post(ada, plan, "discard") == [f"The plan of job {plan.pk} is discarded."]
    plan.refresh_from_db()
    assert plan.state == JobState.CANCELLED
    assert not PlannedChange.objects.exists()
    assert post(ada, plan, "apply") == ["The plan was discarded. ada"]


def test_a_plan_of_a_paused_mapping_waits(ada: Client, plan: SyncJob) -> None:
    type(plan.mapping).objects.update(paused=True)
    assert post(ada, plan, "apply") == ["The mapping CUSTOMER is paused. Resume it first; nothing was started."]
    plan.refresh_from_db()
    assert plan.state == JobState.PLANNED


def test_a_viewer_looks_and_applies_nothing(plan: SyncJob) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))
    assert "Apply this plan" not in carl.get(f"/jobs/{plan.pk}/").content.decode()
    assert carl.post(f"/jobs/{plan.pk}/actions/", {"action": "apply"}).status_code == 403


def test_an_ordinary_job_has_no_plan(ada: Client) -> None:
    job = given.job(given.mapping())
    assert post(ada, job, "apply") == [f"Job {job.pk} has no plan that could be applied."]
