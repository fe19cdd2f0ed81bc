import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import Coupling
from tests import given

URL = "/search/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return given.signed_in(given.person("ada", "administrator"))


def places(client: Client, text: str) -> list[str]:
    return [place.name for place in client.get(URL, {"q": text}).context["answer"].places]


def test_pages_and_actions_are_found_in_both_languages(ada: Client) -> None:
    assert places(ada, "synchronization err") == ["Coupled Data Synchronization Errors"]
    assert places(ada, "erreurs de synchronisation") == ["Coupled Data Synchronization Errors"]
    assert places(ada, "RÉESSAYER TOUT") == ["Retry All"]
    assert places(ada, "Find for Deleted") == ["Find for Deleted"]


def test_everything_it_offers_can_be_opened(ada: Client) -> None:
    for place in ada.get(URL).context["answer"].places:
        assert ada.get(place.url).status_code == 200, place.name


def test_records_are_found_by_key_and_description(ada: Client) -> None:
    error = given.error(given.mapping(), 1)

    by_key = ada.get(URL, {"q": "10001"}).content.decode()
    assert f"/couplings/{error.coupling_id}/" in by_key
    assert f"/errors/{error.pk}/" in by_key
    assert f"/errors/{error.pk}/" in ada.get(URL, {"q": "adatum"}).content.decode()
    assert "/mappings/CUSTOMER/" in ada.get(URL, {"q": "custom"}).content.decode()


@pytest.mark.parametrize("text", ["zzz", "%", "\0zzz", "x" * 5000, "<script>"])
def test_what_is_not_found_is_said(ada: Client, text: str) -> None:
    response = ada.get(URL, {"q": text})

    assert response.status_code == 200
    assert "Nothing is called" in response.content.decode()
    assert "<script>”" not in response.content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mapping = given.mapping()
    for number in range(count):
        given.error(mapping, number)
    ada.get(URL)

    with CaptureQueriesContext(connection) as queries:
        ada.get(URL, {"q": "adatum"})

    # session, user, mappings by name, all mappings, records by the key of each side, errors
    assert len(queries) == 7


def test_a_key_is_looked_up_in_the_index(ada: Client) -> None:
    mapping = given.mapping()
    Coupling.objects.bulk_create(
        Coupling(mapping=mapping, left_key=f"{number}", right_key=f"a-{number}") for number in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couplings_coupling")
    with CaptureQueriesContext(connection) as queries:
        ada.get(URL, {"q": "4321"})
    found = [query["sql"] for query in queries if 'FROM "couplings_coupling"' in query["sql"]]

    for sql, index in zip(found, ("left_record_coupled_once", "right_record_coupled_once"), strict=True):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + sql)
            assert index in "\n".join(line for (line,) in cursor.fetchall())
