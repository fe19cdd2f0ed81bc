"""The list of a system's own records, read live: coupled or not, searched, and what can be done with many of them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import Coupling, SyncError, UncoupledRecord
from jobs.models import Kind, SyncJob
from jobs.services import couplings, record_lists
from jobs.services.record_lists import Wanted
from syncstatus.engine.records import Side
from tests import given
from tests.jobs.worlds import World

URL = "/records/"
ACTIONS = "/records/actions/"


@pytest.fixture
def matching(make_world: Callable[..., World]) -> World:
    """Records that are not coupled before somebody asks for it."""
    return make_world(match=["name"], only_coupled=True)


def listed(client: Client, **query: str) -> list[str]:
    response = client.get(URL, {"mapping": "CUSTOMER", **query})
    return [row.record.key for row, _cells in response.context["rows"]]


def act(client: Client, action: str, *keys: str, side: str = "left", **data: Any) -> Any:
    sent = {"action": action, "selected": list(keys), **data}
    return client.post(f"{ACTIONS}?mapping=CUSTOMER&side={side}", sent, follow=True)


def test_a_table_is_chosen_first(world: World, berta: Client) -> None:
    page = berta.get(URL).content.decode()

    assert 'href="/records/?mapping=CUSTOMER&amp;side=left"' in page
    assert 'href="/records/?mapping=CUSTOMER&amp;side=right"' in page
    assert 'href="/records/" aria-current="page"' in page, "the main navigation leads here"


@pytest.mark.django_db
def test_nothing_is_mapped_yet() -> None:
    page = given.signed_in(given.person("vera", "viewer")).get(URL).content.decode()

    assert "No tables are mapped yet" in page


@pytest.mark.parametrize(
    "query", ["mapping=VENDOR", "mapping=CUSTOMER&side=up", "mapping=CUSTOMER&coupling=maybe", "mapping=CUSTOMER&q=%00"]
)
def test_what_does_not_exist_is_404(world: World, berta: Client, query: str) -> None:
    assert berta.get(f"{URL}?{query}").status_code == 404


def test_it_lists_each_sides_records_and_which_are_coupled(world: World, berta: Client) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    other = world.left.add(name="Fabrikam")

    response = berta.get(URL, {"mapping": "CUSTOMER"})

    rows = {row.record.key: row.record for row, _cells in response.context["rows"]}
    assert list(rows) == [left, other]
    assert (rows[left].coupled_to, rows[other].coupled_to) == (right, None)
    page = response.content.decode()
    assert f'href="/couplings/{world.coupling(left).pk}/">Adatum' in page
    assert f'href="/records/record/?mapping=CUSTOMER&amp;side=left&amp;key={other}">Fabrikam' in page
    assert f'href="/records/why/?mapping=CUSTOMER&amp;side=left&amp;key={other}"' in page
    assert listed(berta, side="right") == [right]


def test_the_filter_of_the_mapping_holds(world: World, berta: Client) -> None:
    world.set(left_filter={"region": "DK"})
    inside = world.left.add(name="Adatum", region="DK")
    world.left.add(name="Adatum", region="SE")

    assert listed(berta) == [inside]
    assert listed(berta, q="Adatum") == [inside]
    assert listed(berta, q="Adatum", field="name") == [inside]


def test_only_coupled_ones_or_only_the_others(world: World, berta: Client) -> None:
    pairs = world.pairs(3)
    alone = [world.left.add(name=f"Alone {number}") for number in range(2)]

    assert listed(berta, coupling="yes") == [left for left, _right in pairs]
    assert listed(berta, coupling="no") == alone


@pytest.mark.parametrize("coupled", [None, True, False])
def test_every_record_stands_on_exactly_one_page(
    world: World, monkeypatch: pytest.MonkeyPatch, coupled: bool | None
) -> None:
    """Also where a page gives up looking before it is full."""
    monkeypatch.setattr(record_lists, "BATCH", 5)
    monkeypatch.setattr(record_lists, "LOOKED_THROUGH", 5)
    pairs = [left for left, _right in world.pairs(11)]
    alone = [world.left.add(name=f"Alone {number}") for number in range(10)]
    pages, after = [], ""
    while True:
        page = record_lists.page(world.mapping, Side.LEFT, Wanted(coupled=coupled, after=after), size=2)
        pages.append([row.record.key for row in page.rows])
        if page.next is None:
            break
        after = page.next

    expected = {None: pairs + alone, True: pairs, False: alone}[coupled]
    assert [key for page in pages for key in page] == expected
    assert all(len(page) <= 2 for page in pages)


def test_a_page_leads_to_the_next(world: World, berta: Client) -> None:
    for number in range(52):
        world.left.add(name=f"Name {number}")

    first = berta.get(URL, {"mapping": "CUSTOMER"})
    (link,) = re.findall(r'href="([^"]+)" rel="next"', first.content.decode())
    second = berta.get(f"{URL}{link}".replace("&amp;", "&"))

    assert (len(first.context["rows"]), len(second.context["rows"])) == (50, 2)
    assert 'rel="next"' not in second.content.decode()
    assert 'rel="first"' in second.content.decode()


@pytest.mark.parametrize("coupled", [None, True, False])
def test_going_back_shows_the_pages_that_were_shown(
    coupled: bool | None, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where pages end because the search for more was given up."""
    monkeypatch.setattr(record_lists, "BATCH", 5)
    monkeypatch.setattr(record_lists, "LOOKED_THROUGH", 10)
    world.pairs(7)
    for number in range(8):
        world.left.add(name=f"Alone {number}")
    page = record_lists.page(world.mapping, Side.LEFT, Wanted(coupled=coupled), size=2)
    shown = [page]
    while page.next is not None:
        page = record_lists.page(world.mapping, Side.LEFT, Wanted(coupled=coupled, after=page.next), size=2)
        shown.append(page)

    filled = [keys for page in shown if len(keys := [row.record.key for row in page.rows]) == 2]
    back = record_lists.page(world.mapping, Side.LEFT, Wanted(coupled=coupled, before=filled[-1][0]), size=2)
    seen = []
    while True:
        seen.append([row.record.key for row in back.rows])
        if back.previous is None:
            break
        back = record_lists.page(world.mapping, Side.LEFT, Wanted(coupled=coupled, before=back.previous), size=2)

    # That nothing of its kind stands before the first one is known when it was looked for: it is shown again then.
    assert [keys for keys, again in zip(seen, [[], *seen], strict=False) if keys and keys != again] == filled[-2::-1]
    assert back.next is not None


