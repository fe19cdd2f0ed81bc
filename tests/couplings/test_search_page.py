import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings import places, ranking, tell_me
from couplings.models import Coupling
from tests import given

URL = "/search/"
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


def sections(client: Client, text: str) -> dict[str, list[str]]:
    found = client.get(URL, {"q": text}).context["sections"]
    return {section.title: [answer.label for answer in section.answers] for section in found}


def pages(client: Client, text: str) -> list[str]:
    return sections(client, text).get("Pages and actions", [])


def test_pages_and_actions_are_found_in_both_languages(ada: Client) -> None:
    assert pages(ada, "synchronization err") == ["Coupled Data Synchronization Errors"]
    assert pages(ada, "erreurs de synchronisation") == ["Coupled Data Synchronization Errors"]
    assert pages(ada, "RÉESSAYER TOUT") == ["Retry All"]
    assert pages(ada, "reessayer tout") == ["Retry All"]
    assert pages(ada, "find-for deleted") == ["Find for Deleted"]


def test_the_likeliest_comes_first(ada: Client) -> None:
    assert pages(ada, "retry")[:2] == ["Retry", "Retry All"]
    assert pages(ada, "home")[0] == "Home"
    assert pages(ada, "try again") == ["Retry"]
    assert pages(ada, "people")[0] == "People"


def test_a_misspelt_name_is_understood(ada: Client) -> None:
    assert "Schedules" in pages(ada, "shedules")
    assert pages(ada, "qqqq") == []


@pytest.mark.parametrize(
    ("wanted", "name", "rank"),
    [
        ("retry", "retry", ranking.SAME),
        ("retry", "retry all", ranking.BEGINS),
        ("sync err", "coupled data synchronization errors", ranking.WORDS),
        ("ynchro", "synchronize", ranking.INSIDE),
        ("retry", "undo", None),
        ("", "undo", None),
    ],
)
def test_ranks(wanted: str, name: str, rank: int | None) -> None:
    assert ranking.rank(wanted, name) == rank


def test_what_one_may_not_do_is_not_offered() -> None:
    carl = given.signed_in(given.person("carl", "viewer"))
    berta = given.signed_in(given.person("berta", "operator"))

    for action in ("Retry All", "Delete Records", "Audit log", "People", "Connect a system", "Map two tables"):
        assert action not in pages(carl, action)
    assert pages(berta, "Retry All") == ["Retry All"]
    assert "Delete Records" not in pages(berta, "Delete Records")
    assert pages(carl, "Schedules") == ["Schedules"]


@pytest.mark.parametrize("role", ["viewer", "operator", "administrator"])
def test_everything_it_offers_can_be_opened(role: str) -> None:
    client = given.signed_in(given.person("ada", role))

    (everything,) = client.get(URL).context["sections"]

    assert len(everything.answers) > 10
    for answer in everything.answers:
        assert client.get(answer.url).status_code == 200, answer.label


def test_every_place_has_other_names_in_french_where_it_has_them_in_english() -> None:
    from django.utils.translation import gettext, override

    with override("fr"):
        assert [place.name for place in places.PLACES if place.also and gettext(place.also) == place.also] == []


def test_records_are_found_by_key_and_description(ada: Client) -> None:
    error = given.error(given.mapping(), 1)

    by_key = ada.get(URL, {"q": "10001"}).content.decode()
    assert f"/couplings/{error.coupling_id}/" in by_key
    assert f"/errors/{error.pk}/" in by_key
    assert f"/errors/{error.pk}/" in ada.get(URL, {"q": "adatum"}).content.decode()


def test_mappings_and_connections_are_found_by_name(ada: Client) -> None:
    mapping = given.mapping("PRICES & TERMS")

    assert sections(ada, "terms")["Mappings"] == ["PRICES & TERMS"]
    assert "/mappings/PRICES%20&amp;%20TERMS/" in ada.get(URL, {"q": "terms"}).content.decode()
    assert sections(ada, "account")["Mappings"] == ["PRICES & TERMS"]
    assert sections(ada, "crm")["Connections"] == ["CRM"]
    assert f"/connections/{mapping.right_connection_id}/" in ada.get(URL, {"q": "crm"}).content.decode()


def test_an_exact_key_stands_before_others_that_begin_with_it(ada: Client) -> None:
    mapping = given.mapping()
    for key in ("47112", "4711", "471", "9"):
        Coupling.objects.create(mapping=mapping, left_key=key, right_key=f"a-{key}")

    assert sections(ada, "4711")["Coupled records"] == ["ERP 4711 ↔ CRM a-4711", "ERP 47112 ↔ CRM a-47112"]
    assert next(iter(sections(ada, "4711"))) == "Coupled records"
    assert sections(ada, "a-9")["Coupled records"] == ["ERP 9 ↔ CRM a-9"]


def test_while_somebody_types_only_a_few_answers_come(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(12):
        given.error(mapping, number)

    answer = ada.get(URL, {"q": "adatum"}, headers=HTMX)

    assert "<html" not in answer.content.decode()
    assert answer.content.decode().count("<li>") == 5
    assert 'role="status"' in answer.content.decode()
    assert "HX-Request" in answer["Vary"]
    assert ada.get(URL, {"q": ""}, headers=HTMX).content.decode().strip() == ""


def test_a_search_that_takes_too_long_is_given_up() -> None:
    coupling = given.coupling(given.mapping(), 1)
    slow = Coupling.objects.extra(where=["pg_sleep(3600) IS NOT NULL"])

    assert tell_me._in_time(slow) == []
    assert tell_me._in_time(Coupling.objects.all()) == [coupling]


@pytest.mark.parametrize("text", ["zzz", "%", "\0zzz", "x" * 5000, "<script>"])
def test_what_is_not_found_is_said(ada: Client, text: str) -> None:
    response = ada.get(URL, {"q": text})

    assert response.status_code == 200
    assert text == "%" or "Nothing is called" in response.content.decode()
    assert "<script>”" not in response.content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mapping = given.mapping()
    for number in range(count):
        given.error(mapping, number)
    ada.get(URL)

    with CaptureQueriesContext(connection) as queries:
        ada.get(URL, {"q": "adatum"})

    # of every page: session, user, permissions twice, the number of errors; all mappings, their connections and all
    # connections, records by the key of each side, and in transactions with a time limit by its beginning; errors in a
    # third
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 17


@pytest.mark.parametrize("key", ["4321", "432"])
def test_a_key_is_looked_up_in_the_index(ada: Client, key: str) -> None:
    mapping = given.mapping()
    Coupling.objects.bulk_create(
        Coupling(mapping=mapping, left_key=f"{number}", right_key=f"a-{number}") for number in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couplings_coupling")
    with CaptureQueriesContext(connection) as queries:
        ada.get(URL, {"q": key})
    found = [query["sql"] for query in queries if 'FROM "couplings_coupling"' in query["sql"]]

    for sql, index in zip(found, 2 * ("left_record_coupled_once", "right_record_coupled_once"), strict=True):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + sql)
            assert index in "\n".join(line for (line,) in cursor.fetchall())
