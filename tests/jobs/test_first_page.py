"""The first synchronization on a page: looked at, recommended, begun in the order of dependency."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from couplings.models import SyncError, TableMapping
from jobs.models import Kind, SyncJob
from jobs.services import first
from tests import given
from tests.jobs.worlds import World

URL = "/mappings/first/"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world(match=["name"])
    made.left.add(name="Adatum", phone="1")
    return made


@pytest.fixture
def berta(world: World) -> Client:
    return given.signed_in(given.person("berta", "operator"))


@pytest.fixture
def child(world: World) -> TableMapping:
    """A second mapping of the same tables, which comes after the first one."""
    parent = TableMapping.objects.get(name="CUSTOMER")
    fields = list(parent.fields.all())
    made = TableMapping.objects.get(pk=parent.pk)
    made.pk, made.name, made._state.adding = None, "ACCOUNT", True
    made.save()
    for field in fields:
        field.pk, field.mapping, field._state.adding = None, made, True
        field.save()
    made.depends_on.add(parent)
    return made


def text(client: Client, url: str = URL, data: dict[str, Any] | None = None) -> str:
    answer = client.get(url) if data is None else client.post(url, data, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_nothing_is_asked_before_somebody_says_so(berta: Client) -> None:
    assert "1 mapping is looked at" in text(berta)
    assert not SyncJob.objects.exists()


def test_each_mapping_is_recommended_something_with_a_reason(berta: Client, world: World) -> None:
    page = text(berta, f"{URL}?look=1")
    assert "<strong>create</strong>" in page

    world.right.add(name="Adatum")
    page = text(berta, f"{URL}?look=1")
    assert "<strong>couple</strong>" in page
    assert "1 pair belongs together" in page
    assert "/mappings/CUSTOMER/matches/?show=pair" in page


def test_tables_that_are_too_large_to_wait_for_are_left_to_a_job(
    berta: Client, world: World, child: TableMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted over all mappings that are looked at together: each alone would be short enough."""
    world.right.add(name="Fabrikam")
    monkeypatch.setattr("jobs.views.first.MOST", 3)

    page = text(berta, f"{URL}?look=1")
    assert page.count("too many while somebody waits") == 1
    assert '<a href="/mappings/ACCOUNT/matches/?show=pair">' in page
    assert 'value="CUSTOMER"' in page
    assert 'value="ACCOUNT"' not in page

    world.sync()
    monkeypatch.setattr("jobs.views.first.MOST", 0)
    assert "it has been synchronized before" in text(berta, f"{URL}?look=1"), "what is done is not matched again"


def test_what_was_chosen_is_begun_and_its_children_wait(berta: Client, child: TableMapping) -> None:
    page = text(berta, f"{URL}?look=1")
    assert page.index("CUSTOMER</a>") < page.index("ACCOUNT</a>")
    assert "waits for CUSTOMER" in page
    assert 'value="ACCOUNT"' not in page

    page = text(berta, URL, {"mapping": ["CUSTOMER", "ACCOUNT"], "create_new": "on"})

    assert "has begun" in page
    assert "ACCOUNT comes after CUSTOMER, and was not begun yet." in page
    job = SyncJob.objects.get()
    assert (job.mapping.name, job.kind, job.requested_by) == ("CUSTOMER", Kind.MODIFIED, job.requested_by)


def test_what_is_under_way_is_not_begun_twice(berta: Client) -> None:
    text(berta, URL, {"mapping": "CUSTOMER"})
    job = SyncJob.objects.get()

    page = text(berta, f"{URL}?look=1")
    assert f'<a href="/jobs/{job.pk}/">Job {job.pk}</a>' in page
    assert 'value="CUSTOMER"' not in page

    text(berta, URL, {"mapping": "CUSTOMER"})
    assert SyncJob.objects.get() == job


def test_children_follow_when_their_parents_are_done(berta: Client, world: World, child: TableMapping) -> None:
    world.sync()

    page = text(berta, f"{URL}?look=1")

    assert "it has been synchronized before" in page
    assert 'value="ACCOUNT"' in page


def test_an_error_of_a_parent_holds_back_its_children_alone(world: World, child: TableMapping) -> None:
    world.sync()
    parent = TableMapping.objects.get(name="CUSTOMER")
    given.error(parent, 1, coupling=None, left_key=None, right_key=None, kind="schema", code="schema_changed")

    held = first.waiting(first.plan(TableMapping.objects.select_related("left_connection", "right_connection")))

    assert held == {"CUSTOMER": [], "ACCOUNT": ["CUSTOMER"]}
    SyncError.objects.all().delete()


def test_a_mapping_whose_system_is_away_is_told(berta: Client, world: World) -> None:
    connection = world.mapping.right_connection
    connection.settings = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    connection.save()

    page = text(berta, f"{URL}?look=1")

    assert "CRM could not be reached" in page
    assert "There is nothing to begin at the moment." in page


def test_without_a_choice_nothing_begins(berta: Client) -> None:
    assert "Choose one or more mappings first." in text(berta, URL, {})
    assert not SyncJob.objects.exists()


def test_a_viewer_may_not(world: World) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    assert carl.get(URL).status_code == 403
    assert carl.post(URL, {"mapping": "CUSTOMER"}).status_code == 403
    assert "/mappings/first/" not in text(carl, "/mappings/")
