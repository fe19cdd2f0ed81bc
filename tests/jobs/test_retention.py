"""What goes when it is old, and what stays however old it is (SCENARIOS T25)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import BulkRequest, MappingDraft, SyncError, SyncLogEntry, TableMapping
from couplings.models.error import State
from jobs import retention, tasks
from jobs.models import JobState, Kind, PlannedChange, Slot, SyncJob, Total, Trigger
from jobs.services import drafts
from tests import given
from tests.faults import processes
from tests.jobs.command_line import run

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def month(settings: Any) -> None:
    """Everything is kept for a month."""
    settings.KEEP_LOG = settings.KEEP_JOBS = settings.KEEP_RESOLVED_ERRORS = settings.KEEP_PLANS = 30 * DAY


@pytest.fixture
def mapping() -> TableMapping:
    return given.mapping()


def job(mapping: TableMapping, age: int, **values: Any) -> SyncJob:
    """A job that ended ``age`` days ago."""
    found = {"state": JobState.FINISHED, "kind": Kind.RECORDS, "trigger": Trigger.MANUAL} | values
    at = timezone.now() - age * DAY
    made = SyncJob.objects.create(mapping=mapping, started=at, finished=at + timedelta(seconds=7), **found)
    SyncJob.objects.filter(pk=made.pk).update(created=at)
    return made


def entry(mapping: TableMapping, age: int, left: str | None, right: str | None = None, job: int = 0) -> SyncLogEntry:
    at = timezone.now() - age * DAY
    return SyncLogEntry.objects.create(
        mapping=mapping, job=job, left_key=left, right_key=right, outcome="modified", at=at
    )


def left(table: type) -> set[int]:
    return set(table.objects.values_list("pk", flat=True))  # type: ignore[attr-defined]


def test_old_log_entries_go_but_not_those_of_open_errors_and_of_jobs_that_go_on(mapping: TableMapping) -> None:
    given.error(mapping, 1)  # of the record 10001 and its partner a-1
    given.error(mapping, 2, state=State.RESOLVED, resolved_at=timezone.now())
    given.error(mapping, 3, left_key=None, coupling=None)
    other = given.mapping("ITEM")
    on_hold = job(mapping, 90)
    SyncJob.objects.filter(pk=on_hold.pk).update(state=JobState.PAUSED, finished=None)
    stay = [
        entry(mapping, 90, "10001", "a-1"),
        entry(mapping, 90, "10001"),
        entry(mapping, 90, None, "a-3"),
        entry(mapping, 90, "10009", job=on_hold.pk),
        entry(mapping, 29, "10009"),
    ]
    entry(mapping, 31, "10002", "a-2")
    entry(mapping, 31, "10009")
    entry(other, 90, "10001", "a-1")

    assert retention.prune()["log_entries"] == 3

    assert left(SyncLogEntry) == {kept.pk for kept in stay}


def test_old_jobs_go_but_not_those_that_somebody_needs(mapping: TableMapping) -> None:
    named, going_on, recent, gone = job(mapping, 90), job(mapping, 90), job(mapping, 3), job(mapping, 31)
    SyncJob.objects.filter(pk=going_on.pk).update(state=JobState.QUEUED, finished=None)
    last, last_of_other = job(mapping, 80), job(given.mapping("ITEM"), 90)
    given.error(mapping, 1, job=named.pk)
    given.error(mapping, 2, job=gone.pk, state=State.RESOLVED, resolved_at=timezone.now())

    assert retention.prune()["jobs"] == 1

    assert left(SyncJob) == {kept.pk for kept in (named, going_on, recent, last, last_of_other)}


def test_errors_go_when_they_have_been_resolved_for_long(mapping: TableMapping) -> None:
    now = timezone.now()
    years = {"first_seen": now - 900 * DAY, "last_seen": now - 800 * DAY}
    still_open = given.error(mapping, 1, **years)
    lately = given.error(mapping, 2, **years, state=State.RESOLVED, resolved_at=now - DAY)
    given.error(mapping, 3, **years, state=State.RESOLVED, resolved_at=now - 31 * DAY)

    assert retention.prune()["resolved_errors"] == 1

    assert left(SyncError) == {still_open.pk, lately.pk}
    still_open.refresh_from_db()
    assert still_open.code == "conflict"


def test_everything_old_is_reached_in_small_batches(mapping: TableMapping, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of two jobs that wrote at once mix, and a batch that keeps everything is not the last."""
    monkeypatch.setattr(retention, "BATCH", 3)
    given.error(mapping, 1)
    for _ in range(4):
        entry(mapping, 90, "10001", "a-1")
    for age in (90, 90, 29, 31, 28, 90, 90):
        entry(mapping, age, "10009")
    for _ in range(7):
        entry(mapping, 1, "10009")

    assert retention.prune()["log_entries"] == 5

    assert SyncLogEntry.objects.count() == 4 + 2 + 7


