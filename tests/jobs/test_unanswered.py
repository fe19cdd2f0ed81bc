"""Records of which nobody knows which one is theirs: a person adopts one, or knows that none was made (R7, R14)."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from django.test import Client

from couplings.models import Coupling, SyncError
from couplings.models.error import Resolution
from jobs.models import CreateIntent, Kind
from jobs.runner import systems
from jobs.runner.holders import new_holder
from jobs.runner.locks import Locks, mark
from jobs.services import in_work, unanswered
from jobs.services.errors import Refused
from syncstatus.engine.records import Side
from tests import given
from tests.faults import processes
from tests.jobs.command_line import run
from tests.jobs.worlds import FIELDS, Table, World

RIGHT = "id integer PRIMARY KEY AUTOINCREMENT, fullname varchar(60), telephone varchar(20), fax varchar(30)"


class PlainTable(Table):
    """Of a system without row versions; its rows themselves tell whether something was written."""

    def versions(self) -> dict[str, str]:
        return {str(row[0]): repr(row) for row in self.execute(f"SELECT * FROM {self.name}")}


@pytest.fixture
def lost(make_world: Callable[..., World], sqlite_url: str) -> Iterator[World]:
    """Adatum was created in a system that draws the keys, its answer was lost, and somebody entered it there, too."""
    world = make_world()
    world.right.engine.dispose()
    world.right = PlainTable(sa.create_engine(sqlite_url), "account", FIELDS)
    world.right.execute(f"CREATE TABLE account ({RIGHT}, credit numeric(12, 2))")
    crm = world.mapping.right_connection
    crm.settings = {"url": sqlite_url}
    crm.save()
    world.set(right_schema="", right_modified_on="")
    world.left.add(name="Adatum", phone="1")
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    world.right.add(name="Adatum", phone="1")
    world.sync()
    assert (world.error().kind, world.error().code) == ("unknown_outcome", "unknown_outcome")
    yield world
    systems.close_all()


def test_the_candidate_a_person_adopts_is_coupled_and_the_other_is_a_new_record(lost: World) -> None:
    error = lost.error()
    coupling = unanswered.adopt(error, "2", user=None, queue=False)
    assert coupling.right_key == "2"
    assert not CreateIntent.objects.exists()
    assert SyncError.objects.get(pk=error.pk).resolution == Resolution.COUPLED
    assert len(lost.left.keys()) == len(lost.right.keys()) == Coupling.objects.count() == 2
    assert lost.errors() == []
    lost.assert_quiet()


def test_what_differs_by_now_is_decided_by_the_update_policy(lost: World) -> None:
    lost.set(update_conflict="left")
    (source,) = lost.left.keys()
    lost.left.edit(source, phone="7")
    unanswered.adopt(lost.error(), "1", user=None, queue=False)
    assert lost.right.get("1", "phone") == ("7",)
    assert lost.errors() == []


def test_a_candidate_that_was_coupled_or_deleted_meanwhile_is_refused(lost: World) -> None:
    error = lost.error()
    Coupling.objects.create(mapping=lost.mapping, left_key="4711", right_key="1")
    assert refused(error, "1") == "already_coupled"
    lost.right.delete("2")
    assert refused(error, "2") == "record_not_found"
    assert refused(error, "3") == "not_a_candidate"
    assert CreateIntent.objects.count() == 1


def test_adopting_twice_changes_nothing(lost: World) -> None:
    error = lost.error()
    unanswered.adopt(error, "1", user=None, queue=False)
    before = lost.left.versions(), lost.right.versions()
    assert refused(error, "1") == refused(error, "2") == "error_closed"
    assert (lost.left.versions(), lost.right.versions()) == before


def refused(error: SyncError, key: str) -> str:
    with pytest.raises(Refused) as no:
        unanswered.adopt(error, key, user=None, queue=False)
    return no.value.code


def test_created_again_under_a_new_key(lost: World) -> None:
    """A person looked: both that were found are somebody else's."""
    (source,) = lost.left.keys()
    error = lost.error()
    done = unanswered.create_again(SyncError.objects.filter(pk=error.pk), user=None, queue=False)
    assert (done.asked, done.accepted, done.refused) == (1, 1, {})
    assert lost.coupling(source).right_key == "3"
    assert not CreateIntent.objects.exists()
    assert SyncError.objects.get(pk=error.pk).state == "resolved"
    lost.sync(Kind.FULL)
    assert len(lost.left.keys()) == len(lost.right.keys()) == Coupling.objects.count() == 3


def test_create_again_is_no_second_match(lost: World) -> None:
    lost.mapping.fields.filter(left="name").update(match=1)
    unanswered.create_again(SyncError.objects.all(), user=None, queue=False)
    assert len(lost.right.keys()) == 3
    assert lost.errors() == []


def test_create_again_by_two_users_creates_once(lost: World) -> None:
    errors = SyncError.objects.open()
    first = unanswered.create_again(errors.all(), user=None)
    second = unanswered.create_again(errors.all(), user=None)
    assert (first.accepted, second.accepted, second.refused) == (1, 0, {"already_requested": 1})
    for _ in range(2):
        lost.sync(Kind.RETRY)
    assert len(lost.right.keys()) == 3
    assert unanswered.create_again(SyncError.objects.all(), user=None).refused == {"not_open": 1}


