"""Set Up Coupling, between two real databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import Coupling, SyncError
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import runner
from jobs.services import couplings, mappings
from jobs.services.errors import Refused
from jobs.services.records import search
from syncstatus.engine.records import Side
from tests import given
from tests.faults import processes
from tests.jobs.worlds import World

URL = "/couplings/add/"
NOBODY = {"url": "postgresql://nobody@127.0.0.1:1/none"}


@pytest.fixture
def ada(transactional_db: None) -> Client:
    return given.signed_in(given.person("ada", "operator"))


@pytest.fixture
def ambiguous(make_world: Callable[..., World]) -> World:
    """One customer called Adatum in ERP, two in CRM."""
    world = make_world(match=["name"])
    world.left.add(name="Adatum", phone="1")
    for phone in ("1", "2"):
        world.right.add(name="Adatum", phone=phone)
    world.sync()
    return world


def url(**chosen: str) -> str:
    return f"{URL}?{urlencode({'mapping': 'CUSTOMER', **chosen})}"


def work_off() -> None:
    """What the workers do when the jobs are rung."""
    for pk in SyncJob.objects.filter(state=JobState.QUEUED).order_by("pk").values_list("pk", flat=True):
        runner.run(pk)


def halves(client: Client, **chosen: str) -> dict[str, Any]:
    left, right = client.get(url(**chosen)).context["halves"]
    return {"left": left, "right": right}


def couple(client: Client, left: str, right: str, **options: Any) -> Any:
    return client.post(URL, {"mapping": "CUSTOMER", "left": left, "right": right}, **options)


def test_a_mapping_is_chosen_first(world: World, ada: Client) -> None:
    page = ada.get(URL).content.decode()
    assert '<option value="CUSTOMER">CUSTOMER (ERP ↔ CRM)</option>' in page

    assert "There is no mapping VENDOR." in ada.get(f"{URL}?mapping=VENDOR").content.decode()


def test_each_side_is_searched_by_key_and_by_text(world: World, ada: Client) -> None:
    adatum = world.left.add(name="Adatum", phone="+45 1")
    world.left.add(name="Fabrikam", phone="ADATUM")
    right = world.right.add(name="adatum", phone="3")

    assert [record.description for record in halves(ada, q_left=adatum)["left"].found] == ["Adatum"]
    assert {record.description for record in halves(ada, q_left=" ADATUM ")["left"].found} == {"Adatum", "Fabrikam"}
    assert [record.key for record in halves(ada, q_right="Adatum")["right"].found] == [right]
    page = ada.get(url(q_right="Adatum", left=adatum)).content.decode()
    assert f'name="right" value="{right}"' in page
    assert f'<input type="hidden" name="left" value="{adatum}">' in page
    assert "No record within the filter has this key" in ada.get(url(q_left="Contoso")).content.decode()


def test_only_records_within_the_filter_are_found(world: World) -> None:
    world.set(left_filter={"region": "DK"})
    world.left.add(name="Adatum", region="DK")
    other = world.left.add(name="Adatum", region="SE")

    assert len(search(world.mapping, Side.LEFT, "adatum")) == 1
    assert search(world.mapping, Side.LEFT, other) == []


def test_a_record_outside_the_filter_is_not_coupled(world: World, ada: Client) -> None:
    world.set(left_filter={"region": "DK"})
    left, right = world.left.add(name="Adatum", region="SE"), world.right.add(name="Adatum")

    page = ada.get(url(left=left, right=right)).content.decode()

    assert "This record is outside the filter of the mapping" in page
    assert '<button class="primary">' not in page


def test_a_search_finds_no_more_than_its_limit(world: World, ada: Client) -> None:
    for number in range(21):
        world.left.add(name="Adatum", phone=str(number))

    assert len(search(world.mapping, Side.LEFT, "Adatum", limit=3)) == 3
    response = ada.get(url(q_left="Adatum"))
    assert len(response.context["halves"][0].found) == 20
    assert "Only 20 records are shown." in response.content.decode()


def test_a_record_that_is_coupled_cannot_be_chosen(world: World, ada: Client) -> None:
    left, right = world.pair(name="Adatum")

    page = ada.get(url(q_left="adatum")).content.decode()

    assert f"Already coupled to {right}." in page
    assert f'href="/couplings/{world.coupling(left).pk}/"' in page
    assert f'name="left" value="{left}"' not in page


def test_both_records_are_shown_with_what_would_happen(world: World, ada: Client) -> None:
    world.mapping.fields.filter(left="phone").update(policy="left")
    world.mapping.fields.filter(left="amount").update(direction="right_to_left")
    left = world.left.add(name="Adatum", phone="1", fax="5", amount=1)
    right = world.right.add(name="Adatum", phone="2", fax="6", amount=2)

    page = ada.get(url(left=left, right=right)).content.decode()

    assert "differs: CRM takes the value of ERP" in page
    assert "differs: ERP takes the value of CRM" in page
    assert "differs: a person is asked" in page
    assert "1 field needs a decision" in page
    assert '<button class="primary">Set Up Coupling</button>' in page


def test_two_records_are_coupled_and_synchronized(world: World, ada: Client) -> None:
    world.set(update_conflict="left", only_coupled=True)
    left = world.left.add(name="Adatum", phone="1")
    right = world.right.add(name="Adatum Corporation", phone="2")

    response = couple(ada, left, right, follow=True)

    coupling = world.coupling(left)
    assert response.redirect_chain == [(f"/couplings/{coupling.pk}/", 302)]
    assert f"ERP {left} and CRM {right} are coupled" in response.content.decode()
    work_off()
    assert world.right.get(right) == ("Adatum", "1", None)
    world.assert_quiet()


@pytest.mark.parametrize(("use", "phone"), [("left", "1"), ("right", "2")])
def test_a_person_chooses_whose_data_are_used_first(world: World, ada: Client, use: str, phone: str) -> None:
    left, right = world.left.add(name="Adatum", phone="1"), world.right.add(name="Adatum", phone="2")
    assert '<option value="left">use the data of ERP</option>' in ada.get(url(left=left, right=right)).content.decode()

    ada.post(URL, {"mapping": "CUSTOMER", "left": left, "right": right, "use": use})
    work_off()

    assert world.left.get(left, "phone") == world.right.get(right, "phone") == (phone,)
    assert not world.errors()


def test_data_that_travel_nowhere_are_not_offered(world: World, ada: Client) -> None:
    world.set(direction="left_to_right")
    left, right = world.left.add(name="Adatum", phone="1"), world.right.add(name="Adatum", phone="2")

    assert 'name="use"' not in ada.get(url(left=left, right=right)).content.decode()


def test_a_part_of_a_name_is_found_however_it_is_spelled(world: World, ada: Client) -> None:
    adatum = world.left.add(name="Adatum Corporation")

    for text in ("adatum", "Corp", "ADATUM CORPORATION", "atum Corp"):
        assert [record.key for record in halves(ada, q_left=text)["left"].found] == [adatum]
    assert halves(ada, q_left="%")["left"].found == []


def test_the_candidates_of_an_error_are_offered_without_searching(ambiguous: World, ada: Client) -> None:
    error = SyncError.objects.get(left_key__isnull=False)
    page = ada.get(f"/errors/{error.pk}/").content.decode()
    link = f"{URL}?mapping=CUSTOMER&amp;left={error.left_key}"
    assert f'href="{link}"' in page

    page = ada.get(link.replace("&amp;", "&")).content.decode()

    assert "These records match. Choose the right one" in page
    for (key,) in ambiguous.right.execute("SELECT id FROM account"):
        assert f'name="right" value="{key}"' in page


def test_coupling_one_candidate_closes_the_errors_of_both(ambiguous: World, ada: Client) -> None:
    (left,) = ambiguous.left.keys()
    ((right,),) = ambiguous.right.execute("SELECT CAST(id AS text) FROM account WHERE telephone = '1'")

    couple(ada, left, right)

    closed = SyncError.objects.filter(state="resolved")
    assert {error.left_key or error.right_key for error in closed} == {left, right}
    assert {(error.resolution, error.resolved_by.get_username()) for error in closed} == {("coupled", "ada")}  # type: ignore[union-attr]
    work_off()
    other = ambiguous.error()
    assert (other.kind, other.code) == ("duplicate", "duplicate")
    assert other.right_key not in (None, right)
    ambiguous.assert_quiet()
    page = ada.get(f"/errors/{closed[0].pk}/").content.decode()
    assert "Resolved: coupled by hand, by ada" in page


def test_a_taken_record_is_refused_and_nothing_is_lost(world: World, ada: Client) -> None:
    left, right = world.pair(name="Adatum")
    world.set(only_coupled=True)
    other = world.right.add(name="Fabrikam")

    response = ada.post(URL, {"mapping": "CUSTOMER", "left": left, "right": other, "q_right": "fabrikam"})

    page = response.content.decode()
    assert response.status_code == 409
    assert (
        f"Cannot couple {other} to this {left} record, because the {left} record is already coupled to {right}." in page
    )
    assert f'<input type="hidden" name="right" value="{other}">' in page
    assert '<input type="hidden" name="q_right" value="fabrikam">' in page
    assert Coupling.objects.count() == 1


def test_a_record_that_is_not_there_is_refused(world: World, ada: Client) -> None:
    right = world.right.add(name="Adatum")

    for response in (couple(ada, "999", right), ada.get(url(left="999", right=right))):
        assert "There is no record 999 in ERP." in response.content.decode()
    assert "Choose a record in both systems first." in couple(ada, "", right).content.decode()
    assert not Coupling.objects.exists()


def test_somebody_who_was_faster_is_no_failure(world: World) -> None:
    """Berta couples the record while Ada's wish stands between its look and its coupling: Ada's is refused."""
    left, right, other = world.left.add(name="A"), world.right.add(name="A"), world.right.add(name="B")
    with ThreadPoolExecutor(1) as ada:
        with transaction.atomic():
            Coupling.objects.create(mapping=world.mapping, left_key=left, right_key=other)
            wish = ada.submit(add_in_a_thread, world, left, right)
            processes.until(somebody_waits_for_us, "the other coupling to wait for this one")
        with pytest.raises(Refused, match="already_coupled") as refused:
            wish.result()
    assert refused.value.params["other"] == other


def add_in_a_thread(world: World, left: str, right: str) -> Coupling:
    try:
        return couplings.add(world.mapping, left, right, user=None)
    finally:
        connection.close()


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone() is not None


def test_a_paused_mapping_synchronizes_when_it_resumes(world: World, ada: Client) -> None:
    world.set(update_conflict="left", only_coupled=True)
    left, right = world.left.add(name="Adatum"), world.right.add(name="adatum")
    mappings.pause(world.mapping, user=None)

    page = couple(ada, left, right, follow=True).content.decode()

    assert "are coupled, and will be synchronized when their mapping runs again." in page
    work_off()
    assert world.right.get(right, "name") == ("adatum",)
    mappings.resume(world.mapping, user=None)
    work_off()
    assert world.right.get(right, "name") == ("Adatum",)
    assert SyncJob.objects.filter(kind=Kind.RECORDS).count() == 1


def test_a_system_that_is_away_is_said_in_a_sentence(world: World, ada: Client) -> None:
    left, right = world.left.add(name="Adatum"), world.right.add(name="Adatum")
    world.mapping.right_connection.settings = NOBODY
    world.mapping.right_connection.save()

    searched = ada.get(url(q_left="adatum", q_right="adatum"))
    chosen = ada.get(url(left=left, right=right))
    posted = couple(ada, left, right)

    for response in (searched, chosen, posted):
        assert "CRM could not be reached" in response.content.decode()
    assert (searched.status_code, chosen.status_code, posted.status_code) == (200, 200, 409)
    assert f'name="left" value="{left}"' in searched.content.decode()
    assert not Coupling.objects.exists()


def test_a_viewer_looks_and_couples_nothing(world: World) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))
    left, right = world.left.add(name="Adatum"), world.right.add(name="Adatum")

    page = carl.get(url(left=left, right=right)).content.decode()

    assert "What happens when they are coupled" in page
    assert '<button class="primary">' not in page
    assert URL not in carl.get("/couplings/").content.decode()
    assert couple(carl, left, right).status_code == 403
    assert not Coupling.objects.exists()


def test_the_ways_in(world: World, ada: Client) -> None:
    left, right = world.pair(name="Adatum")
    pair = world.coupling(left).pk

    assert f'href="{URL}?mapping=CUSTOMER"' in ada.get("/couplings/?mapping=CUSTOMER").content.decode()
    for text in ("set up", "configurer le couplage"):
        assert f'href="{URL}"' in ada.get("/search/", {"q": text}).content.decode()
    wish = {"action": "remove_coupling", "selected": pair, "confirm": "1", "next": f"/couplings/{pair}/"}
    response = ada.post("/couplings/actions/", wish, follow=True)
    assert "1 coupling was removed" in response.content.decode()
    assert [half.record.key for half in response.context["halves"]] == [left, right]


def test_text_from_a_system_is_not_read_as_html(world: World, ada: Client) -> None:
    left = world.left.add(name="<b>Adatum</b>")

    for page in (url(left=left), url(q_left=left), url(q_right='"><b>x')):
        assert "<b>" not in ada.get(page).content.decode()
    assert ada.get(url(q_left="a\0b", left="\0")).status_code == 200


@pytest.mark.parametrize("count", [2, 15])
def test_the_number_of_queries_does_not_grow(world: World, ada: Client, count: int) -> None:
    """Records found cost no query each; what the systems are asked, and whether they may be, is not counted here."""
    world.pairs(2)
    for number in range(count):
        left, right = world.left.add(name="Adatum", phone=str(number)), world.right.add(name="Adatum")
    # session, user, the mapping or all of them, its fields; the couplings of what is shown on each side, or the error
    # that may name a partner; two kinds of permissions and the number of open errors in the head of the page
    expected = {
        URL: 6,
        url(): 7,
        url(q_left="adatum", q_right="adatum"): 9,
        url(left=left): 9,
        url(left=left, right=right): 9,
    }

    for page, number in expected.items():
        ada.get(page)
        with CaptureQueriesContext(connection) as queries:
            ada.get(page)
        mine = [query["sql"] for query in queries if "asked_to_wait AND" not in query["sql"]]
        assert len(mine) == number, (page, mine)
