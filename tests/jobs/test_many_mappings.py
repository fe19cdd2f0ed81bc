"""One click over errors of many mappings: a job for each, with few statements and one bell."""

from collections.abc import Iterator

import pytest
import redis
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from couplings.models import BulkRequest, ErrorRequest, SyncError, TableMapping
from jobs import tasks
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.services import actions, jobs
from jobs.services.actions import MoreThanConfirmed
from tests import given
from tests.faults import processes
from tests.faults.processes import bells
from tests.sessions import PATIENCE, Elsewhere

OPEN = SyncError.objects.open


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with processes.empty_broker() as client:
        yield client


def errors_in(count: int) -> list[TableMapping]:
    mappings = [given.mapping(f"TABLE_{number:02}") for number in range(count)]
    for number, mapping in enumerate(mappings):
        given.error(mapping, number)
    return mappings


@pytest.mark.django_db
@pytest.mark.parametrize("count", [2, 12])
def test_the_number_of_statements_does_not_grow(count: int) -> None:
    errors_in(count)

    with CaptureQueriesContext(connection) as queries:
        done = actions.request(OPEN(), "retry", user=None)

    assert (done.accepted, len(done.jobs)) == (count, count)
    # what fits, the wishes, their progress, the mappings, their waiting jobs, the new ones, and two savepoints
    assert len(queries) <= 10


@pytest.mark.django_db
def test_each_mapping_gets_the_job_that_waits_already_or_a_new_one() -> None:
    waiting, fresh, paused, off = errors_in(4)
    ada = given.person("ada", "operator")
    known = SyncJob.objects.create(mapping=waiting, kind=Kind.RETRY, trigger=Trigger.RETRY)
    TableMapping.objects.filter(pk=paused.pk).update(paused=True)
    TableMapping.objects.filter(pk=off.pk).update(enabled=False)

    done = actions.request(OPEN(), "retry", user=ada)

    assert (done.accepted, done.refused) == (4, {"mapping_paused": 1, "mapping_disabled": 1})
    assert ErrorRequest.objects.count() == 4, "the wish stays until the mapping runs again"
    assert known in done.jobs
    (made,) = SyncJob.objects.exclude(pk=known.pk)
    assert (made.mapping, made.kind, made.trigger, made.requested_by) == (fresh, Kind.RETRY, Trigger.MANUAL, ada)
    assert {job.pk for job in done.jobs} == {known.pk, made.pk}


@pytest.mark.django_db(transaction=True)
def test_what_somebody_starts_in_this_moment_is_found(elsewhere: Elsewhere) -> None:
    one, two = errors_in(2)
    with transaction.atomic():
        known = SyncJob.objects.create(mapping=one, kind=Kind.RETRY, trigger=Trigger.MANUAL)
        starting = elsewhere(lambda: jobs.start_each([one, two], Kind.RETRY, user=None))

    started, refused = starting.result(PATIENCE)
    assert refused == []
    assert [job.mapping for job in started] == [one, two]
    assert known in started
    assert SyncJob.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_mapping_that_is_deleted_in_this_moment_is_refused(elsewhere: Elsewhere) -> None:
    one, two = errors_in(2)
    with transaction.atomic():
        TableMapping.objects.filter(pk=one.pk).delete()
        starting = elsewhere(lambda: jobs.start_each([one, two], Kind.RETRY, user=None))

    started, refused = starting.result(PATIENCE)
    assert [job.mapping for job in started] == [two]
    assert [no.code for no in refused] == ["mapping_deleted"]


@pytest.mark.django_db
def test_jobs_that_look_for_deleted_records_are_new_each_time() -> None:
    mappings = errors_in(2)
    first = actions.find_deleted(mappings, user=None)
    second = actions.find_deleted(mappings, user=None)
    assert len({job.pk for job in (*first, *second)}) == 4


@pytest.mark.django_db
def test_more_than_was_confirmed_is_not_asked_for() -> None:
    errors_in(3)

    with pytest.raises(MoreThanConfirmed):
        actions.request(OPEN(), "retry", user=None, at_most=2)

    assert not ErrorRequest.objects.exists()
    assert not BulkRequest.objects.exists()
    assert not SyncJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_bell_rings_for_all_and_then_for_each(broker: redis.Redis) -> None:
    errors_in(5)
    done = actions.request(OPEN(), "retry", user=None)
    assert bells(broker) == 1

    tasks.ring_all([job.pk for job in done.jobs])

    assert bells(broker) == 6
    assert set(SyncJob.objects.values_list("state", flat=True)) == {JobState.QUEUED}
