"""The page of a record: its state in a sentence, both sides' values, its log, and what Synchronize would do."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import Coupling, SyncError
from jobs.models import Kind, SyncJob
from jobs.services import couplings
from tests import given
from tests.jobs.worlds import World


def page_of(client: Client, world: World, left: str) -> str:
    return client.get(f"/couplings/{world.coupling(left).pk}/").content.decode()


def single(client: Client, key: str, page: str = "record", **query: str) -> Any:
    return client.get(f"/records/{page}/", {"mapping": "CUSTOMER", "key": key, **query})


# The state in a sentence


def test_a_pair_in_step_says_since_when(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    assert "In step since" in page_of(berta, world, left)


def test_a_change_that_has_not_travelled_is_named(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")

    page = page_of(berta, world, left)

    assert "not synchronized yet: phone / telephone." in page
    assert "In step since" not in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("skipped", "Left out since"),
        ("ignored", "Ignored until"),
        ("waiting", "Waiting for another record since"),
        ("retrying", "Tried again by itself"),
        ("held", "Held back since"),
    ],
)
def test_a_record_out_of_step_says_why(world: World, berta: Client, state: str, said: str) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3")
    world.sync()
    SyncError.objects.update(state=state, ignored_until=timezone.now() if state == "ignored" else None)

    page = page_of(berta, world, left)

    assert said in page
    assert "phone" in page
    assert f'href="/errors/{world.error().pk}/"' in page


def test_a_record_that_vanished_is_said(world: World, berta: Client) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.right.delete(right)

    assert f"The record {right} is gone in CRM" in page_of(berta, world, left)


def test_a_system_that_is_away_leaves_the_state_open(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    world.mapping.right_connection.settings = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    world.mapping.right_connection.save()

    assert "whether it is in step now cannot be told" in page_of(berta, world, left)
    assert "CRM could not be reached" in page_of(berta, world, left)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({}, "The next run creates it in CRM and couples both."),
        ({"only_coupled": True}, "only coupled records are synchronized"),
        ({"direction": "right_to_left"}, "because nothing travels to CRM"),
        ({"left_filter": {"region": "SE"}}, "lies outside the mapping"),
        ({"paused": True}, "The mapping is paused"),
    ],
)
def test_a_record_that_is_not_coupled_says_why(world: World, berta: Client, rules: dict[str, Any], said: str) -> None:
    left = world.left.add(name="Adatum", region="DK")
    world.set(**rules)

    page = single(berta, left).content.decode()

    assert "Not coupled." in page
    assert said in page


def test_who_removed_its_coupling_is_told(world: World, berta: Client) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    couplings.remove(Coupling.objects.all(), user=given.person("carl", "operator"))

    assert "carl removed its coupling on" in single(berta, left).content.decode()
    assert "carl removed its coupling on" in single(berta, right, side="right").content.decode()


def test_a_coupled_record_leads_to_its_pair(world: World, berta: Client) -> None:
    left, right = world.pair(name="Adatum")
    for key, side in ((left, "left"), (right, "right")):
        assert single(berta, key, side=side).headers["Location"] == f"/couplings/{world.coupling(left).pk}/"


@pytest.mark.parametrize("page", ["record", "why", "synchronize"])
def test_what_does_not_exist_is_404(world: World, berta: Client, page: str) -> None:
    for query in ({}, {"mapping": "CUSTOMER"}, {"mapping": "VENDOR", "key": "1"}, {"mapping": "CUSTOMER", "key": ""}):
        assert berta.get(f"/records/{page}/", query).status_code == 404
    assert single(berta, "1", page, side="up").status_code == 404


# Why it is not in step


def test_why_is_reached_from_the_record_and_answers(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    assert f'href="/records/why/?mapping=CUSTOMER&amp;side=left&amp;key={left}"' in page_of(berta, world, left)

    assert "This record is in step" in single(berta, left, "why").content.decode()
    world.left.edit(left, phone="2")
    page = single(berta, left, "why").content.decode()
    assert "Why is this record not in step?" in page
    assert "The next run writes in CRM: telephone." in page


# Open in its own application


def test_a_record_is_opened_where_the_configuration_says(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    assert "Open in" not in page_of(berta, world, left)
    world.set(left_link="https://erp.example/customer/{id}?a=1&b=2")

    page = page_of(berta, world, left)

    assert f'href="https://erp.example/customer/{left}?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"' in page
    assert "Open in ERP" in page
    assert "Open in CRM" not in page
    alone = world.left.add(name="Fabrikam")
    assert f'href="https://erp.example/customer/{alone}?' in single(berta, alone).content.decode()


# What Synchronize would do


def test_synchronize_shows_first_what_it_would_write(world: World, berta: Client) -> None:
    left, right = world.pair(name="Adatum", phone="1", fax="5")
    world.left.edit(left, phone="2")
    world.right.edit(right, fax="6")
    before = world.left.versions(), world.right.versions()

    response = single(berta, left, "synchronize")

    written = {(change.side, change.field): (change.old, change.new) for change in response.context["found"].changes}
    assert written == {("CRM", "telephone"): ("1", "2"), ("ERP", "fax"): ("5", "6")}
    assert (world.left.versions(), world.right.versions()) == before
    assert not SyncJob.objects.filter(kind=Kind.RECORDS).exists()

    page = berta.post(
        "/records/actions/?mapping=CUSTOMER&side=left",
        {"action": "synchronize", "selected": left, "use": "", "next": f"/couplings/{world.coupling(left).pk}/"},
        follow=True,
    )
    assert "has been scheduled for 1 of 1 record" in page.content.decode()
    assert SyncJob.objects.get(kind=Kind.RECORDS).parameters == {"side": "left", "keys": [left], "use": ""}


def test_whose_data_are_used_is_asked_only_when_it_must(world: World, berta: Client) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    assert "Data to use" not in single(berta, left, "synchronize").content.decode()
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3")

    page = single(berta, left, "synchronize").content.decode()
    assert "Data to use" in page
    assert 'value="synchronize"' not in page, "nothing could be done yet"

    response = single(berta, left, "synchronize", use="right")
    (change,) = response.context["found"].changes
    assert (change.side, change.field, change.old, change.new) == ("ERP", "phone", "2", "3")
    assert 'name="use" value="right"' in response.content.decode()


def test_synchronize_says_that_it_creates_a_record(world: World, berta: Client) -> None:
    left = world.left.add(name="Adatum", phone="1")

    response = single(berta, left, "synchronize")

    assert "The next run creates it in CRM and couples both." in response.content.decode()
    new = {change.field: change.new for change in response.context["found"].changes}
    assert (new["fullname"], new["telephone"]) == ("Adatum", "1")
    assert world.right.keys() == []


# The Synchronization Log


def test_the_log_says_what_each_job_wrote_and_who_asked(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")
    user = given.person("carl", "operator")
    couplings.records(world.mapping, couplings.Side.LEFT, [left], user=user, queue=False)

    response = berta.get(f"/couplings/{world.coupling(left).pk}/")

    newest, first = response.context["lines"]
    assert [(change.field, change.old, change.new) for change in newest.entry.changes] == [("telephone", "1", "2")]
    assert newest.job.requested_by == user
    assert (newest.undoable, first.undoable) == (True, False)
    page = response.content.decode()
    assert page.count("<details>") == 2
    assert "carl" in page
    assert page.count("/undo/") == 1


@pytest.mark.parametrize(("role", "acts"), [("viewer", False), ("operator", True), ("administrator", True)])
def test_each_role_sees_what_it_may_do(world: World, role: str, acts: bool) -> None:
    client = given.signed_in(given.person("somebody", role))
    left, _right = world.pair(name="Adatum", phone="1")
    alone = world.left.add(name="Fabrikam")

    pair, record = page_of(client, world, left), single(client, alone).content.decode()

    assert ("/records/synchronize/" in pair) is acts
    assert ('value="remove_coupling"' in pair) is acts
    assert ("/undo/" in pair) is acts
    assert ("/records/synchronize/" in record) is acts
    assert ("/couplings/add/" in record) is acts
    assert single(client, left, "synchronize").status_code == (200 if acts else 403)
    assert single(client, left, "why").status_code == 200


@pytest.mark.parametrize("count", [1, 8])
def test_the_number_of_queries_does_not_grow(world: World, berta: Client, count: int) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    for number in range(count):
        world.left.edit(left, phone=f"x{number}")
        world.sync()
    numbers = {}
    pages = {"pair": f"/couplings/{world.coupling(left).pk}/"}
    pages |= {name: f"/records/{name}/?mapping=CUSTOMER&key={left}" for name in ("why", "synchronize")}
    for name, url in pages.items():
        berta.get(url)
        with CaptureQueriesContext(connection) as queries:
            berta.get(url)
        numbers[name] = len([query for query in queries if "asked_to_wait AND" not in query["sql"]])

    assert numbers == {"pair": 13, "why": 16, "synchronize": 16}
