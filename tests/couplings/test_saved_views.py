"""Views of the errors page: everybody's own, shared ones, and the one the page opens with."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from couplings.models import DefaultView, SavedView
from couplings.models.error import State
from tests import given

ERRORS, URL = "/errors/", "/errors/views/"

pytestmark = pytest.mark.django_db


def post(client: Client, action: str, query: str = "", **fields: str) -> HttpResponse:
    return client.post(URL + query, {"action": action, **fields}, follow=True)


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def names(client: Client) -> list[str]:
    return [one.view.name for one in client.get(ERRORS, {"view": "all"}).context["views"]]


def test_a_filter_and_its_order_are_saved_without_the_place_in_the_list(berta: Client) -> None:
    answer = post(berta, "save", "?kind=conflict&sort=-age&after=mark&select=view", name="Morning round")

    assert said(answer) == ["The view Morning round is saved."]
    assert SavedView.objects.get().query == "kind=conflict&sort=-age"
    assert answer.redirect_chain[0][0] == "/errors/?kind=conflict&sort=-age"
    assert answer.context["current_view"].view.name == "Morning round"


def test_a_view_is_saved_again_under_its_name(berta: Client) -> None:
    post(berta, "save", "?kind=conflict", name="Morning round")
    post(berta, "save", "?kind=deleted", name="Morning round")

    assert SavedView.objects.get().query == "kind=deleted"


def test_views_are_their_owners_unless_they_are_shared(ada: Client, berta: Client) -> None:
    post(ada, "save", "?kind=conflict", name="Mine")
    post(ada, "save", "?kind=deleted", name="Ours", shared="1")

    assert names(ada) == ["Mine", "Ours"]
    assert names(berta) == ["Ours"]


def test_only_administrators_share(berta: Client) -> None:
    assert post(berta, "save", "?kind=conflict", name="Mine", shared="1").status_code == 403
    assert not SavedView.objects.exists()
    assert 'name="shared"' not in berta.get(ERRORS).content.decode()


def test_two_shared_views_do_not_bear_one_name(ada: Client) -> None:
    post(ada, "save", "?kind=conflict", name="Ours", shared="1")
    dora = given.signed_in(given.person("dora", "administrator"))

    assert said(post(dora, "save", "?kind=deleted", name="Ours", shared="1")) == [
        "Somebody else shares a view of that name; nothing was saved."
    ]
    assert SavedView.objects.get().query == "kind=conflict"


def test_the_page_opens_with_the_view_somebody_chose(berta: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.deleted(mapping, 2)
    post(berta, "save", "?kind=deleted", name="Deleted", opens="1")

    opened = berta.get(ERRORS, follow=True)
    assert [row.record.description for row in opened.context["table"].rows] == ["Adatum 2"]
    everything = berta.get(ERRORS, {"view": "all"})
    assert len(everything.context["table"].rows) == 2

    post(berta, "not_first")
    assert len(berta.get(ERRORS).context["table"].rows) == 2


def test_a_shared_view_opens_the_page_until_it_is_shared_no_more(ada: Client, berta: Client) -> None:
    post(ada, "save", "?kind=deleted", name="Ours", shared="1")
    shared = SavedView.objects.get()
    post(berta, "first", view=str(shared.pk))
    assert berta.get(ERRORS).status_code == 302

    post(ada, "save", "?kind=deleted", name="Ours")

    assert berta.get(ERRORS).status_code == 200
    assert names(berta) == []


def test_nobody_opens_with_or_deletes_a_view_of_somebody_else(ada: Client, berta: Client) -> None:
    post(ada, "save", "?kind=deleted", name="Mine")
    post(ada, "save", "?kind=conflict", name="Ours", shared="1")
    mine, ours = SavedView.objects.order_by("name")

    assert post(berta, "first", view=str(mine.pk)).status_code == 404
    assert post(berta, "delete", view=str(mine.pk)).status_code == 404
    assert post(berta, "delete", view=str(ours.pk)).status_code == 404
    assert SavedView.objects.count() == 2
    assert not DefaultView.objects.exists()


def test_a_view_is_deleted_with_what_opened_with_it(berta: Client) -> None:
    post(berta, "save", "?kind=deleted", name="Deleted", opens="1")

    post(berta, "delete", view=str(SavedView.objects.get().pk))

    assert berta.get(ERRORS).status_code == 200
    assert not DefaultView.objects.exists()


@pytest.mark.parametrize("fields", [{}, {"name": " "}, {"name": "x" * 61}, {"name": "a", "view": "-1"}])
def test_what_cannot_be_saved_is_told(berta: Client, fields: dict[str, str]) -> None:
    answer = post(berta, "save", "?kind=deleted", **fields)

    assert len(said(answer)) == 1
    assert not SavedView.objects.exists()


def test_only_posts_change_anything(berta: Client) -> None:
    answer = berta.get(URL, {"action": "save", "name": "x"})

    assert (answer.status_code, SavedView.objects.exists()) == (302, False)


def test_the_name_of_a_view_is_shown_as_text(berta: Client) -> None:
    given.error(given.mapping(), 1, state=State.RESOLVED, resolved_at=timezone.now())
    post(berta, "save", "?kind=deleted", name="<b>x</b>")

    page = berta.get(ERRORS, {"kind": "deleted"}).content.decode()

    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
