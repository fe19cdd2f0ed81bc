"""The actions of the errors page, posted as its forms do."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from couplings.models import Coupling, SyncError
from couplings.models.error import State
from jobs.forms import ErrorActionForm
from jobs.models import JobState, Kind, SyncJob
from tests import given

URL = "/errors/actions/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(django_user_model: type[User]) -> User:
    return given.person("ada", "administrator")


@pytest.fixture
def client(ada: User) -> Client:
    return given.signed_in(ada)


def post(client: Client, action: str, *errors: SyncError, query: str = "", **fields: Any) -> HttpResponse:
    """The answer to the form, after its redirect."""
    selected = [error.pk for error in errors]
    return client.post(URL + query, {"action": action, "selected": selected, **fields}, follow=True)


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_retry_schedules_one_job_a_mapping_and_says_how_many(client: Client, ada: User) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    errors = [given.error(customer, 1), given.error(customer, 2), given.error(item, 3)]

    response = post(client, "retry", *errors)

    assert said(response) == ["The synchronization has been scheduled for 3 of 3 records."]
    assert set(SyncError.objects.values_list("requested__request", "requested__by")) == {("retry", ada.pk)}
    assert list(SyncJob.objects.order_by("mapping").values_list("kind", "state")) == [(Kind.RETRY, JobState.QUEUED)] * 2


def test_an_action_that_applies_to_nothing_says_why(client: Client) -> None:
    response = post(client, "restore", given.error(given.mapping(), 1))

    assert said(response) == [
        "The synchronization has been scheduled for 0 of 1 record.",
        "Left out: 1. Neither record is deleted, so there is nothing to restore or delete.",
    ]


def test_errors_are_assigned_to_somebody_and_to_nobody(client: Client, ada: User) -> None:
    berta = given.person("berta", "operator")
    mapping = given.mapping()
    errors = [given.error(mapping, number) for number in range(2)]

    assert said(post(client, "assign", *errors, person="berta")) == ["2 errors are assigned to berta."]
    assert set(SyncError.objects.values_list("assigned_to", flat=True)) == {berta.pk}
    assert said(post(client, "assign", errors[0], person="")) == ["1 error is assigned to nobody."]
    assert said(post(client, "assign", errors[0], person="dora")) == [
        "There is nobody of that name; nothing was assigned."
    ]


def test_errors_are_commented_on(client: Client, ada: User) -> None:
    error = given.error(given.mapping(), 1)

    assert said(post(client, "comment", error, comment="asked the customer")) == ["1 error has a new comment."]
    assert said(post(client, "comment", error, comment="")) == ["Write what you want to say; nothing was added."]
    assert list(error.notes.values_list("text", "by")) == [("asked the customer", ada.pk)]


def test_errors_are_ignored_until_a_day_and_brought_back(client: Client) -> None:
    error = given.error(given.mapping(), 1)
    day = timezone.localdate() + timedelta(days=5)

    assert said(post(client, "ignore", error, until=day.isoformat())) == ["1 error is ignored."]
    error.refresh_from_db()
    assert (error.state, timezone.localtime(error.ignored_until).date()) == (State.IGNORED, day)
    assert said(post(client, "unignore", error)) == ["1 error is back in the list."]


@pytest.mark.parametrize("until", ["", "2020-01-01", "0001-01-01"])
def test_nothing_is_ignored_without_a_day_to_come(client: Client, until: str) -> None:
    error = given.error(given.mapping(), 1)

    assert said(post(client, "ignore", error, until=until)) == [
        "Choose a day that is still to come; nothing was ignored."
    ]


def test_what_is_asked_for_many_errors_stays_with_the_confirmation(client: Client) -> None:
    given.person("berta", "operator")
    mapping = given.mapping()
    for number in range(3):
        given.error(mapping, number)

    page = post(client, "assign", scope="filter", person="berta").content.decode()

    assert "Assign 3 errors to berta?" in page
    assert '<input type="hidden" name="person" value="berta">' in page
    assert '<input type="hidden" name="scope" value="filter">' in page


def test_clicking_twice_is_harmless_and_says_so(client: Client) -> None:
    error = given.error(given.mapping(), 1)
    post(client, "retry", error)

    response = post(client, "retry", error)

    assert said(response) == [
        "The synchronization has been scheduled for 0 of 1 record.",
        "Left out: 1. Somebody has asked for them already.",
    ]
    assert SyncJob.objects.count() == 1


def test_it_returns_to_the_same_filter(client: Client) -> None:
    error = given.error(given.mapping(), 1)

    response = client.post(f"{URL}?kind=conflict&q=ada", {"action": "retry", "selected": error.pk})

    assert response["Location"] == "/errors/?kind=conflict&q=ada"


def test_it_returns_to_the_page_the_form_stood_on_but_to_no_foreign_one(client: Client) -> None:
    error = given.error(given.mapping(), 1)
    data = {"action": "retry", "selected": error.pk}

    assert client.post(URL, {**data, "next": f"/errors/{error.pk}/"})["Location"] == f"/errors/{error.pk}/"
    for foreign in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        assert client.post(URL, {**data, "next": foreign})["Location"] == "/errors/", foreign


@pytest.mark.parametrize("selected", [[], ["0"], ["999999999"], ["-1"], ["x"], ["9" * 30], ["1e3"], ["\0"]])
def test_nothing_that_is_open_selected(client: Client, selected: list[str]) -> None:
    given.error(given.mapping(), 1)

    response = client.post(URL, {"action": "retry", "selected": selected}, follow=True)

    assert said(response) == ["Select one or more errors that are still open."]
    assert not SyncJob.objects.exists()


def test_closed_errors_are_left_out(client: Client) -> None:
    mapping = given.mapping()
    closed = given.error(mapping, 1, state=State.RESOLVED, resolved_at=timezone.now())

    response = post(client, "retry", closed, given.error(mapping, 2))

    assert said(response) == ["The synchronization has been scheduled for 1 of 1 record."]
    closed.refresh_from_db()
    assert closed.request == ""


@pytest.mark.parametrize("action", ["", "explode", "retry_some"])
def test_an_unknown_action_does_nothing(client: Client, action: str) -> None:
    response = post(client, action, given.error(given.mapping(), 1))

    assert said(response) == ["Choose one of the actions of the page."]
    assert not SyncJob.objects.exists()


@pytest.mark.parametrize(("side", "request_"), [("left", "use_left"), ("right", "use_right")])
def test_synchronize_takes_the_side_that_was_chosen(client: Client, side: str, request_: str) -> None:
    mapping = given.mapping()
    error, gone = given.error(mapping, 1), given.deleted(mapping, 2)

    asked = post(client, "synchronize", error, gone, use=side).content.decode()
    system = {"left": "CRM", "right": "ERP"}[side]
    assert f"Overwrite 1 record in {system}?" in asked
    assert "Left out: 1. One of the records is deleted." in asked
    assert not SyncJob.objects.exists()

    response = post(client, "synchronize", error, gone, use=side, confirm="1", confirmed="1")

    error.refresh_from_db()
    assert error.request == request_
    assert said(response)[0] == "The synchronization has been scheduled for 1 of 2 records."
    assert said(response)[1].startswith("Left out: 1. One of the records is deleted.")


def test_synchronize_for_one_conflict_asks_side_by_side(client: Client) -> None:
    error = given.error(given.mapping(), 1)

    response = client.post(URL, {"action": "synchronize", "selected": error.pk})

    assert response["Location"] == reverse("jobs:error", args=[error.pk])


def test_restore_needs_a_deleted_record(client: Client) -> None:
    mapping = given.mapping()
    gone, conflict = given.deleted(mapping, 1), given.error(mapping, 2)

    assert "Restore 1 record in CRM?" in post(client, "restore", gone, conflict).content.decode()
    gone.refresh_from_db()
    assert gone.request == ""

    response = post(client, "restore", gone, conflict, confirmed="1")

    gone.refresh_from_db()
    assert gone.request == "restore"
    assert said(response) == [
        "The synchronization has been scheduled for 1 of 2 records.",
        "Left out: 1. Neither record is deleted, so there is nothing to restore or delete.",
    ]


def test_delete_first_says_how_many_records_in_which_system(client: Client) -> None:
    mapping = given.mapping()
    errors = [given.deleted(mapping, 1), given.deleted(mapping, 2), given.deleted(mapping, 3, "left")]
    kept = given.error(mapping, 4)

    page = post(client, "delete", *errors, kept).content.decode()

    assert "2 records will be deleted in ERP." in page
    assert "1 record will be deleted in CRM." in page
    assert "Left out: 1. Neither record is deleted" in page
    assert not SyncJob.objects.exists()

    response = post(client, "delete", *errors, kept, confirm="1", confirmed="3")

    assert said(response)[0] == "The synchronization has been scheduled for 3 of 4 records."
    assert SyncError.objects.filter(requested__request="delete").count() == 3


def test_the_button_names_the_number_and_the_system(client: Client) -> None:
    mapping = given.mapping()

    page = post(client, "delete", given.deleted(mapping, 1), given.deleted(mapping, 2)).content.decode()

    assert "Delete 2 records in ERP</button>" in page


def test_a_filter_that_grew_after_the_confirmation_is_confirmed_again(client: Client) -> None:
    mapping = given.mapping()
    given.deleted(mapping, 1)
    given.deleted(mapping, 2)

    page = post(client, "delete", scope="filter", confirm="1", confirmed="1").content.decode()

    assert "Delete 2 records in ERP</button>" in page
    assert not SyncJob.objects.exists()


def test_everything_in_the_filter_and_nothing_beyond_it(client: Client) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    inside = [given.error(customer, number) for number in range(60)]
    outside = given.error(item, 61)

    page = post(client, "retry", scope="filter", query="?mapping=CUSTOMER").content.decode()
    assert "Retry 60 records?" in page
    assert not SyncJob.objects.exists()

    response = post(client, "retry", scope="filter", confirm="1", query="?mapping=CUSTOMER")
    assert said(response) == ["The synchronization has been scheduled for 60 of 60 records."]
    assert SyncError.objects.filter(requested__request="retry", pk__in=[error.pk for error in inside]).count() == 60
    outside.refresh_from_db()
    assert outside.request == ""


@pytest.mark.parametrize("query", ["?kind=nonsense", "?mapping=GONE", "?state=x", "?q=a%00b"])
def test_a_filter_that_cannot_be_read_reaches_nothing(client: Client, query: str) -> None:
    given.deleted(given.mapping(), 1)

    response = post(client, "delete", scope="filter", confirm="1", query=query)

    assert said(response) == ["Select one or more errors that are still open."]
    assert not SyncJob.objects.exists()


def test_retry_all_says_the_number_and_asks_first(client: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.deleted(mapping, 2)

    assert "Retry 2 records?" in post(client, "retry_all").content.decode()
    assert not SyncJob.objects.exists()
    assert said(post(client, "retry_all", confirm="1", confirmed="2")) == [
        "The synchronization has been scheduled for 2 of 2 records."
    ]


def test_remove_coupling_closes_the_error_and_touches_no_record(client: Client) -> None:
    error = given.error(given.mapping(), 1)

    post(client, "remove_coupling", error)

    error.refresh_from_db()
    assert (error.state, error.resolution) == (State.RESOLVED, "uncoupled")
    assert not Coupling.objects.exists()


def test_find_for_deleted_in_the_filtered_mapping_or_in_all(client: Client) -> None:
    customer, _item = given.mapping(), given.mapping("ITEM")

    response = post(client, "find_deleted", query="?mapping=CUSTOMER")
    assert said(response) == ["Deleted records are searched for in 1 mapping."]
    assert SyncJob.objects.get().mapping == customer
    post(client, "find_deleted")
    assert set(SyncJob.objects.values_list("kind", "mapping__name")) == {
        (Kind.FIND_DELETED, "CUSTOMER"),
        (Kind.FIND_DELETED, "ITEM"),
    }


def test_a_paused_mapping_keeps_the_wish_and_says_so(client: Client) -> None:
    error = given.error(given.mapping(paused=True), 1)

    response = post(client, "retry", error)

    assert "paused" in said(response)[1]
    error.refresh_from_db()
    assert error.request == "retry"


@pytest.mark.parametrize(
    ("role", "grants", "refused"),
    [
        ("viewer", [], set(ErrorActionForm.PERMISSIONS)),
        ("operator", [], {"delete"}),
        ("operator", ["delete_records"], set()),
        ("administrator", [], set()),
    ],
)
def test_who_may_do_what(role: str, grants: list[str], refused: set[str]) -> None:
    error = given.deleted(given.mapping(), 1)
    client = given.signed_in(given.person("berta", role, *grants))
    # Remove Coupling last: it closes the error.
    actions = sorted(ErrorActionForm.PERMISSIONS, key="remove_coupling".__eq__)

    answers = {action: client.post(URL, {"action": action, "selected": error.pk}).status_code for action in actions}

    assert {action for action, status in answers.items() if status == 403} == refused
    assert {status for action, status in answers.items() if action not in refused} <= {200, 302}


def test_a_post_without_a_token_of_ours_is_refused(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    assert post(client, "retry", given.error(given.mapping(), 1)).status_code == 403
    assert not SyncJob.objects.exists()


def test_only_posts_act(client: Client) -> None:
    """Whoever signs in again after a click comes back without the form: to the list, and nothing is done."""
    given.error(given.mapping(), 1)

    answer = client.get(URL, {"action": "retry_all", "confirm": "1", "kind": "conflict"})

    assert answer["Location"] == "/errors/?action=retry_all&confirm=1&kind=conflict"
    assert not SyncJob.objects.exists()


@pytest.mark.parametrize("count", [2, 40])
def test_the_number_of_queries_does_not_grow(client: Client, count: int, django_assert_max_num_queries: Any) -> None:
    mapping = given.mapping()
    errors = [given.error(mapping, number) for number in range(count)]

    with django_assert_max_num_queries(25):
        client.post(URL, {"action": "retry", "selected": [error.pk for error in errors]})
