import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.paging import SIZE
from tests import given

URL = "/couplings/"

pytestmark = pytest.mark.django_db


def keys(client: Client, **query: str) -> list[str]:
    return [row.record.left_key for row in client.get(URL, query).context["table"].rows]


def test_it_lists_pairs_the_newest_first(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(3):
        given.coupling(mapping, number)

    assert keys(ada) == ["10002", "10001", "10000"]
    page = ada.get(URL).content.decode()
    assert "ERP" in page
    assert "a-1" in page


def test_filters_by_mapping_and_the_beginning_of_a_key(ada: Client) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    given.coupling(customer, 1)
    given.coupling(item, 2)

    assert keys(ada, mapping="ITEM") == ["10002"]
    assert keys(ada, q="10001") == ["10001"]
    assert keys(ada, q="a-2") == ["10002"]
    assert keys(ada, q="0001") == []
    assert keys(ada, q="%") == []
    assert keys(ada, mapping="GONE") == []
    assert keys(ada, q="a\0") == []


def test_an_open_error_is_linked(ada: Client) -> None:
    error = given.error(given.mapping(), 1)

    assert f'href="/errors/{error.pk}/">conflict' in ada.get(URL).content.decode()


def test_paging_shows_every_pair_once(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(45):
        given.coupling(mapping, number)
    first = ada.get(URL).context["page"]

    rest = keys(ada, **first.next)

    assert len(first) == SIZE
    assert len({coupling.left_key for coupling in first} | set(rest)) == 45


def test_buttons_depend_on_the_role() -> None:
    given.coupling(given.mapping(), 1)

    for role, shown in (("viewer", False), ("operator", True)):
        page = given.signed_in(given.person(role, role)).get(URL).content.decode()
        assert ('value="remove_coupling"' in page) is shown
        assert ('value="synchronize"' in page) is shown


def test_nothing_is_coupled_yet(ada: Client) -> None:
    assert "No records are coupled here." in ada.get(URL).content.decode()


@pytest.mark.parametrize("count", [2, 45])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mappings = [given.mapping(f"M{number}") for number in range(min(count, 5))]
    for number in range(count):
        given.error(mappings[number % len(mappings)], number)
    ada.get(URL)

    with CaptureQueriesContext(connection) as queries:
        ada.get(URL)

    # session, user, two kinds of permissions, the pairs, their errors, the mappings, the count, that of the navigation
    assert len(queries) == 9
