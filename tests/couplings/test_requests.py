"""What people ask for beside the errors: written once, gone with the error, whoever is faster."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from couplings.models import ErrorRequest, SyncError
from couplings.models.error import Request, State
from couplings.store import errors, requests
from couplings.store.requests import Wish
from tests import given
from tests.sessions import PATIENCE, Elsewhere

NOW = timezone.now()
CLOSED = {"state": State.RESOLVED, "resolved_at": NOW}
OPEN = SyncError.objects.open


def ask(request: Request = Request.RETRY) -> dict[int, int]:
    return requests.ask(OPEN(), Wish(request, None, timezone.now()))


@pytest.mark.django_db
def test_a_wish_is_written_once_and_says_for_how_many_of_each_mapping() -> None:
    one, two = given.mapping("ONE"), given.mapping("TWO")
    for number in range(5):
        given.error(one if number < 3 else two, number)

    assert ask() == {one.pk: 3, two.pk: 2}
    assert ask(Request.USE_LEFT) == {}
    assert set(ErrorRequest.objects.values_list("request", flat=True)) == {"retry"}


@pytest.mark.django_db
def test_nothing_is_asked_for_where_nothing_is_chosen() -> None:
    assert requests.ask(SyncError.objects.filter(pk__in=[]), Wish(Request.RETRY, None, NOW)) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    [
        lambda error: SyncError.objects.filter(pk=error.pk).update(**CLOSED),
        lambda error: SyncError.objects.filter(pk=error.pk).delete(),
        lambda error: error.mapping.delete(),
    ],
    ids=["closed", "deleted", "deleted with its mapping"],
)
def test_an_error_takes_its_wish_along(end: Callable[[SyncError], Any]) -> None:
    gone, other = given.error(given.mapping("ONE"), 1), given.error(given.mapping("TWO"), 2)
    ask()

    end(gone)

    assert list(ErrorRequest.objects.values_list("error", flat=True)) == [other.pk]


@pytest.mark.django_db
def test_an_error_that_changes_keeps_its_wish() -> None:
    error = given.error(given.mapping(), 1)
    ask()

    SyncError.objects.filter(pk=error.pk).update(state=State.RETRYING, attempts=2)

    assert ErrorRequest.objects.get().error == error


@pytest.mark.django_db(transaction=True)
def test_an_error_that_is_closed_in_this_moment_is_not_asked_for(elsewhere: Elsewhere) -> None:
    error = given.error(given.mapping(), 1)
    with transaction.atomic():
        SyncError.objects.filter(pk=error.pk).update(**CLOSED)
        asked = elsewhere(ask)

    assert asked.result(PATIENCE) == {}
    assert not ErrorRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["update", "delete"])
def test_an_error_that_is_asked_for_in_this_moment_leaves_no_wish(elsewhere: Elsewhere, end: str) -> None:
    error = given.error(given.mapping(), 1)
    chosen = SyncError.objects.filter(pk=error.pk)
    with transaction.atomic():
        assert sum(ask().values()) == 1
        ended = elsewhere(lambda: chosen.update(**CLOSED) if end == "update" else chosen.delete())

    ended.result(PATIENCE)
    assert not ErrorRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_in_the_same_moment_ask_once(elsewhere: Elsewhere) -> None:
    given.error(given.mapping(), 1)
    with transaction.atomic():
        assert sum(ask(Request.USE_LEFT).values()) == 1
        second = elsewhere(ask)

    assert second.result(PATIENCE) == {}
    assert ErrorRequest.objects.get().request == "use_left"


@pytest.mark.django_db
def test_what_is_due_comes_in_order_of_id_whoever_wants_it() -> None:
    mapping, soon = given.mapping(), timezone.now() + timedelta(hours=1)
    past = timezone.now() - timedelta(hours=1)
    asked, due, later, both, idle = (
        given.error(mapping, 1, request="retry"),
        given.error(mapping, 2, state=State.RETRYING, next_attempt=past),
        given.error(mapping, 3, state=State.RETRYING, next_attempt=soon),
        given.error(mapping, 4, state=State.RETRYING, next_attempt=past, request="use_left"),
        given.error(mapping, 5),
    )
    given.error(given.mapping("OTHER"), 6, request="retry")

    found = errors.due(mapping.pk, 0, 10)
    assert [(row.id, row.request) for row in found] == [(asked.pk, "retry"), (due.pk, ""), (both.pk, "use_left")]
    assert [row.id for row in errors.due(mapping.pk, 0, 2)] == [asked.pk, due.pk]
    assert [row.id for row in errors.due(mapping.pk, asked.pk, 10)] == [due.pk, both.pk]
    assert errors.count_due(mapping.pk) == 3
    ids = [asked.pk, later.pk, idle.pk, both.pk]
    assert {row.id for row in errors.due_among(mapping.pk, ids)} == {asked.pk, both.pk}


@pytest.mark.django_db
def test_only_the_wish_that_was_worked_off_goes() -> None:
    mapping = given.mapping()
    done, other = given.error(mapping, 1, request="retry"), given.error(mapping, 2, request="use_left")

    requests.work_off([(done.pk, "retry"), (other.pk, "retry")])

    assert ErrorRequest.objects.get().error == other


@pytest.mark.django_db(transaction=True)
def test_wishes_survive_the_migration_both_ways() -> None:
    """Back on the errors' rows, and beside them again."""
    ada = given.person("ada", "operator")
    mapping = given.mapping()
    chosen, idle = given.error(mapping, 1), given.error(mapping, 2)
    choices = {"token": "t", "fields": {"phone": "left"}}
    requests.ask(OPEN().filter(pk=chosen.pk), Wish(Request.CHOOSE, ada.pk, NOW, choices))
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        migrate([("couplings", "0020_waiting_records_of_a_job")])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, request, choices::text, requested_by_id, requested_at FROM couplings_syncerror ORDER BY id"
            )
            rows = cursor.fetchall()
        assert rows == [
            (chosen.pk, "choose", '{"token": "t", "fields": {"phone": "left"}}', ada.pk, NOW),
            (idle.pk, "", "{}", None, None),
        ]
    finally:
        migrate(newest)

    moved = ErrorRequest.objects.get()
    assert (moved.error, moved.mapping, moved.request, moved.by, moved.at) == (chosen, mapping, "choose", ada, NOW)
    assert moved.choices == choices
    chosen.delete()
    assert not ErrorRequest.objects.exists(), "the database forgets wishes again"


def migrate(targets: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(targets)
