"""Held deletions: the list of plans, a plan's records, and what the buttons do."""

from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import ErrorRequest, SyncError, TableMapping
from couplings.models.error import State
from jobs.models import SyncJob
from jobs.services import held_plans
from tests import given

URL = "/held/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return given.person("ada", "administrator")


@pytest.fixture
def client(ada: User) -> Client:
    return given.signed_in(ada)


@pytest.fixture
def job() -> SyncJob:
    return given.job(given.mapping())


def held(job: SyncJob, number: int, side: str = "right", **values: Any) -> SyncError:
    """A record that was deleted on the other side of ``side``, where its deletion is held."""
    exists = {f"{'left' if side == 'right' else 'right'}_exists": False}
    params = {"planned": 51, "coupled": 100, "limit": 50, "side": job.mapping.side_name(side)}
    common = {"kind": "held", "code": "mass_deletion", "state": State.HELD, "params": params, "fields": []}
    return given.error(job.mapping, number, **{**common, **exists, "job": job.pk, **values})


def url(job: SyncJob, side: str = "right", code: str = "mass_deletion") -> str:
    return f"{URL}{job.pk}/{side}/{code}/"


def post(client: Client, job: SyncJob, action: str, *errors: SyncError, **fields: Any) -> HttpResponse:
    data = {"action": action, "selected": [error.pk for error in errors], **fields}
    return client.post(f"{url(job)}actions/", data, follow=True)


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_it_lists_a_plan_for_each_job_side_and_reason(client: Client, job: SyncJob) -> None:
    for number in range(3):
        held(job, number)
    held(job, 4, side="left")
    held(given.job(given.mapping("ITEM")), 5, code="scope_changed")

    plans = client.get(URL).context["rows"]

    assert [(plan.mapping.name, plan.system, plan.code, plan.records) for plan in plans] == [
        ("ITEM", "CRM", "scope_changed", 1),
        ("CUSTOMER", "ERP", "mass_deletion", 1),
        ("CUSTOMER", "CRM", "mass_deletion", 3),
    ]
    page = client.get(URL).content.decode()
    assert "Delete 3 records in CRM" in page
    assert "would have deleted 51 of 100 coupled records in CRM, but the mapping allows only 50" in page
    assert f'href="{url(job)}"' in page


def test_nothing_held(client: Client, job: SyncJob) -> None:
    assert "No deletion is held back." in client.get(URL).content.decode()
    assert client.get(url(job))["Location"] == URL
    assert client.get(f"{URL}{job.pk}/middle/mass_deletion/").status_code == 404


def test_home_and_the_errors_page_lead_to_it(client: Client, job: SyncJob) -> None:
    held(job, 1)
    home = client.get("/").content.decode()
    assert f'<a href="{URL}" class="alarm"><strong>1</strong> deletion held back</a>' in home
    assert f'href="{URL}"' in client.get("/errors/").content.decode()


def test_a_plan_lists_its_records_page_by_page(client: Client, job: SyncJob) -> None:
    for number in range(120):
        held(job, number)
    seen: list[str] = []
    query: dict[str, str] | None = {}
    while query is not None:
        context = client.get(url(job), query).context
        seen += [row.record.left_key for row in context["table"].rows]
        query = context["page"].next
    assert seen == [str(10_000 + number) for number in range(120)]


def test_approving_asks_with_the_number_and_the_system_first(client: Client, ada: User, job: SyncJob) -> None:
    one, two, three = (held(job, number) for number in range(3))

    question = post(client, job, "approve", one, two).content.decode()

    assert "Delete 2 records in CRM?" in question
    assert not ErrorRequest.objects.exists()
    response = post(client, job, "approve", one, two, confirm="1", confirmed="2")
    assert said(response)[0].startswith("2 of 2 deletions are approved.")
    approved = SyncError.objects.filter(requested__request="delete", requested__by=ada)
    assert set(approved) == {one, two}
    assert SyncJob.objects.filter(kind="retry").count() == 1
    three.refresh_from_db()
    assert three.request == ""


def test_more_than_was_confirmed_is_asked_again(client: Client, job: SyncJob) -> None:
    for number in range(3):
        held(job, number)
    response = post(client, job, "approve_all", confirm="1", confirmed="2")
    assert "Delete 3 records in CRM?" in response.content.decode()
    assert not ErrorRequest.objects.exists()


def test_a_second_person_is_told(client: Client, job: SyncJob) -> None:
    held(job, 1)
    post(client, job, "approve_all", confirm="1", confirmed="1")
    berta = given.signed_in(given.person("berta", "administrator"))

    response = post(berta, job, "approve_all", confirm="1", confirmed="1")

    assert said(response)[0].startswith("0 of 1 deletion is approved.")
    assert said(response)[1] == "Left out: 1. Somebody has asked for them already."


def test_discard(client: Client, job: SyncJob) -> None:
    one, two = held(job, 1), held(job, 2)

    response = post(client, job, "discard", one)

    assert said(response)[0].startswith("1 of 1 deletion is discarded.")
    one.refresh_from_db()
    assert (one.kind, one.state, one.code) == ("deleted", "skipped", "deletion_discarded")
    error = client.get(f"/errors/{one.pk}/").content.decode()
    assert "was deleted in ERP. That it be deleted in CRM, too, was held back and then discarded. ada" in error
    assert "Discard 1 deletion in CRM?" in post(client, job, "discard_all").content.decode()
    post(client, job, "discard_all", confirm="1", confirmed="1")
    two.refresh_from_db()
    assert two.state == State.SKIPPED
    assert client.get(url(job))["Location"] == URL


