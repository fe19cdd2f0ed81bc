"""How many errors are open is kept, not counted: it must be right whoever changes the errors, and however."""

from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from couplings import counts
from couplings.counts import Group
from couplings.models import ErrorCount, SyncError
from couplings.models.error import State
from couplings.store import counts as store
from tests import given

pytestmark = pytest.mark.django_db


def counted() -> dict[tuple[int, str, str, int], int]:
    """What the store would answer if it were asked to count."""
    found: dict[tuple[int, str, str, int], int] = {}
    for error in SyncError.objects.open():
        group = Group(error.mapping_id or 0, error.kind, error.state, error.assigned_to_id or 0)
        found[group] = found.get(group, 0) + 1
    return found


def test_they_follow_every_change_of_an_error() -> None:
    mapping, other = given.mapping(), given.mapping("ITEM")
    ada = User.objects.create_user("ada")
    errors = [given.error(mapping, number) for number in range(6)] + [given.deleted(other, 10)]
    assert counts.groups() == counted()

    SyncError.objects.filter(pk__in=[error.pk for error in errors[:3]]).update(state=State.RETRYING)
    SyncError.objects.filter(pk=errors[3].pk).update(kind="validation", code="required_empty")
    SyncError.objects.filter(pk=errors[4].pk).update(assigned_to=ada)
    assert counts.groups() == counted()
    assert counts.groups()[Group(mapping.pk, "conflict", "skipped", ada.pk)] == 1

    SyncError.objects.filter(pk=errors[0].pk).update(state=State.RESOLVED, resolved_at=timezone.now())
    errors[1].delete()
    assert counts.groups() == counted()
    assert sum(counts.groups().values()) == 5

    other.delete()
    assert counts.groups() == counted()
    assert counts.owners() == {(mapping.pk, 0)}


def test_an_error_that_opens_closed_or_is_only_asked_for_counts_nothing() -> None:
    mapping = given.mapping()
    given.error(mapping, 1, state=State.RESOLVED, resolved_at=timezone.now())
    assert not ErrorCount.objects.exists()

    given.error(mapping, 2)
    written = ErrorCount.objects.count()
    given.ask("retry")
    assert ErrorCount.objects.count() == written


def test_errors_of_connections_are_counted_by_connection() -> None:
    down = given.connection("ERP")
    now = timezone.now()
    common = {"kind": "connection", "code": "unreachable", "state": State.RETRYING}
    SyncError.objects.create(connection=down, first_seen=now, last_seen=now, **common)

    assert counts.owners() == {(0, down.pk)}


def test_folding_changes_no_count_and_leaves_one_row_a_group() -> None:
    mapping = given.mapping()
    errors = [given.error(mapping, number) for number in range(5)]
    SyncError.objects.filter(pk=errors[0].pk).update(state=State.HELD, kind="held")
    before = counts.groups()

    store.fold()
    assert counts.groups() == before
    assert sorted(ErrorCount.objects.values_list("number", flat=True)) == [1, 4]

    SyncError.objects.all().delete()
    store.fold()
    assert not ErrorCount.objects.exists()


def test_what_was_rolled_back_was_never_counted() -> None:
    mapping = given.mapping()
    with transaction.atomic():
        given.error(mapping, 1)
        transaction.set_rollback(True)

    assert counts.groups() == {}


@pytest.mark.django_db(transaction=True)
def test_workers_and_foldings_side_by_side_lose_and_double_nothing() -> None:
    mapping = given.mapping()
    together = Barrier(4)

    def work(first: int) -> None:
        together.wait()
        for number in range(first, first + 20):
            given.error(mapping, number)
            SyncError.objects.filter(left_key=str(10_000 + number)).update(attempts=2, state=State.RETRYING)
        connection.close()

    def fold() -> None:
        together.wait()
        for _ in range(40):
            store.fold()
        connection.close()

    threads = [Thread(target=work, args=(0,)), Thread(target=work, args=(100,)), Thread(target=fold)]
    threads.append(Thread(target=fold))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts.groups() == {(mapping.pk, "conflict", "retrying", 0): 40}
