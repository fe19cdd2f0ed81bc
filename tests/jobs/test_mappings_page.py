from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import Connection, FieldMapping
from jobs.models import JobState, Kind, SyncJob
from tests import given

pytestmark = pytest.mark.django_db


def act(client: Client, action: str, name: str = "CUSTOMER") -> str:
    return client.post(f"/mappings/{name}/actions/", {"action": action}, follow=True).content.decode()


def test_the_list_tells_tables_last_run_next_run_and_errors(ada: Client) -> None:
    mapping = given.mapping(
        direction="left_to_right", next_run=timezone.now() + timedelta(minutes=5), schedule_every=1800
    )
    given.mapping("ITEM", paused=True)
    given.error(mapping, 1)
    given.error(mapping, 2, state="waiting")
    given.job(mapping, read=3, modified=3)

    page = ada.get("/mappings/").content.decode()

    assert "ERP <code>customer</code> → CRM <code>account</code>" in page
    assert "3 Modified" in page
    assert '<a href="/errors/?mapping=CUSTOMER">2</a>' in page
    assert '<a href="/errors/?mapping=CUSTOMER&amp;state=skipped">1</a>' in page
    assert "every 30 min" in page
    assert "when asked for" in page
    assert "On Hold" in page


def test_its_rules_are_sentences_with_the_systems_names(ada: Client) -> None:
    given.mapping(
        direction="left_to_right",
        only_coupled=True,
        update_conflict="right",
        deletion_conflict="delete",
        schedule_every=1800,
        guard_share=0.25,
    )

    page = ada.get("/mappings/CUSTOMER/").content.decode()

    for sentence in (
        "Changes travel from ERP to CRM only.",
        "Only coupled records are synchronized; others are left alone.",
        "When both systems changed the same field: CRM wins.",
        "When a record was deleted in one system: delete it on the other side as well.",
        "A run that would delete more than 100 records, or 25 % of them, is held until a person decides.",
        "It runs every 30 min.",
    ):
        assert sentence in page, sentence


def test_what_happens_to_values_is_told(ada: Client) -> None:
    mapping = given.mapping(defaults={"right": [{"set": {"segment": "new", "status": 1}}]})
    steps = ["trim", {"prefix": "C-"}, {"pad": {"length": 5}}]
    mapping.fields.filter(left="phone").update(transforms=steps, values={"map": {"a": "b"}}, required=True, clear=False)
    FieldMapping.objects.create(mapping=mapping, position=9, left="", right="company", constant="CRONUS")

    page = unescape(ada.get("/mappings/CUSTOMER/").content.decode())

    assert "trim, prefix C-, pad (length: 5), 1 value mapped, required, emptied values do not travel" in page
    assert "always CRONUS" in page
    assert "New records in CRM are given defaults: segment, status." in page


def test_a_name_may_hold_what_configurations_allow(ada: Client) -> None:
    name = "PRICES & TERMS (EU)"
    given.mapping(name)

    page = ada.get("/mappings/").content.decode()

    assert "PRICES &amp; TERMS (EU)" in page
    assert ada.get("/mappings/PRICES%20&%20TERMS%20(EU)/").status_code == 200
    assert "scheduled" in act(ada, "modified", name)


@pytest.mark.parametrize("kind", [Kind.MODIFIED, Kind.FULL, Kind.FIND_DELETED])
def test_buttons_start_jobs(ada: Client, kind: Kind) -> None:
    given.mapping()

    page = act(ada, kind.value)

    assert "was scheduled" in page
    assert SyncJob.objects.get().kind == kind


def test_a_click_says_until_when_a_system_has_asked_to_be_left_alone(ada: Client) -> None:
    given.mapping()
    until = timezone.now() + timedelta(minutes=5)
    Connection.objects.filter(name="CRM").update(circuit="open", asked_to_wait=True, open_until=until)

    page = act(ada, "modified")

    assert "was scheduled" in page
    assert "CRM has asked to be left alone until" in page


def test_pause_and_resume(ada: Client) -> None:
    mapping = given.mapping()

    assert "The mapping is paused." in act(ada, "pause")
    mapping.refresh_from_db()
    assert mapping.paused
    assert "is paused" in act(ada, "modified")
    assert not SyncJob.objects.exists()
    assert "The mapping resumes." in act(ada, "resume")
    mapping.refresh_from_db()
    assert not mapping.paused


def test_paused_or_resumed_twice_it_says_so(ada: Client) -> None:
    given.mapping()
    assert "was not paused" in act(ada, "resume")
    act(ada, "pause")
    assert "was paused already" in act(ada, "pause")


def test_a_job_on_hold_is_named_where_the_schedule_waits_for_it(ada: Client) -> None:
    job = given.job(given.mapping(), state=JobState.PAUSED)

    page = ada.get("/mappings/CUSTOMER/").content.decode()

    assert f'<a href="/jobs/{job.pk}/">Job {job.pk}</a>: It is on hold, and the schedule waits' in page


def test_who_may_do_what() -> None:
    given.mapping()
    berta = given.signed_in(given.person("berta", "operator"))
    carl = given.signed_in(given.person("carl", "viewer"))

    assert 'value="pause"' not in berta.get("/mappings/CUSTOMER/").content.decode()
    for client, refused in (
        (berta, {"pause", "resume"}),
        (carl, {"modified", "full", "find_deleted", "pause", "resume"}),
    ):
        for action in ("modified", "full", "find_deleted", "pause", "resume"):
            status = client.post("/mappings/CUSTOMER/actions/", {"action": action}).status_code
            assert (status == 403) is (action in refused), action


def test_an_unknown_mapping_or_action(ada: Client) -> None:
    given.mapping()

    assert ada.get("/mappings/GONE/").status_code == 404
    assert ada.post("/mappings/GONE/actions/", {"action": "full"}).status_code == 404
    assert "Choose one of the actions" in act(ada, "explode")


@pytest.mark.parametrize("count", [2, 20])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    for number in range(count):
        mapping = given.mapping(f"M{number}")
        given.job(mapping)
        given.error(mapping, number)
    ada.get("/mappings/")

    with CaptureQueriesContext(connection) as queries:
        ada.get("/mappings/")

    # session, user, his permissions and those of his groups, mappings, their last jobs, errors counted, the page's head
    assert len(queries) <= 9