def test_the_second_page_leads_back_to_the_first(world: World, berta: Client) -> None:
    for number in range(52):
        world.left.add(name=f"Name {number}")
    first = berta.get(URL, {"mapping": "CUSTOMER"})
    second = berta.get(URL, {"mapping": "CUSTOMER", "after": first.context["listing"].next}).content.decode()

    (link,) = re.findall(r'href="([^"]+)" rel="prev"', second)
    back = berta.get(f"{URL}{link}".replace("&amp;", "&"))

    assert back.context["rows"] == first.context["rows"]
    assert 'rel="prev"' not in first.content.decode() + back.content.decode()
    assert 'rel="next"' in back.content.decode()


def test_before_the_first_records_stands_the_first_page(world: World, berta: Client) -> None:
    """Records have come or gone since the page was shown."""
    keys = [world.left.add(name=f"Name {number}") for number in range(3)]

    assert listed(berta, before=keys[0]) == keys
    assert listed(berta, before=keys[2]) == keys


def test_it_is_searched_by_key_by_name_and_by_field(world: World, berta: Client) -> None:
    adatum = world.left.add(name="Adatum Corporation", phone="+45 1", amount=5)
    fabrikam = world.left.add(name="Fabrikam", phone="+45 2", amount=5)

    assert listed(berta, q=adatum) == [adatum]
    assert listed(berta, q="adatum corp") == [adatum], "a part of the name, however it is spelled"
    assert listed(berta, q="45 2", field="phone") == [fabrikam]
    assert listed(berta, q="5", field="amount") == [adatum, fabrikam]
    assert listed(berta, q="nobody") == []
    page = berta.get(URL, {"mapping": "CUSTOMER", "q": "nobody"}).content.decode()
    assert "No record within the filter has this text" in page


