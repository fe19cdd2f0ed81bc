"""The question before an undo, and what it takes to answer it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from couplings.models import Coupling, SyncLogEntry
from jobs.models import JobState, Kind, SyncJob
from tests import given

pytestmark = pytest.mark.django_db

PHONE = '{"right": {"telephone": ["1", "2"]}}'
NEW = '{"right": {"name": [null, "Adatum"], "telephone": [null, "2"]}}'


@pytest.fixture
def omar() -> Client:
    return given.signed_in(given.person("omar", "operator"))


def logged(job: SyncJob, coupling: Coupling | None, outcome: str = "modified", **values: Any) -> SyncLogEntry:
    keys = {"left_key": "10001", "right_key": "a-1"}
    return SyncLogEntry.objects.create(
        job=job.pk,
        mapping=job.mapping,
        coupling=coupling.pk if coupling is not None else None,
        outcome=outcome,
        at=timezone.now(),
        **{**keys, "changes": PHONE, **values},
    )


def undos() -> list[SyncJob]:
    return list(SyncJob.objects.filter(kind=Kind.UNDO))


def test_a_job_offers_undo_and_says_what_will_happen_where(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=4, modified=2, inserted=1, deleted=1)
    first, second = given.coupling(mapping, 1), given.coupling(mapping, 2)
    logged(job, first)
    logged(job, second)
    logged(job, given.coupling(mapping, 3), "inserted", changes=NEW)
    later = given.job(mapping, read=1, modified=1)
    logged(later, second)

    assert f'href="/jobs/{job.pk}/undo/"' in ada.get(f"/jobs/{job.pk}/").content.decode()
    page = " ".join(ada.get(f"/jobs/{job.pk}/undo/").content.decode().split())

    assert "<strong>1</strong> record in <strong>CRM</strong> gets back the values it had." in page
    assert "<strong>1</strong> record that was created in <strong>CRM</strong> will be deleted there" in page
    assert "1 record was synchronized again or undone since" in page
    assert "ERP</strong>" not in page
    assert undos() == []

    answer = ada.post(f"/jobs/{job.pk}/undo/", follow=True)
    (undo,) = undos()
    assert (undo.state, undo.parameters) == (JobState.QUEUED, {"undoes": ["job", job.pk]})
    assert answer.redirect_chain[-1][0] == f"/jobs/{undo.pk}/"
    assert f"Job {undo.pk} undoes it." in answer.content.decode()


def test_a_second_click_is_told(ada: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=1, modified=1)
    logged(job, given.coupling(mapping, 1))
    ada.post(f"/jobs/{job.pk}/undo/")

    again = ada.post(f"/jobs/{job.pk}/undo/", follow=True)

    assert len(undos()) == 1
    assert "This is being undone already." in again.content.decode()


def test_a_record_offers_undo_of_its_newest_entry_only(ada: Client) -> None:
    mapping = given.mapping()
    pair = given.coupling(mapping, 1)
    old = logged(given.job(mapping, modified=1), pair)
    new = logged(given.job(mapping, modified=1), pair)
    refused = logged(given.job(mapping, failed=1), pair, "failed", changes="{}")

    page = ada.get(f"/couplings/{pair.pk}/").content.decode()

    assert f'href="/log/{new.pk}/undo/"' in page
    assert f"/log/{old.pk}/undo/" not in page
    assert f"/log/{refused.pk}/undo/" not in page
    assert "Undo what was done to the record 10001?" in ada.get(f"/log/{new.pk}/undo/").content.decode()
    late = ada.post(f"/log/{old.pk}/undo/", follow=True)
    assert f"was synchronized again by job {new.job}. Undo that first." in late.content.decode()
    assert late.redirect_chain[-1][0] == f"/couplings/{pair.pk}/"
    assert undos() == []


def test_undoing_creates_deletes_records_which_is_a_grant_of_its_own(ada: Client, omar: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=1, inserted=1)
    entry = logged(job, given.coupling(mapping, 1), "inserted", changes=NEW)
    for url in (f"/jobs/{job.pk}/undo/", f"/log/{entry.pk}/undo/"):
        assert omar.post(url).status_code == omar.get(url).status_code == 403
        assert ada.get(url).status_code == 200
    assert undos() == []


def test_an_operator_undoes_updates_and_a_viewer_nothing(omar: Client) -> None:
    mapping = given.mapping()
    job = given.job(mapping, read=1, modified=1)
    logged(job, given.coupling(mapping, 1))
    carl = given.signed_in(given.person("carl", "viewer"))

    assert carl.post(f"/jobs/{job.pk}/undo/").status_code == 403
    assert f"/jobs/{job.pk}/undo/" not in carl.get(f"/jobs/{job.pk}/").content.decode()
    omar.post(f"/jobs/{job.pk}/undo/")
    assert len(undos()) == 1


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.PAUSED])
def test_a_job_that_goes_on_is_not_undone(ada: Client, state: JobState) -> None:
    lease = {"lease_until": timezone.now()} if state == JobState.RUNNING else {}
    mapping = given.mapping()
    job = given.job(mapping, state=state, modified=1, **lease)
    logged(job, given.coupling(mapping, 1))

    assert f"/jobs/{job.pk}/undo/" not in ada.get(f"/jobs/{job.pk}/").content.decode()
    assert "has not ended yet" in ada.post(f"/jobs/{job.pk}/undo/", follow=True).content.decode()
    assert undos() == []


def test_a_paused_mapping_keeps_its_records_as_they_are(ada: Client) -> None:
    mapping = given.mapping(paused=True)
    job = given.job(mapping, modified=1)
    logged(job, given.coupling(mapping, 1))

    assert "is paused" in ada.post(f"/jobs/{job.pk}/undo/", follow=True).content.decode()
    assert undos() == []


def test_what_does_not_exist_is_not_undone(ada: Client) -> None:
    assert ada.post("/jobs/99999/undo/").status_code == ada.post("/log/99999/undo/").status_code == 404