def test_a_walk_over_young_rows_ends_at_once(
    mapping: TableMapping, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    with CaptureQueriesContext(connection) as none:
        retention.prune()
    for _ in range(30):
        entry(mapping, 1, "10009")
    with django_assert_num_queries(len(none)):
        retention.prune()


def test_drafts_go_when_nobody_has_touched_them_for_long(settings: Any) -> None:
    settings.KEEP_DRAFTS = 30 * DAY
    ada, berta = given.person("ada", "administrator"), given.person("berta", "administrator")
    draft = drafts.keep(ada, drafts.Draft("CUSTOMER", {}), {"direction": "bidirectional"})
    drafts.keep(berta, draft, draft.data)
    drafts.keep(ada, drafts.Draft("ITEM", {}), {})
    MappingDraft.objects.update(updated=timezone.now() - 31 * DAY)
    MappingDraft.objects.filter(name="ITEM").update(updated=timezone.now() - 29 * DAY)
    drafts.keep(ada, draft, {"direction": "left_to_right"})  # touched again

    assert retention.prune(dry_run=True)["drafts"] == 1
    assert retention.prune()["drafts"] == 1

    assert sorted(MappingDraft.objects.values_list("owner__username", "name")) == [("ada", "CUSTOMER"), ("ada", "ITEM")]
    settings.KEEP_DRAFTS = None
    MappingDraft.objects.update(updated=timezone.now() - 999 * DAY)
    assert retention.prune()["drafts"] == 0


def test_plans_are_discarded_when_nobody_applies_them(mapping: TableMapping) -> None:
    fresh, old, applied = (job(mapping, age, kind=Kind.PREVIEW) for age in (29, 31, 90))
    gone = job(mapping, 90, kind=Kind.PREVIEW)
    SyncJob.objects.filter(pk__in=[fresh.pk, old.pk]).update(state=JobState.PLANNED)
    job(mapping, 1)
    SyncJob.objects.create(
        mapping=mapping, kind=Kind.APPLY, trigger=Trigger.MANUAL, state=JobState.PAUSED, parameters={"plan": applied.pk}
    )
    for plan in (fresh, old, applied, gone):
        PlannedChange.objects.create(mapping=mapping, job=plan.pk, outcome="deleted", at=plan.started)

    pruned = retention.prune()

    assert (pruned["plans"], pruned["jobs"], pruned["planned_changes"]) == (1, 1, 2)
    assert set(PlannedChange.objects.values_list("job", flat=True)) == {fresh.pk, applied.pk}
    old.refresh_from_db()
    assert (old.state, old.code) == (JobState.CANCELLED, "plan_discarded")


def test_nothing_goes_where_the_setting_is_for_ever(mapping: TableMapping, settings: Any) -> None:
    settings.KEEP_LOG = settings.KEEP_JOBS = settings.KEEP_RESOLVED_ERRORS = settings.KEEP_PLANS = None
    entry(mapping, 9_000, "10009")
    job(mapping, 9_000)
    job(mapping, 9_000)

    assert set(retention.prune().values()) == {0}

    assert (SyncLogEntry.objects.count(), SyncJob.objects.count()) == (1, 2)


def test_the_totals_keep_what_jobs_that_went_had_done(mapping: TableMapping) -> None:
    job(mapping, 90, modified=5)
    job(mapping, 90, modified=2)

    for _ in range(2):
        retention.prune()

    assert SyncJob.objects.count() == 1
    totals = dict(Total.objects.filter(mapping=mapping, state="finished").values_list("name", "value"))
    assert (totals["jobs"], totals["modified"], totals["seconds"]) == (2, 7, 14)
    assert (totals.get("within_5"), totals["within_15"]) == (None, 2)


def test_the_command_says_what_would_go_and_then_what_went(mapping: TableMapping) -> None:
    entry(mapping, 90, "10009")
    would = run("prune", "--dry-run", "--json").object
    assert would == dict.fromkeys(retention.kept(), 0) | {"planned_changes": 0, "log_entries": 1, "dry_run": True}
    assert SyncLogEntry.objects.count() == 1
    assert "Leave out --dry-run" in run("prune", "--dry-run").said

    said = run("prune").said

    assert re.search(r"log_entries +30d +1", said)
    assert not SyncLogEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_each_day_has_one_slot(mapping: TableMapping) -> None:
    """Two beats ring, and a bell may ring twice."""
    assert not retention.is_due(), "the first slot comes a day after the installation"
    Slot.objects.update(next_run=timezone.now() - 3 * DAY)
    entry(mapping, 90, "10009")
    with processes.empty_broker() as broker:
        tasks.ring_due()
        assert processes.bells(broker) == 1

    tasks.prune()

    assert not SyncLogEntry.objects.exists()
    assert not retention.is_due()
    entry(mapping, 90, "10009")
    tasks.prune()
    assert SyncLogEntry.objects.count() == 1, "the day's slot is taken"


def test_actions_that_nobody_watches_any_more_go(mapping: TableMapping) -> None:
    now = timezone.now()
    for age in (1, 6, 8, 30):
        BulkRequest.objects.create(request="retry", requested_at=now - age * DAY, asked=2)

    assert retention.prune()["bulk_requests"] == 2
    assert BulkRequest.objects.filter(requested_at__gt=now - 7 * DAY).count() == 2


def test_an_error_goes_with_its_history(mapping: TableMapping) -> None:
    long_ago = timezone.now() - 60 * DAY
    error = given.error(mapping, 1, first_seen=long_ago, state=State.RESOLVED, resolved_at=long_ago)
    error.notes.create(kind="comment", text="asked the customer", at=long_ago)

    retention.prune()

    assert not SyncError.objects.exists()