@pytest.mark.parametrize("selected", [[], ["0"], ["x"], ["9" * 30]])
def test_nothing_selected(client: Client, job: SyncJob, selected: list[str]) -> None:
    held(job, 1)
    response = client.post(f"{url(job)}actions/", {"action": "discard", "selected": selected}, follow=True)
    assert said(response) == ["Select one or more records that are still held."]


def test_records_of_another_plan_are_none_of_this_one(client: Client, job: SyncJob) -> None:
    held(job, 1)
    other = held(given.job(given.mapping("ITEM")), 2)
    post(client, job, "discard", other)
    other.refresh_from_db()
    assert other.state == State.HELD


def test_an_unknown_action_does_nothing(client: Client, job: SyncJob) -> None:
    held(job, 1)
    assert said(post(client, job, "explode")) == ["Choose one of the actions of the page."]


@pytest.mark.parametrize(("role", "approves", "discards"), [("viewer", 403, 403), ("operator", 403, 200)])
def test_deleting_is_a_grant_of_its_own(job: SyncJob, role: str, approves: int, discards: int) -> None:
    carl, error = given.signed_in(given.person("carl", role)), held(job, 1)
    assert "Approve all" not in carl.get(url(job)).content.decode()
    assert post(carl, job, "approve", error).status_code == approves
    assert post(carl, job, "discard", error).status_code == discards


@pytest.mark.parametrize("count", [2, 30])
def test_the_number_of_queries_does_not_grow(client: Client, count: int) -> None:
    mapping = given.mapping()
    for number in range(count):
        held(given.job(mapping), number)
    client.get(URL)
    with CaptureQueriesContext(connection) as queries:
        client.get(URL)
    # of every page: session, user, permissions twice, the number of errors; the plans, what is approved of them, a
    # record of each, their mappings and connections
    assert len(queries) == 10


def test_plans_are_listed_page_by_page(client: Client) -> None:
    mapping = given.mapping()
    jobs = [given.job(mapping) for _number in range(60)]
    for number, job in enumerate(jobs):
        held(job, number)
        held(job, 100 + number, request="delete" if number == 59 else "")
    newest_first = [job.pk for job in reversed(jobs)]

    first = client.get(URL).context["page"]
    second = client.get(URL, first.next).context["page"]
    third = client.get(URL, second.next).context["page"]

    assert [plan.job for page in (first, second, third) for plan in page] == newest_first
    assert [plan.job for plan in client.get(URL, third.previous).context["page"]] == newest_first[25:50]
    assert (first.previous, third.next) == (None, None)
    assert [(plan.records, plan.approved) for plan in first][:2] == [(2, 1), (2, 0)]
    assert 'rel="next"' in client.get(URL).content.decode()


def test_a_page_tells_apart_what_one_job_holds(client: Client, job: SyncJob) -> None:
    """Both sides and two reasons, across the end of a page."""
    for number, (side, code) in enumerate(product(("left", "right"), ("mass_deletion", "scope_changed"))):
        held(job, number, side, code=code)
    later = [given.job(job.mapping) for _number in range(23)]
    for number, other in enumerate(later):
        held(other, 100 + number)

    first = client.get(URL).context["page"]
    second = client.get(URL, first.next).context["page"]

    own = [(plan.side, plan.code) for plan in [*first, *second] if plan.job == job.pk]
    assert (len(first), len(second)) == (25, 2)
    assert sorted(own) == sorted(product(("left", "right"), ("mass_deletion", "scope_changed")))


def test_a_plan_of_many_records_is_counted_so_far_and_no_further(
    client: Client, job: SyncJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_plans, "COUNTED", 3)
    for number in range(4):
        held(job, number)
    for number in range(3):
        held(given.job(job.mapping), 10 + number)
    few = given.job(job.mapping)
    for number in range(3):
        held(few, 20 + number)

    page = client.get(URL).content.decode()

    assert "Delete 3+ records in CRM" in page
    assert "Delete 3 records in CRM" in page
    assert "Delete 4 records in CRM?" in client.get(url(job)).content.decode()


def test_plans_are_found_from_one_to_the_next_through_the_index(job: SyncJob) -> None:
    template = held(job, 1)
    values = {field.attname: getattr(template, field.attname) for field in SyncError._meta.concrete_fields}
    values = {name: value for name, value in values.items() if name not in ("id", "cause", "searched", "coupling_id")}
    SyncError.objects.bulk_create(
        SyncError(**values | {"left_key": f"k{number}", "right_key": f"r{number}", "job": job.pk + number % 3})
        for number in range(5_000)
    )
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute("ANALYZE couplings_syncerror")
        held_plans.plans({})
        [sql] = [query["sql"] for query in queries if "RECURSIVE" in query["sql"]]
        cursor.execute("EXPLAIN " + sql)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert plan.count("Index Only Scan Backward using errors_held") == 2, plan
    assert "Sort" not in plan, plan


def test_a_mapping_with_one_connection_names_the_tables(client: Client) -> None:
    job = given.job(given.mapping("SELF", "ERP", "ERP"))
    held(job, 1)
    (plan,) = client.get(URL).context["rows"]
    assert plan.system == "ERP account"
    assert TableMapping.objects.get() == plan.mapping
