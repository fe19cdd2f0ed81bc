"""Match-Based Coupling on a page: looking, choosing, coupling."""

import csv
import io
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from couplings.models import Coupling
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import runner
from jobs.services import match_review, plans
from tests import given
from tests.jobs.worlds import World

URL = "/mappings/CUSTOMER/matches/"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One pair, one customer with two candidates, one without any; and one account that nobody looks for."""
    made = make_world(match=["name"])
    for name in ("Adatum", "Contoso", "Fabrikam"):
        made.left.add(name=name, phone="1")
    made.right.add(name="Adatum", phone="1")
    made.right.add(name="Contoso", phone="1")
    made.right.add(name="Contoso", phone="2")
    made.right.add(name="Tailspin", phone="3")
    return made


@pytest.fixture
def berta(world: World) -> Client:
    return given.signed_in(given.person("berta", "operator"))


def text(client: Client, url: str = URL, data: dict[str, Any] | None = None) -> str:
    answer = client.get(url) if data is None else client.post(url, data, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_nothing_is_read_before_somebody_says_so(berta: Client) -> None:
    assert "Both tables are read once" in text(berta)


def test_the_results_are_counted_and_shown_one_by_one(berta: Client, world: World) -> None:
    page = text(berta, f"{URL}?show=pair")
    assert 'Pairs <span class="count">1</span>' in page
    assert 'Ambiguous <span class="count">1</span>' in page
    assert 'Without a match <span class="count">4</span>' in page
    assert "Couple 1 pair" in page
    assert "1 record of ERP" in page

    ambiguous = text(berta, f"{URL}?show=ambiguous")
    assert "Contoso" in ambiguous
    assert ambiguous.count('type="radio"') == 2
    assert "100 % alike" in ambiguous
    assert "Tailspin" in text(berta, f"{URL}?show=unmatched")
    assert "There are none of these." in text(berta, f"{URL}?show=duplicate")
    assert not Coupling.objects.exists()


def test_a_chosen_candidate_is_coupled(berta: Client, world: World) -> None:
    key = world.left.execute("SELECT id FROM customer WHERE name = 'Contoso'")[0][0]
    partner = world.right.execute("SELECT id FROM account WHERE telephone = '2'")[0][0]
    sent = {"action": "choose", "show": "ambiguous", "key-0": key, "side-0": "left", "partner-0": str(partner)}

    assert "1 pair was coupled." in text(berta, URL, sent)

    assert list(Coupling.objects.values_list("left_key", "right_key")) == [(str(key), str(partner))]


def test_a_choice_that_cannot_be_is_refused_with_the_reason_and_the_others_are_coupled(
    berta: Client, world: World
) -> None:
    key, other = (
        world.left.execute(f"SELECT id FROM customer WHERE name = '{n}'")[0][0] for n in ("Contoso", "Adatum")
    )
    partner = str(world.right.execute("SELECT id FROM account WHERE telephone = '2'")[0][0])
    sent = {"action": "choose", "key-0": key, "side-0": "left", "partner-0": partner}
    sent |= {"key-1": other, "side-1": "left", "partner-1": "00000000-0000-0000-0000-000000000000"}

    page = text(berta, URL, sent)

    assert "1 pair was coupled." in page
    assert "There is no record 00000000-0000-0000-0000-000000000000 in CRM." in page
    assert Coupling.objects.get().right_key == partner


def test_without_a_choice_nothing_is_done(berta: Client) -> None:
    assert "Choose a partner" in text(berta, URL, {"action": "choose", "key-0": "1", "side-0": "left"})


@pytest.mark.parametrize("create_new", [False, True])
def test_all_pairs_are_coupled_by_a_job(berta: Client, create_new: bool) -> None:
    page = text(berta, URL, {"action": "apply"} | ({"create_new": "on"} if create_new else {}))

    assert "couples what matches" in page
    job = SyncJob.objects.get()
    assert job.kind == Kind.MATCH
    assert job.parameters == ({"create_new": True} if create_new else {})


def test_every_line_is_exported(berta: Client) -> None:
    answer = berta.get(f"{URL}export/")

    content = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert sorted(row["result"] for row in rows) == ["ambiguous"] * 2 + ["pair"] + ["unmatched"] * 4
    assert [row["couple"] for row in rows if row["result"] == "pair"] == ["yes"]


def test_what_cannot_be_matched_is_told(berta: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_review, "MOST", 3)
    assert "too many while somebody waits" in text(berta, f"{URL}?show=pair")
    world.mapping.fields.update(match=None)
    monkeypatch.undo()
    assert "has no match field" in text(berta, f"{URL}?show=pair")
    assert "has no match field" in text(berta, URL, {"action": "apply"})
    assert "Match-Based Coupling" not in text(berta, "/mappings/CUSTOMER/")


def test_a_job_looks_where_the_tables_are_too_large_and_what_it_found_is_applied(
    berta: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_review, "MOST", 3)
    assert 'value="look"' in text(berta, f"{URL}?show=pair")

    assert "Nothing is coupled before you apply them." in text(berta, URL, {"action": "look"})
    runner.run(SyncJob.objects.get().pk)

    job = SyncJob.objects.get()
    assert (job.state, job.coupled, job.failed, job.excluded) == (JobState.PLANNED, 1, 1, 1)
    assert not Coupling.objects.exists()
    page = text(berta, f"/jobs/{job.pk}/")
    assert 'value="apply"' in page

    done = plans.apply(job, user=None, queue=False)

    assert (done.coupled, done.failed, done.inserted) == (1, 1, 0)
    assert (len(world.left.keys()), len(world.right.keys())) == (3, 4)


def test_a_pair_whose_partner_has_gone_since_is_not_created(world: World) -> None:
    """Somebody asked for pairs, not for new records."""
    job = plans.preview(world.mapping, Kind.MATCH, user=None, queue=False)
    world.right.execute("DELETE FROM account WHERE fullname = 'Adatum'")

    done = plans.apply(job, user=None, queue=False)

    assert (done.coupled, done.inserted) == (0, 0)
    assert len(world.right.keys()) == 3


def test_a_viewer_may_not(world: World) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    for url in (URL, f"{URL}?show=pair", f"{URL}export/"):
        assert carl.get(url).status_code == 403
    assert {carl.post(URL, {"action": action}).status_code for action in ("apply", "look")} == {403}
    assert "Match-Based Coupling" not in text(carl, "/mappings/CUSTOMER/")
