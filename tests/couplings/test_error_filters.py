"""The filters and orders of the errors page: what they find, and that an index of their own answers each."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings import lists, shown
from couplings.causes import causes
from couplings.facets import AGED, Facets
from couplings.filters import ErrorFilter
from couplings.models import Coupling, SyncError, TableMapping
from couplings.models.error import State
from couplings.paging import page
from tests import given

pytestmark = pytest.mark.django_db


def found(user: User | None = None, **query: str) -> list[str]:
    found = lists.page_of_errors(ErrorFilter(query, user), "-last_seen", {})
    return [error.description for error in found]


@pytest.mark.parametrize(
    "text",
    [
        "adatum",
        "DATUM corp",
        "corporation adatum",
        '"Adatum Corp"',
        "10001",
        "a-1",
        "phone",
        "Köln",
        "Ad",
        "ad köln",
    ],
)
def test_a_search_finds_every_word_in_names_keys_fields_and_messages(text: str) -> None:
    mapping = given.mapping()
    given.error(mapping, 1, description="Adatum Corporation", params={"text": "Köln"})
    given.error(mapping, 2, left_key="x2", right_key="b-2", description="Fabrikam", fields=["fax"], params={})

    assert found(q=text) == ["Adatum Corporation"]


@pytest.mark.parametrize(
    "text", ["corporation fabrikam", '"Corp Adatum"', "tex", "side", "%", "A_atum", "x", '"', "\\"]
)
def test_a_search_finds_nothing_else(text: str) -> None:
    """Neither the names of a message's parameters nor wildcards; one or two characters only where a word begins."""
    given.error(given.mapping(), 1, description="Adatum Corporation", params={"side": "left", "texts": ["Axx"]})

    assert found(q=text) == []


def test_the_age_and_the_person() -> None:
    ada, berta = User.objects.create_user("ada"), User.objects.create_user("berta")
    mapping, now = given.mapping(), timezone.now()
    for number, days, person in ((1, 0, None), (2, 2, ada), (3, 40, berta)):
        given.error(mapping, number, first_seen=now - timedelta(days=days, minutes=1), assigned_to=person)

    assert found(age="today") == ["Adatum 1"]
    assert found(age="day") == ["Adatum 2", "Adatum 3"]
    assert found(age="month") == ["Adatum 3"]
    assert found(assigned="nobody") == ["Adatum 1"]
    assert found(ada, assigned="me") == ["Adatum 2"]
    assert found(berta, assigned="ada") == ["Adatum 2"]
    assert found(assigned="me") == found(assigned="carl") == found(age="yesterday") == found(cause="nonsense") == []
    options = {option.value: option.count.value for option in Facets(ErrorFilter({}, ada), [mapping]).assigned}
    assert options == {"nobody": 1, "me": 1, "berta": 1}
    ages = {option.value: option.count.value for option in Facets(ErrorFilter({}, ada), [mapping]).ages}
    assert ages == {"today": 1, "day": 2, "week": 1, "month": 1}


@pytest.mark.parametrize(
    ("by_days", "told"),
    [
        ({0: 1, 2: 2, 40: AGED + 1}, {"today": "1", "day": "100+", "week": "100+", "month": "100+"}),
        ({0: AGED, 2: 2, 10: 5, 40: AGED - 5}, {"today": "100", "day": "100+", "week": "100", "month": "95"}),
        ({0: AGED + 1}, {"today": "100+"}),
    ],
    ids=["many old ones", "just as many as are counted", "many new ones"],
)
def test_few_of_an_age_are_counted_and_many_are_told_as_many(by_days: dict[int, int], told: dict[str, str]) -> None:
    mapping, now = given.mapping(), timezone.now()
    seen = [now - timedelta(days=days, minutes=1) for days, count in by_days.items() for _each in range(count)]
    SyncError.objects.bulk_create(
        SyncError(mapping=mapping, left_key=str(key), kind="conflict", code="conflict", state=State.SKIPPED,
                  first_seen=moment, last_seen=now)
        for key, moment in enumerate(seen)
    )  # fmt: skip

    for query in ({}, {"mapping": "CUSTOMER"}, {"age": "day"}):
        ages = Facets(ErrorFilter(query), [mapping]).ages
        assert {option.value: shown.number(option.count) for option in ages if option.count.value} == told, query


def test_a_filter_that_cannot_be_read_offers_no_age() -> None:
    given.error(given.mapping(), 1)
    assert Facets(ErrorFilter({"kind": "nonsense"}), []).ages == []


def test_causes_tell_the_system_and_lead_to_their_errors() -> None:
    mapping = given.mapping()
    for number in range(3):
        given.deleted(mapping, number, params={"deleted_side": "right"})
    given.deleted(mapping, 5, "left", params={"deleted_side": "left"})
    given.error(mapping, 6)

    first, *others = causes(ErrorFilter({}))

    assert (first.count, first.mapping) == (3, "CUSTOMER")
    assert "CRM" in first.message
    assert first.example.description == "Adatum 0"
    assert {one.count for one in others} == {1}
    assert found(cause=first.key, mapping="CUSTOMER") == ["Adatum 0", "Adatum 1", "Adatum 2"]
    assert [one.key for one in causes(ErrorFilter({"kind": "deleted"}))].index(first.key) == 0
    assert [one.count for one in causes(ErrorFilter({"q": "Adatum 5"}))] == [1]
    assert causes(ErrorFilter({"mapping": "NOWHERE"})) == []