@pytest.mark.parametrize(("field", "text"), [("amount", "five"), ("unknown", "5"), ("id", "5"), ("region", "DK")])
def test_what_cannot_be_searched_is_said(world: World, berta: Client, field: str, text: str) -> None:
    world.left.add(name="Adatum")

    response = berta.get(URL, {"mapping": "CUSTOMER", "q": text, "field": field})

    assert response.status_code == 200
    assert "is nothing that could be looked for in the field" in response.content.decode()


def test_a_system_that_is_away_is_said_in_a_sentence(world: World, berta: Client) -> None:
    world.mapping.right_connection.settings = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    world.mapping.right_connection.save()

    response = berta.get(URL, {"mapping": "CUSTOMER", "side": "right"})

    assert response.status_code == 200
    assert "CRM could not be reached" in response.content.decode()


def test_what_a_system_holds_is_not_read_as_html(world: World, berta: Client) -> None:
    world.left.add(name="<b>Adatum</b>", phone="<i>1</i>")

    page = berta.get(URL, {"mapping": "CUSTOMER"}).content.decode()

    assert "<b>" not in page
    assert "<i>" not in page


def test_an_open_error_and_a_removed_coupling_are_told(world: World, berta: Client) -> None:
    (left, _right), (gone, _partner) = world.pairs(2)
    world.left.edit(left, phone="2")
    world.right.edit(world.coupling(left).right_key, phone="3")
    world.sync()
    couplings.remove(Coupling.objects.filter(left_key=gone), user=None)

    page = berta.get(URL, {"mapping": "CUSTOMER"}).content.decode()

    assert f'href="/errors/{world.error().pk}/"' in page
    assert "uncoupled by hand" in page


# What can be done with many


