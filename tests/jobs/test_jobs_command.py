"""``manage.py jobs`` and ``manage.py mappings``."""

from datetime import timedelta

import pytest
from django.utils import timezone

from couplings.models import SyncLogEntry, TableMapping
from jobs.models import JobState, Kind, SyncJob
from tests import given
from tests.jobs.command_line import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> TableMapping:
    return given.mapping()


def waiting(mapping: TableMapping, kind: Kind = Kind.FULL) -> SyncJob:
    return given.job(mapping, kind=kind, state=JobState.QUEUED, started=None, finished=None)


def running(mapping: TableMapping, **values: object) -> SyncJob:
    lease = timezone.now() + timedelta(minutes=1)
    return given.job(mapping, state=JobState.RUNNING, lease_until=lease, finished=None, **values)


def test_jobs_are_listed_newest_first_and_filtered(mapping: TableMapping) -> None:
    done = given.job(mapping, read=3, modified=1, unchanged=2)
    other = given.job(given.mapping("ITEM"), state=JobState.FAILED, code="unreachable", params={"connection": "CRM"})

    found = run("jobs", "list", "--json").objects
    assert [row["id"] for row in found] == [other.pk, done.pk]
    assert found[0]["message"].startswith("CRM could not be reached")
    assert {name: found[1][name] for name in ("mapping", "read", "modified", "unchanged", "failed")} == {
        "mapping": "CUSTOMER",
        "read": 3,
        "modified": 1,
        "unchanged": 2,
        "failed": 0,
    }
    assert run("jobs", "list", "--mapping", "customer", "--json").object["id"] == done.pk
    assert run("jobs", "list", "--state", "failed", "--json").object["id"] == other.pk
    assert run("jobs", "list", "--limit", 1, "--json").object["id"] == other.pk
    assert "1 Modified, 2 Unchanged" in run("jobs", "list").said


def test_a_running_job_tells_how_far_it_is(mapping: TableMapping) -> None:
    job = running(mapping, phase="changed", phase_done=250, phase_expected=1000, rate=50.0)
    shown = run("jobs", "show", job.pk, "--json").object
    assert [shown[name] for name in ("phase", "done", "expected", "rate", "remaining")] == [
        "changed",
        250,
        1000,
        50,
        15,
    ]
    said = run("jobs", "show", job.pk).said
    assert "comparing coupled records: 250/1,000 · 50 records/s · about 15 s left in this step" in said
    assert "250/1,000" in run("jobs", "list").said


def test_nothing_is_foretold_of_a_job_on_hold(mapping: TableMapping) -> None:
    given.job(mapping, state=JobState.PAUSED, phase="changed", phase_done=250, phase_expected=1000, rate=50.0)
    shown = run("jobs", "list", "--json").object
    assert (shown["done"], shown["expected"], shown["rate"], shown["remaining"]) == (250, 1000, None, None)


def test_what_a_job_did_to_each_record(mapping: TableMapping) -> None:
    job = given.job(mapping, read=3, modified=1, failed=1, waiting=1)
    common = {"job": job.pk, "mapping": mapping, "at": timezone.now()}
    changes = '{"right": {"telephone": ["1", "2"]}}'
    SyncLogEntry.objects.create(**common, outcome="modified", left_key="1", right_key="a", coupling=7, changes=changes)
    params = '{"side": "CRM", "fields": ["name"]}'
    SyncLogEntry.objects.create(**common, outcome="failed", left_key="2", code="value_too_long", params=params)

    failed, modified = run("jobs", "show", job.pk, "--records", "--json").objects
    assert (failed["outcome"], failed["left_key"], failed["right_key"]) == ("failed", "2", "")
    assert failed["message"] == "CRM refused the 2 record: name is too long."
    assert modified["changes"] == [{"side": "CRM", "field": "telephone", "old": "1", "new": "2"}]
    assert (modified["job"], modified["coupling"]) == (job.pk, 7)
    assert run("jobs", "show", job.pk, "--outcome", "modified", "--json").object == modified
    assert "1 <-> a  CRM telephone: '1' -> '2'" in run("jobs", "show", job.pk, "--records").said

    elsewhere = run("jobs", "show", job.pk, "--outcome", "waiting", "--json")
    assert (elsewhere.code, elsewhere.said) == (0, "")
    assert "manage.py errors list --mapping CUSTOMER" in elsewhere.complained


def test_pause_resume_and_cancel(mapping: TableMapping) -> None:
    job = waiting(mapping)
    paused = run("jobs", "pause", job.pk, "--json")
    assert paused.code == 0
    assert (paused.object["state"], paused.object["accepted"]) == ("paused", True)
    again = run("jobs", "pause", job.pk)
    assert (again.code, again.said) == (1, "")
    assert f"Job {job.pk} is on hold already" in again.complained
    assert run("jobs", "resume", job.pk, "--json").object["state"] == "queued"
    assert run("jobs", "cancel", job.pk, "--json").object["state"] == "cancelled"
    late = run("jobs", "resume", job.pk, "--json")
    assert (late.code, late.object["accepted"], late.object["state"]) == (1, False, "cancelled")


def test_a_running_job_is_asked(mapping: TableMapping) -> None:
    job = running(mapping)
    asked = run("jobs", "cancel", "--state", "running", "--json")
    assert asked.code == 0
    assert (asked.object["job"], asked.object["state"], asked.object["asked"]) == (job.pk, "running", "cancel")


def test_several_at_once_by_a_filter(mapping: TableMapping) -> None:
    jobs = [waiting(mapping), waiting(mapping, Kind.MATCH)]
    other = waiting(given.mapping("ITEM"))
    done = run("jobs", "cancel", "--mapping", "CUSTOMER", "--state", "queued", "--json")
    assert [row["job"] for row in done.objects] == [job.pk for job in jobs]
    other.refresh_from_db()
    assert other.state == JobState.QUEUED


@pytest.mark.parametrize("command", [("pause",), ("show",), ("cancel", "4711"), ("pause", "--mapping", "GONE")])
def test_wrong_usage_changes_nothing(mapping: TableMapping, command: tuple[str, ...]) -> None:
    job = waiting(mapping)
    assert run("jobs", *command).code == 2
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_mappings_are_listed_paused_and_resumed(mapping: TableMapping) -> None:
    given.mapping("ITEM", enabled=False)
    assert {row["mapping"]: row["state"] for row in run("mappings", "list", "--json").objects} == {
        "CUSTOMER": "ready",
        "ITEM": "disabled",
    }
    paused = run("mappings", "pause", "customer", "--json")
    assert (paused.code, paused.object["state"], paused.object["accepted"]) == (0, "paused", True)
    assert run("mappings", "pause", "CUSTOMER").code == 1
    assert "paused" in run("mappings", "list").said
    assert run("mappings", "resume", "CUSTOMER", "--json").object["state"] == "ready"
    again = run("mappings", "resume", "CUSTOMER")
    assert (again.code, again.said) == (1, "CUSTOMER: it was not paused\n")
    assert SyncJob.objects.count() == 1
    assert run("mappings", "pause").code == 2
    assert run("mappings", "pause", "GONE").code == 2