def test_by_table_goes_through_tables_by_name_and_shows_every_error_once() -> None:
    for name in ("B", "A", "C"):
        mapping = given.mapping(name)
        for number in range(20):
            given.error(mapping, number, description=f"{name}{number:02}")
    down = timezone.now()
    common = {"kind": "connection", "code": "unreachable", "state": State.RETRYING}
    SyncError.objects.create(connection=mapping.left_connection, first_seen=down, last_seen=down, **common)

    seen: list[str] = []
    where: dict[str, str] | None = {}
    while where is not None:
        shown = lists.page_of_errors(ErrorFilter({}), "table_name", where)
        seen += [error.table_name for error in shown]
        where = shown.next
    back = lists.page_of_errors(ErrorFilter({}), "table_name", shown.previous or {})

    assert seen == ["A"] * 20 + ["B"] * 20 + ["C"] * 20 + ["ERP"]
    assert [error.table_name for error in back] == seen[40:60]


def test_a_table_that_was_deleted_meanwhile_leaves_no_gap() -> None:
    for name in ("A", "B", "C"):
        mapping = given.mapping(name)
        for number in range(30):
            given.error(mapping, number)
    first = lists.page_of_errors(ErrorFilter({}), "table_name", {})
    TableMapping.objects.get(name="B").delete()

    following = lists.page_of_errors(ErrorFilter({}), "table_name", first.next or {})

    assert [error.table_name for error in following] == ["A"] * 10 + ["C"] * 10


@pytest.fixture
def many() -> TableMapping:
    """Four tables with two thousand errors each, and statistics about them."""
    mappings = [given.mapping(f"M{number}") for number in range(4)]
    now = timezone.now()
    SyncError.objects.bulk_create(
        SyncError(
            mapping=mappings[number % 4],
            left_key=f"k{number}",
            right_key=f"r{number}",
            left_exists=True,
            right_exists=number % 50 > 0,
            description=f"Record {number}",
            kind="validation" if number % 40 else "deleted",
            code="required_empty" if number % 40 else "record_deleted",
            fields=[f"field{number % 16}"],
            state=State.SKIPPED if number % 30 else State.RETRYING,
            attempts=1 + number % 3,
            first_seen=now - timedelta(minutes=number * 37 % 8000),
            last_seen=now - timedelta(seconds=number * 7919 % 8000),
        )
        for number in range(8000)
    )
    Coupling.objects.bulk_create(
        Coupling(mapping=mappings[number % 4], left_key=f"k{number}", right_key=f"r{number}") for number in range(8000)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('errors_open_searched')")  # as autovacuum does
        cursor.execute("ANALYZE couplings_syncerror")
        cursor.execute("ANALYZE couplings_coupling")
    return mappings[2]


def plans(queries: CaptureQueriesContext, table: str) -> str:
    """How the store carries out the queries for rows of ``table``, but not those that count a few."""
    told = []
    with connection.cursor() as cursor:
        for query in queries:
            if f'FROM "{table}"' in query["sql"] and "LIMIT" in query["sql"]:
                cursor.execute("EXPLAIN " + query["sql"])
                told += [line for (line,) in cursor.fetchall()]
    return "\n".join(told)


ORDERS = {
    "last_seen": "errors_open_newest",
    "first_seen": "errors_open_oldest",
    "described": "errors_open_described",
    "coupled_to": "errors_open_coupled_to",
    "record_exists": "errors_open_existing",
    "coupled_record_exists": "errors_open_coupled_existing",
    "code": "errors_open_of_code",
    "kind": "errors_open_of_kind",
    "attempts": "errors_open_attempts",
    "table_name": "errors_open_of_mapping",
}


def test_every_order_is_read_from_its_index_on_any_page(many: TableMapping) -> None:
    for column, index in ORDERS.items():
        for order in (column, f"-{column}"):
            first = lists.page_of_errors(ErrorFilter({}), order, {})
            with CaptureQueriesContext(connection) as queries:
                lists.page_of_errors(ErrorFilter({}), order, first.next or {})
            plan = plans(queries, "couplings_syncerror")

            assert index in plan, (order, plan)
            assert "Sort" not in plan, (order, plan)
            assert "Seq Scan on couplings_syncerror" not in plan, (order, plan)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"mapping": "M2"}, "errors_open_of_mapping"),
        ({"kind": "deleted"}, "errors_open_of_kind"),
        ({"state": "by_itself"}, "errors_open_by_itself"),
        ({"q": "Record 7777"}, "errors_open_searched"),
        ({"q": "k7777"}, "errors_open_searched"),
    ],
)
def test_a_filter_reads_what_it_shows(many: TableMapping, query: dict[str, Any], index: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert lists.page_of_errors(ErrorFilter(query), "-last_seen", {})
    plan = plans(queries, "couplings_syncerror")

    assert index in plan, plan
    assert "Seq Scan on couplings_syncerror" not in plan, plan


def test_a_cause_reads_what_it_shows(many: TableMapping) -> None:
    cause = causes(ErrorFilter({"mapping": "M2"}))[0].key
    with CaptureQueriesContext(connection) as queries:
        lists.page_of_errors(ErrorFilter({"mapping": "M2", "cause": cause}), "-last_seen", {})

    assert "errors_open_of_cause" in plans(queries, "couplings_syncerror")


def test_the_list_of_couplings_is_read_from_its_indexes(many: TableMapping) -> None:
    for query in ({}, {"mapping": "M2"}):
        wanted = lists.couplings().filter(**({"mapping": many} if query else {}))
        with CaptureQueriesContext(connection) as queries:
            page(wanted, "-pk", page(wanted, "-pk", {}).next or {})
        plan = plans(queries, "couplings_coupling")
        assert "Seq Scan on couplings_coupling" not in plan, plan
        assert "Sort" not in plan, plan