def test_selected_records_are_synchronized_coupled_or_not(world: World, berta: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    other = world.left.add(name="Fabrikam")

    page = act(berta, "synchronize", left, other, use="left").content.decode()

    assert "has been scheduled for 2 of 2 records." in page
    queued = SyncJob.objects.get(kind=Kind.RECORDS)
    assert queued.parameters == {"side": "left", "keys": [left, other], "use": "left"}
    assert queued.requested_by is not None
    assert queued.requested_by.username == "berta"


def test_data_that_travel_nowhere_are_not_offered(world: World, berta: Client) -> None:
    world.pair(name="Adatum")
    world.set(direction="left_to_right")

    page = berta.get(URL, {"mapping": "CUSTOMER"}).content.decode()

    assert "use the data of ERP" in page
    assert "use the data of CRM" not in page


def test_what_matching_finds_is_shown_and_then_coupled(matching: World, berta: Client) -> None:
    left, right = matching.left.add(name="Adatum", phone="1"), matching.right.add(name="Adatum", phone="1")
    alone = matching.left.add(name="Fabrikam")
    torn = matching.left.add(name="Contoso")
    rivals = [matching.right.add(name="Contoso") for _ in range(2)]

    response = act(berta, "couple", left, alone, torn)

    assert not Coupling.objects.exists(), "it is only shown yet"
    ((found, pair),) = response.context["pairs"]
    assert (found.record.key, found.partner.key, json.loads(pair)) == (left, right, [left, right])
    others = {one.record.key: one for one in response.context["others"]}
    assert others[alone].reason[0] == "no_match"
    assert {one.key for one in others[torn].candidates} == set(rivals)
    page = response.content.decode()
    assert f'href="/couplings/add/?mapping=CUSTOMER&amp;left={torn}"' in page

    page = act(berta, "couple", confirm="1", pair=[pair]).content.decode()

    assert "1 pair was coupled." in page
    assert [(one.left_key, one.right_key) for one in Coupling.objects.all()] == [(left, right)]
    assert len(matching.right.keys()) == 3, "nothing is created"
    assert SyncJob.objects.get(kind=Kind.RECORDS).parameters["keys"] == [left]


def test_records_of_the_other_side_find_their_partners_too(matching: World, berta: Client) -> None:
    left, right = matching.left.add(name="Adatum"), matching.right.add(name="Adatum")

    ((_found, pair),) = act(berta, "couple", right, side="right").context["pairs"]
    act(berta, "couple", side="right", confirm="1", pair=[pair])

    assert [(one.left_key, one.right_key) for one in Coupling.objects.all()] == [(left, right)]


def test_what_cannot_be_coupled_stops_nothing(matching: World, berta: Client) -> None:
    left, right = matching.left.add(name="Adatum"), matching.right.add(name="Adatum")
    pairs = [json.dumps(["999", right]), json.dumps([left, right]), "nonsense", "[1,2]", '["a"]', "[" * 5_000]

    page = act(berta, "couple", confirm="1", pair=pairs).content.decode()

    assert "1 pair was coupled." in page
    assert "There is no record 999 in ERP." in page


def test_why_a_record_is_not_proposed(matching: World, berta: Client) -> None:
    pair = matching.left.add(name="Adatum"), matching.right.add(name="Adatum")
    coupling = couplings.add(matching.mapping, *pair, user=None)
    again = matching.left.add(name="Fabrikam")
    UncoupledRecord.objects.create(mapping=matching.mapping, side="left", key=again)

    response = act(berta, "couple", pair[0], again, "999")

    reasons = {one.record.key: one.reason[0] for one in response.context["others"]}
    assert reasons == {pair[0]: "coupled_already", again: "uncoupled_by_hand"}
    assert coupling in Coupling.objects.all()


def test_without_match_fields_nothing_is_proposed(world: World, berta: Client) -> None:
    left = world.left.add(name="Adatum")
    world.right.add(name="Adatum")

    page = act(berta, "couple", left).content.decode()

    assert "CUSTOMER has no match field." in page
    assert 'name="pair"' not in page


def test_couplings_are_removed_after_a_question(world: World, berta: Client) -> None:
    (one, _), (two, _), (three, _) = world.pairs(3)
    alone = world.left.add(name="Alone")

    page = act(berta, "remove_coupling", one, two, alone).content.decode()
    assert "Remove 2 couplings?" in page
    assert Coupling.objects.count() == 3

    page = act(berta, "remove_coupling", one, two, alone, confirm="1").content.decode()
    assert "2 couplings were removed. None of the records was changed." in page
    assert [coupling.left_key for coupling in Coupling.objects.all()] == [three]

    assert "None of the selected records is coupled." in act(berta, "remove_coupling", alone).content.decode()


def test_nothing_selected_is_said(world: World, berta: Client) -> None:
    for action in ("synchronize", "couple", "remove_coupling"):
        assert "Select one or more records." in act(berta, action).content.decode()
    assert "Choose one of the actions of the page." in act(berta, "explode", "1").content.decode()
    assert berta.post(f"{ACTIONS}?mapping=VENDOR", {"action": "couple"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", set()),
        ("operator", {"synchronize", "couple", "remove_coupling"}),
        ("administrator", {"synchronize", "couple", "remove_coupling"}),
    ],
)
def test_each_role_sees_and_does_what_it_may(world: World, role: str, allowed: set[str]) -> None:
    left = world.left.add(name="Adatum")
    client = given.signed_in(given.person("somebody", role))

    page = client.get(URL, {"mapping": "CUSTOMER"}).content.decode()

    for action in ("synchronize", "couple", "remove_coupling"):
        assert (f'name="action" value="{action}"' in page) is (action in allowed)
        assert act(client, action, left).status_code == (200 if action in allowed else 403)
    assert SyncError.objects.count() == 0


def test_nobody_looks_without_signing_in(client: Client, db: None) -> None:
    for url in (URL, ACTIONS, "/records/record/", "/records/why/", "/records/synchronize/"):
        assert client.get(url).status_code == 302


@pytest.mark.parametrize("count", [2, 45])
def test_the_number_of_queries_does_not_grow(world: World, berta: Client, count: int) -> None:
    """Whether the systems may be asked is not counted here, as it is asked before every call."""
    world.pairs(count)
    for coupling in Coupling.objects.all():
        world.left.edit(coupling.left_key, phone="2")
        world.right.edit(coupling.right_key, phone="3")
    world.sync()
    # session, user, the mappings and their fields, the couplings of the page, their errors, what was uncoupled, two
    # kinds of permissions, the number of open errors in the head of the page
    berta.get(URL, {"mapping": "CUSTOMER"})
    with CaptureQueriesContext(connection) as queries:
        berta.get(URL, {"mapping": "CUSTOMER"})

    mine = [query["sql"] for query in queries if "asked_to_wait AND" not in query["sql"]]
    assert len(mine) == 10, mine
