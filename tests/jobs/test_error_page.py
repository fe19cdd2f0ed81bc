"""One error side by side, between two real databases."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import FieldMapping, SyncError
from jobs.models import Kind, SyncJob
from tests import given
from tests.jobs.worlds import World


@pytest.fixture
def conflict(world: World) -> SyncError:
    """Both sides changed the phone of Adatum, and the right one its fax as well."""
    left, right = world.pair(name="Adatum", phone="1", fax="5")
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3", fax="6")
    world.sync()
    return world.error()


def url(error: SyncError) -> str:
    return f"/errors/{error.pk}/"


def work_off(world: World) -> None:
    """What the workers do when the job is rung."""
    world.sync(Kind.RETRY)


def test_it_shows_what_each_side_holds_and_what_merges(conflict: SyncError, ada: Client) -> None:
    response = ada.get(url(conflict))

    rows = {row.name: row for row in response.context["comparison"].rows}
    assert rows["phone>telephone"].conflict
    assert (rows["phone>telephone"].left, rows["phone>telephone"].base, rows["phone>telephone"].right) == (
        "2",
        "1",
        "3",
    )
    assert rows["fax>fax"].result == "right"
    page = response.content.decode()
    assert 'name="field:phone&gt;telephone" value="left"' in page
    assert "Use ERP for all" in page
    assert "2 fields that agree" in page


def test_a_choice_for_each_field(world: World, conflict: SyncError, ada: Client) -> None:
    token = ada.get(url(conflict)).context["comparison"].token

    response = ada.post(url(conflict), {"token": token, "field:phone>telephone": "left"}, follow=True)
    assert "has been scheduled for 1 of 1 record" in response.content.decode()
    work_off(world)

    left, right = conflict.left_key or "", conflict.right_key or ""
    assert world.left.get(left) == world.right.get(right) == ("Adatum", "2", "6")
    assert not world.errors()
    page = ada.get(url(conflict)).content.decode()
    assert "Resolved: synchronized, by ada" in page


def test_what_merges_may_be_overruled_field_by_field(world: World, conflict: SyncError, ada: Client) -> None:
    token = ada.get(url(conflict)).context["comparison"].token

    ada.post(url(conflict), {"token": token, "field:phone>telephone": "right", "field:fax>fax": "left"})
    work_off(world)

    left, right = conflict.left_key or "", conflict.right_key or ""
    assert world.left.get(left) == world.right.get(right) == ("Adatum", "3", "5")
    assert not world.errors()


def test_what_merges_is_preselected_and_a_conflict_is_not(conflict: SyncError, ada: Client) -> None:
    page = ada.get(url(conflict)).content.decode()

    assert 'name="field:fax&gt;fax" value="right" checked' in page
    assert page.count(" checked") == 1
    assert 'name="field:phone&gt;telephone" value="left" required' in page


def test_it_says_when_each_record_was_changed_and_when_both_agreed(
    world: World, conflict: SyncError, ada: Client
) -> None:
    shown = ada.get(url(conflict)).context["comparison"]

    assert shown.agreed_at == world.coupling(conflict.left_key or "").last_synced
    assert shown.left_modified > shown.agreed_at
    assert shown.right_modified > shown.agreed_at


def test_without_a_choice_for_a_conflict_nothing_is_asked_of_a_job(conflict: SyncError, ada: Client) -> None:
    shown = ada.get(url(conflict)).context["comparison"]

    response = ada.post(url(conflict), {"token": shown.token, "seen": shown.seen, "field:fax>fax": "left"})

    assert response.status_code == 409
    assert "Choose a side for each of these fields: phone / telephone." in response.content.decode()
    conflict.refresh_from_db()
    assert conflict.request == ""
    rows = {row.name: row for row in response.context["comparison"].rows}
    assert rows["fax>fax"].picked == "left", "what was chosen stays chosen"


def test_a_choice_stays_unless_its_field_moved(world: World, conflict: SyncError, ada: Client) -> None:
    shown = ada.get(url(conflict)).context["comparison"]
    world.right.edit(conflict.right_key or "", fax="7")
    sent = {"token": shown.token, "seen": shown.seen, "field:phone>telephone": "left", "field:fax>fax": "left"}

    rows = {row.name: row for row in ada.post(url(conflict), sent).context["comparison"].rows}

    assert rows["phone>telephone"].picked == "left"
    assert (rows["fax>fax"].picked, rows["fax>fax"].right_new) == ("right", True), "as it would merge now"


@pytest.mark.parametrize("seen", ["", "[", "[]", "{}", '{"phone>telephone": 7}', "[" * 5_000])
def test_what_the_form_says_was_seen_may_be_anything(conflict: SyncError, ada: Client, seen: str) -> None:
    response = ada.post(url(conflict), {"token": "old", "seen": seen})

    assert response.status_code == 409
    assert not any(row.left_new or row.right_new for row in response.context["comparison"].rows)


def test_a_one_way_field_offers_no_choice(world: World, ada: Client) -> None:
    FieldMapping.objects.filter(left="fax").update(direction="left_to_right")
    left, right = world.pair(name="Adatum", phone="1", fax="5")
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3", fax="6")
    world.sync()

    response = ada.get(url(world.error()))

    rows = {row.name: row for row in response.context["comparison"].rows}
    assert (rows["fax>fax"].choosable, rows["fax>fax"].result) == (False, "left")
    assert 'name="field:fax' not in response.content.decode()


def actions_of(client: Client, error: SyncError) -> set[str]:
    return set(client.get(url(error)).context["actions"])


def test_only_what_would_be_accepted_is_offered(world: World, conflict: SyncError, ada: Client) -> None:
    assert actions_of(ada, conflict) == {"retry", "synchronize", "uncouple"}

    given.ask("retry")
    assert actions_of(ada, conflict) == {"uncouple"}, "somebody has asked already"
    assert "Use ERP for all" not in ada.get(url(conflict)).content.decode()


@pytest.mark.parametrize(
    ("direction", "gone", "offered"),
    [
        ("bidirectional", "right", {"restore", "delete"}),
        ("bidirectional", "left", {"restore", "delete"}),
        ("left_to_right", "right", {"restore"}),
        ("left_to_right", "left", {"delete"}),
        ("right_to_left", "right", {"delete"}),
        ("right_to_left", "left", {"restore"}),
    ],
)
def test_a_deletion_offers_what_the_direction_allows(
    world: World, ada: Client, direction: str, gone: str, offered: set[str]
) -> None:
    pair = dict(zip(("left", "right"), world.pair(name="Adatum"), strict=True))
    world.set(direction=direction)
    getattr(world, gone).delete(pair[gone])
    world.sync(Kind.FIND_DELETED)

    assert actions_of(ada, world.error()) == {"retry", "uncouple"} | offered


def test_a_record_that_came_back_is_not_restored(world: World, ada: Client) -> None:
    left, _right = world.pair(name="Adatum")
    world.left.delete(left)
    world.sync()
    error = world.error()
    assert "restore" in actions_of(ada, error)

    world.left.execute("INSERT INTO customer (id, name) VALUES (:id, 'Adatum')", id=int(left))

    assert actions_of(ada, error) == {"retry", "uncouple"}
    work_off(world)


def test_one_side_for_all(world: World, conflict: SyncError, ada: Client) -> None:
    token = ada.get(url(conflict)).context["comparison"].token

    ada.post(url(conflict), {"token": token, "use": "right"})
    work_off(world)

    assert world.left.get(conflict.left_key or "") == ("Adatum", "3", "6")


def test_a_record_that_moved_meanwhile_is_not_written(world: World, conflict: SyncError, ada: Client) -> None:
    shown = ada.get(url(conflict)).context["comparison"]
    world.right.edit(conflict.right_key or "", phone="4")

    response = ada.post(url(conflict), {"token": shown.token, "seen": shown.seen, "use": "left"})

    assert response.status_code == 409
    page = response.content.decode()
    assert "was changed while this page was open. Nothing was written" in page
    row = next(row for row in response.context["comparison"].rows if row.name == "phone>telephone")
    assert (row.right, row.right_new, row.left_new, row.picked) == ("4", True, False, None)
    assert "new</span>" in page
    conflict.refresh_from_db()
    assert conflict.request == ""


@pytest.mark.parametrize("sent", [{}, {"field:phone>telephone": "both"}, {"field:unknown": "left"}, {"use": "best"}])
def test_a_choice_that_makes_no_sense_writes_nothing(
    world: World, conflict: SyncError, ada: Client, sent: dict[str, str]
) -> None:
    token = ada.get(url(conflict)).context["comparison"].token

    ada.post(url(conflict), {"token": token, **sent})
    work_off(world)

    assert world.left.get(conflict.left_key or "") == ("Adatum", "2", "5")
    assert world.right.get(conflict.right_key or "") == ("Adatum", "3", "6")


def test_a_deletion_offers_to_restore_or_delete_in_plain_words(world: World, ada: Client) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.right.delete(right)
    world.sync()
    error = world.error()

    page = ada.get(url(error)).content.decode()

    assert "Create it again in CRM" in page
    assert "Delete it in ERP as well" in page
    assert "coupled to a deleted record" in page

    ada.post("/errors/actions/", {"action": "restore", "selected": error.pk, "next": url(error)})
    work_off(world)
    assert len(world.right.keys()) == 1
    assert not world.errors()
    assert world.left.get(left) == ("Adatum", "1", None)


def test_an_unreachable_system_is_said_and_the_stored_values_are_shown(
    world: World, conflict: SyncError, ada: Client
) -> None:
    world.mapping.right_connection.settings = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    world.mapping.right_connection.save()

    response = ada.get(url(conflict))

    page = response.content.decode()
    assert response.status_code == 200
    assert "CRM could not be reached" in page
    assert "those stored when the error was last seen" in page
    assert ">2</td>" in page


def test_the_error_of_a_connection_has_a_page(world: World, ada: Client) -> None:
    world.mapping.right_connection.settings = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    world.mapping.right_connection.save()
    world.sync()

    page = ada.get(url(world.error())).content.decode()

    assert "CRM could not be reached" in page
    assert "Use ERP" not in page


def test_a_viewer_looks_and_may_not_choose(conflict: SyncError) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    page = carl.get(url(conflict)).content.decode()

    assert "for all" not in page
    assert 'name="action"' not in page
    assert carl.post(url(conflict), {"use": "left"}).status_code == 403


@pytest.mark.django_db
def test_an_error_that_is_not_there(client: Client) -> None:
    ada = given.signed_in(given.person("ada", "administrator"))

    for pk in (0, 999, 10**30):
        response = ada.get(f"/errors/{pk}/")
        assert response.status_code == 404
        assert "There is nothing at this address" in response.content.decode()


def test_the_record_page_shows_both_sides_and_its_log(world: World, conflict: SyncError, ada: Client) -> None:
    page = ada.get(f"/couplings/{conflict.coupling_id}/").content.decode()

    assert "Left out since" in page
    assert "Synchronization Log" in page
    assert "Inserted" in page
    assert "phone / telephone" in page


def test_synchronize_from_the_record_page(world: World, ada: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    coupling = world.coupling(left)
    world.left.edit(left, phone="2")

    response = ada.post(
        "/couplings/actions/",
        {"action": "synchronize", "selected": coupling.pk, "use": "left", "next": f"/couplings/{coupling.pk}/"},
        follow=True,
    )

    assert "has been scheduled for 1 of 1 record" in response.content.decode()
    queued = SyncJob.objects.get(kind=Kind.RECORDS)
    assert queued.parameters == {"side": "left", "keys": [left], "use": "left"}


def test_a_field_written_is_in_the_log_with_old_and_new(world: World, ada: Client) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="<2>")
    world.sync()

    page = ada.get(f"/couplings/{world.coupling(left).pk}/").content.decode()

    assert "telephone: <del>1</del>" in page
    assert "<ins>&lt;2&gt;</ins>" in page


def test_removing_a_coupling_asks_first(world: World, ada: Client) -> None:
    left, _right = world.pair(name="Adatum")
    data: dict[str, Any] = {"action": "remove_coupling", "selected": world.coupling(left).pk}

    assert "Remove 1 coupling?" in ada.post("/couplings/actions/", data).content.decode()
    assert world.coupling(left)

    response = ada.post("/couplings/actions/", {**data, "confirm": "1"}, follow=True)
    assert "1 coupling was removed. Neither record was changed." in response.content.decode()
    assert len(world.left.keys()) == len(world.right.keys()) == 1


@pytest.mark.parametrize("count", [2, 40])
def test_the_number_of_queries_does_not_grow(world: World, ada: Client, count: int) -> None:
    """Fields, log entries and other errors cost no query each; what the systems are asked is not counted here."""
    left, right = world.pair(name="Adatum", phone="1")
    for number in range(count):
        world.left.edit(left, phone=str(number + 10))
        world.sync()
    world.left.edit(left, phone="2")
    world.right.edit(right, phone="3")
    world.sync()
    error = world.error()
    SyncError.objects.filter(pk=error.pk).update(assigned_to=given.person("berta", "operator"))
    # session, user, the error with whom it is assigned to, the mapping's fields for each side and the rules, two kinds
    # of permissions, whether each system may be asked, when it is opened and when it is read, the actions that apply,
    # what was noted on the error and to whom it may be assigned; the record's page reads its open error, its log, its
    # jobs and whether its last entry is undone as well; the head of each page counts the open errors
    expected = {f"/errors/{error.pk}/": 16, f"/couplings/{error.coupling_id}/": 17}

    for page, number in expected.items():
        ada.get(page)
        with CaptureQueriesContext(connection) as queries:
            ada.get(page)
        assert len(queries) == number, [query["sql"] for query in queries]