def test_a_kill_while_it_is_created_again_makes_no_further_record(lost: World) -> None:
    """The wish is about the create before, not about the one that works it off."""
    unanswered.create_again(SyncError.objects.all(), user=None)
    processes.die_at("after the other side's commit", 1, "sync", "CUSTOMER")
    assert len(lost.right.keys()) == 3
    lost.sync(Kind.RETRY)
    lost.sync()
    assert len(lost.right.keys()) == 3
    assert CreateIntent.objects.count() == 1, "three equal records now: which one is ours is for a person to say again"


def test_create_again_is_not_asked_for_while_a_job_looks(lost: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = lost.left.keys()
    monkeypatch.setattr(in_work, "PATIENCE", 0.1)
    with Locks(lost.mapping.pk, new_holder()).entered() as working:
        assert working.take([mark(Side.LEFT, source)]).locked
        assert unanswered.create_again(SyncError.objects.all(), user=None).accepted == 0
    assert lost.error().request == ""


def test_create_again_is_only_for_lost_answers(world: World) -> None:
    key, partner = world.pair(name="Adatum", phone="1")
    world.left.edit(key, phone="2")
    world.right.edit(partner, phone="3")
    world.sync()
    done = unanswered.create_again(SyncError.objects.open(), user=None, queue=False)
    assert (done.accepted, done.refused) == (0, {"nothing_unanswered": 1})
    assert unanswered.offered(world.error()) is None


def test_the_partner_of_an_ambiguous_record_is_adopted(make_world: Callable[..., World]) -> None:
    world = make_world(match=["name"])
    source = world.left.add(name="Adatum", phone="1")
    partners = [world.right.add(name="Adatum", phone="1") for _ in range(2)]
    world.sync()
    error = next(error for error in world.errors() if error.left_key == source)
    assert error.kind == "ambiguous"
    offered = unanswered.offered(error)
    assert offered is not None
    assert {record.key for record in offered.records} == set(partners)
    unanswered.adopt(error, partners[1], user=None, queue=False)
    assert world.coupling(source).right_key == partners[1]


def test_the_page_lists_the_candidates_with_their_values(lost: World, ada: Client) -> None:
    lost.right.edit("2", phone="changed since")
    page = ada.get(f"/errors/{lost.error().pk}/").content.decode()
    assert page.count("Adopt this record") == 2
    assert "changed since" in page
    assert "Create again in CRM" in page


def test_a_candidate_that_is_coupled_is_shown_and_not_offered(lost: World, ada: Client) -> None:
    Coupling.objects.create(mapping=lost.mapping, left_key="4711", right_key="1")
    page = ada.get(f"/errors/{lost.error().pk}/").content.decode()
    assert page.count("Adopt this record") == 1
    assert "Already coupled to 4711" in page


def test_adopting_on_the_page_leads_to_the_pair(lost: World, ada: Client) -> None:
    error = lost.error()
    response = ada.post(f"/errors/{error.pk}/adopt/", {"key": "2"}, follow=True)
    assert response.redirect_chain[-1][0] == f"/couplings/{Coupling.objects.get(right_key='2').pk}/"
    again = ada.post(f"/errors/{error.pk}/adopt/", {"key": "2"})
    assert again.status_code == 409
    assert "This error is closed already" in again.content.decode()


def test_create_again_on_the_page(lost: World, ada: Client) -> None:
    error = lost.error()
    form = {"action": "create_again", "selected": error.pk, "next": f"/errors/{error.pk}/"}
    page = ada.post("/errors/actions/", form, follow=True).content.decode()
    assert "Scheduled: Create again" in page
    lost.sync(Kind.RETRY)
    assert len(lost.right.keys()) == 3


@pytest.mark.parametrize("role", ["viewer"])
def test_who_may_not_couple_or_synchronize_is_offered_neither(lost: World, role: str) -> None:
    viewer = given.signed_in(given.person("vic", role))
    error = lost.error()
    page = viewer.get(f"/errors/{error.pk}/").content.decode()
    assert "Adopt this record" not in page
    assert "Create again" not in page
    assert viewer.post(f"/errors/{error.pk}/adopt/", {"key": "1"}).status_code == 403
    form = {"action": "create_again", "selected": error.pk}
    assert viewer.post("/errors/actions/", form).status_code == 403


def test_a_system_that_cannot_be_asked_is_said(lost: World, ada: Client) -> None:
    error = lost.error()
    crm = lost.mapping.right_connection
    crm.settings = {"url": "sqlite:////nowhere/at/all.sqlite3"}
    crm.save()
    response = ada.get(f"/errors/{error.pk}/")
    assert response.status_code == 200
    assert response.context["offered"].problem is not None


def test_as_commands(lost: World) -> None:
    error = lost.error()
    refused = run("errors", "adopt", error.pk, "77", "--json")
    assert (refused.code, refused.object["refused"]) == (1, {"not_a_candidate": 1})
    done = run("errors", "create-again", error.pk, "--json")
    assert (done.code, done.object["accepted"], done.object["open"]) == (0, 1, 0)


def test_adopt_as_a_command(lost: World) -> None:
    done = run("errors", "adopt", lost.error().pk, "1", "--json")
    assert done.code == 0
    assert Coupling.objects.filter(right_key="1").exists()
    assert run("errors", "adopt", 4711, "1").code == 2
