from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import SyncError
from couplings.models.error import State
from tests import given

URL = "/errors/"

pytestmark = pytest.mark.django_db


def listed(client: Client, **query: str) -> list[str]:
    """The descriptions of the rows, in their order."""
    return [row.record.description for row in client.get(URL, query).context["table"].rows]


def test_it_has_the_columns_users_know(ada: Client) -> None:
    given.error(given.mapping(), 1)

    page = ada.get(URL).content.decode()

    for caption in (
        "Table",
        "Description",
        "Record Exists",
        "Coupled To",
        "Coupled Record Exists",
        "Error Message",
        "Failed On",
        "Kind",
        "Attempts",
        "Age",
    ):
        assert f">{caption}" in page, caption
    assert "Adatum 1" in page
    assert "both values have changed since the last synchronization" in page
    assert "phone / telephone" in page


def test_sides_bear_their_connections_names(ada: Client) -> None:
    given.error(given.mapping(), 1)

    page = ada.get(URL).content.decode()

    assert "use the data of ERP" in page
    assert "use the data of CRM" in page
    assert "the left" not in page


def test_side_names_that_contradict_each_other_are_not_offered(ada: Client) -> None:
    given.error(given.mapping("CUSTOMER", "ERP", "CRM"), 1)
    given.error(given.mapping("ITEM", "CRM", "SHOP"), 2)

    assert "use the data of" not in ada.get(URL).content.decode()
    assert "use the data of SHOP" in ada.get(URL, {"mapping": "ITEM"}).content.decode()


def test_newest_first_and_sortable(ada: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1, description="Beta", attempts=2)
    given.error(mapping, 2, description="Alpha", attempts=3)
    given.error(mapping, 3, description="Gamma", attempts=1)

    assert listed(ada) == ["Beta", "Alpha", "Gamma"]
    assert listed(ada, sort="failed_on") == ["Gamma", "Alpha", "Beta"]
    assert listed(ada, sort="description") == ["Alpha", "Beta", "Gamma"]
    assert listed(ada, sort="-attempts") == ["Alpha", "Beta", "Gamma"]
    assert listed(ada, sort="age") == ["Beta", "Alpha", "Gamma"]


COLUMNS = [
    "table",
    "description",
    "record_exists",
    "coupled_to",
    "coupled_record_exists",
    "message",
    "kind",
    "attempts",
    "failed_on",
    "age",
]


def test_paging_by_key_shows_every_row_once_in_any_order(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(120):
        side = {"left_exists": number % 3 != 0, "right_key": None if number % 5 == 0 else f"a-{number}"}
        given.error(mapping, number, attempts=number % 4, **side)

    for sort in [sign + column for column in COLUMNS for sign in ("", "-")]:
        query, pages = {"sort": sort}, []
        while not pages or pages[-1].next:
            pages.append(ada.get(URL, query).context["page"])
            query = {"sort": sort, **(pages[-1].next or {})}
        seen = [error.pk for page in pages for error in page]
        back = ada.get(URL, {"sort": sort, **pages[-1].previous}).context["page"]

        assert [len(page) for page in pages] == [20] * 6, sort
        assert len(set(seen)) == 120, sort
        assert [error.pk for error in back] == seen[80:100], sort


@pytest.mark.parametrize("mark", ["", "nonsense", "eyJhIjoxfQ:1x:abc"])
def test_a_broken_page_mark_leads_to_the_first_page(ada: Client, mark: str) -> None:
    given.error(given.mapping(), 1)

    assert listed(ada, after=mark) == ["Adatum 1"]
    assert listed(ada, before=mark) == ["Adatum 1"]


def test_a_mark_of_another_order_leads_to_the_first_page(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(60):
        given.error(mapping, number)
    mark = ada.get(URL).context["page"].next

    assert len(listed(ada, sort="description", **mark)) == 20


def test_an_unknown_sort_column_is_ignored(ada: Client) -> None:
    given.error(given.mapping(), 1)

    for sort in ("password", "selected", "--", "-"):
        assert listed(ada, sort=sort) == ["Adatum 1"]


def test_filters_by_mapping_kind_state_and_text(ada: Client) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    given.error(customer, 1)
    given.deleted(customer, 2)
    given.error(item, 3, state=State.RETRYING)
    given.error(item, 4, state=State.RESOLVED, resolved_at=timezone.now())

    assert listed(ada, mapping="CUSTOMER") == ["Adatum 1", "Adatum 2"]
    assert listed(ada, kind="deleted") == ["Adatum 2"]
    assert listed(ada, state="by_itself") == ["Adatum 3"]
    assert listed(ada, state="needs_person", mapping="CUSTOMER", kind="conflict") == ["Adatum 1"]
    assert listed(ada, state="resolved") == ["Adatum 4"]
    assert listed(ada, q="10003") == ["Adatum 3"]
    assert listed(ada, q="adatum 2") == ["Adatum 2"]
    assert listed(ada, q="50%") == []


@pytest.mark.parametrize("query", [{"kind": "nonsense"}, {"state": "left"}, {"q": "a\0b"}, {"q": "x" * 300}])
def test_a_filter_that_cannot_be_read_lists_nothing(ada: Client, query: dict[str, str]) -> None:
    given.error(given.mapping(), 1)

    assert listed(ada, **query) == []


def test_the_filters_options_say_how_many_they_show(ada: Client) -> None:
    customer, item = given.mapping(), given.mapping("ITEM")
    given.error(customer, 1)
    given.deleted(customer, 2)
    given.error(item, 3)

    page = ada.get(URL, {"kind": "conflict"}).content.decode()

    assert 'CUSTOMER <span class="count">1</span>' in page
    assert 'ITEM <span class="count">1</span>' in page
    assert 'deleted <span class="count">1</span>' in page
    assert 'conflict <span class="count">2</span>' in page


def test_counting_what_a_search_finds_stops_where_it_would_be_slow(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("couplings.facets.COUNTED", 3)
    mapping = given.mapping()
    for number in range(4):
        given.error(mapping, number)

    assert "<strong>4</strong> errors" in ada.get(URL).content.decode()
    page = ada.get(URL, {"q": "adatum"}).content.decode()
    assert "<strong>3+</strong> errors" in page
    assert 'CUSTOMER <span class="count">3+</span>' in page


def test_it_shows_errors_of_connections_and_of_one_sided_records(ada: Client) -> None:
    mapping = given.mapping()
    now = timezone.now()
    common = {"first_seen": now, "last_seen": now, "state": State.RETRYING}
    SyncError.objects.create(connection=mapping.left_connection, kind="connection", code="unreachable", **common)
    SyncError.objects.create(mapping=mapping, kind="schema", code="table_missing", **common)
    given.error(mapping, 1, left_key=None, left_exists=None, coupling=None, description="")

    page = ada.get(URL).content.decode()

    assert "ERP could not be reached" in page
    assert "CRM a-1" in page


def test_what_somebody_asked_for_is_shown(ada: Client) -> None:
    given.error(given.mapping(), 1, request="use_right")

    assert "Scheduled: Synchronize with the data of CRM" in ada.get(URL).content.decode()


def test_markup_in_a_record_is_shown_as_text(ada: Client) -> None:
    given.error(given.mapping(), 1, description="<script>alert(1)</script>", right_key='"><b>')

    page = ada.get(URL).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert '"><b>' not in page


def test_select_all_on_this_page_works_without_a_script(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(3):
        given.error(mapping, number)

    assert ada.get(URL, {"select": "page"}).content.decode().count(" checked>") == 3
    assert " checked>" not in ada.get(URL).content.decode()


def test_a_whole_view_is_selected_by_a_link_and_the_buttons_count(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(60):
        given.error(mapping, number)
    given.deleted(mapping, 61)

    page = ada.get(URL, {"select": "view"}).content.decode()

    assert "All 61 in this view are selected." in page
    assert '<input type="hidden" name="scope" value="filter">' in page
    assert " checked disabled>" in page
    restore = page[page.index('value="restore"') :]
    assert '<span class="count">1</span>' in restore[: restore.index("</button>")]


def test_a_button_that_applies_to_nothing_selected_is_disabled(ada: Client) -> None:
    given.error(given.mapping(), 1)

    page = ada.get(URL, {"select": "view"}).content.decode()

    restore = page[page.index('value="restore"') :]
    assert "disabled" in restore[: restore.index(">")]


def test_each_row_tells_which_actions_apply_to_it(ada: Client) -> None:
    mapping = given.mapping(direction="left_to_right")
    given.error(mapping, 1)

    page = ada.get(URL).content.decode()

    assert 'data-actions="assign comment ignore retry synchronize uncouple use_left"' in page


def test_causes_group_the_errors_and_lead_to_them(ada: Client) -> None:
    mapping = given.mapping()
    for number in range(3):
        given.error(mapping, number)
    given.deleted(mapping, 4)

    groups = ada.get(URL).context["groups"]
    assert [(group.cause.count, group.current) for group in groups] == [(3, False), (1, False)]
    assert [group.title for group in groups] == ["CUSTOMER · conflict · phone / telephone", "CUSTOMER · deleted"]

    answer = ada.get(f"{URL}?{groups[0].query}")
    assert [row.record.description for row in answer.context["table"].rows] == ["Adatum 0", "Adatum 1", "Adatum 2"]
    assert [group.current for group in answer.context["groups"]] == [True, False]


def test_what_is_ignored_is_out_of_the_list_until_its_date(ada: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.error(mapping, 2, state=State.IGNORED, ignored_until=timezone.now() + timedelta(days=3))

    assert listed(ada) == ["Adatum 1"]
    assert listed(ada, q="adatum") == ["Adatum 1"]
    assert listed(ada, state="ignored") == ["Adatum 2"]
    assert listed(ada, state="ignored", q="adatum") == ["Adatum 2"]
    page = ada.get(URL).content.decode()
    assert "<strong>1</strong> error" in page
    assert 'ignored <span class="count">1</span>' in page
    assert "1 ignored</a>" in " ".join(page.split())


def test_it_is_not_calm_about_what_is_ignored(ada: Client) -> None:
    given.error(given.mapping(), 1, state=State.IGNORED, ignored_until=timezone.now() + timedelta(days=3))

    page = ada.get(URL).content.decode()

    assert "There is nothing to do" not in page
    assert "what is ignored comes back on its day" in page


def test_who_cares_for_an_error_is_shown(ada: Client) -> None:
    berta = given.person("berta", "operator")
    mapping = given.mapping()
    given.error(mapping, 1, assigned_to=berta)
    given.error(mapping, 2)

    assert listed(ada, assigned="berta") == ["Adatum 1"]
    assert listed(ada, assigned="nobody") == ["Adatum 2"]
    assert 'berta <span class="count">1</span>' in ada.get(URL).content.decode()


def test_a_viewer_selects_nothing() -> None:
    given.error(given.mapping(), 1)
    page = given.signed_in(given.person("carl", "viewer")).get(URL).content.decode()

    assert 'name="selected"' not in page
    assert "data-rule=" not in page


def test_buttons_somebody_may_not_use_are_not_shown() -> None:
    given.error(given.mapping(), 1)
    pages = {
        name: given.signed_in(given.person(name, role)).get(URL).content.decode()
        for name, role in (("ada", "administrator"), ("berta", "operator"), ("carl", "viewer"))
    }

    assert [name for name, page in pages.items() if 'value="retry"' in page] == ["ada", "berta"]
    assert [name for name, page in pages.items() if 'value="delete"' in page] == ["ada"]
    assert [name for name, page in pages.items() if 'value="retry_all"' in page] == ["ada", "berta"]


def test_delete_is_a_grant_of_its_own() -> None:
    given.error(given.mapping(), 1)
    client = given.signed_in(given.person("berta", "operator", "delete_records"))

    assert 'value="delete"' in client.get(URL).content.decode()


def test_a_calm_sentence_when_nothing_is_open(ada: Client) -> None:
    assert "All coupled records are in step" in ada.get(URL).content.decode()
    given.mapping()
    assert "No error is open in this filter" in ada.get(URL, {"mapping": "CUSTOMER"}).content.decode()


def test_it_speaks_french(ada: Client) -> None:
    given.error(given.mapping(), 1)

    page = ada.get(URL, headers={"accept-language": "fr"}).content.decode()

    assert "Erreurs de synchronisation des données couplées" in page
    assert "Réessayer tout" in page
    assert "Supprimer le couplage" in page


@pytest.mark.parametrize("count", [2, 45])
def test_the_number_of_queries_does_not_grow(ada: Client, count: int) -> None:
    mappings = [given.mapping(f"M{number}") for number in range(min(count, 10))]
    for number in range(count):
        given.error(mappings[number % len(mappings)], number, request="retry")
    ada.get(URL)

    with CaptureQueriesContext(connection) as queries:
        ada.get(URL)

    # session, user, two kinds of permissions, the views, the mappings, their connections, the rows, the counts, the
    # ages, three for the causes, the people, actions under way, the number in the navigation
    assert len(queries) <= 16


def test_a_page_far_away_is_read_through_the_index(ada: Client) -> None:
    mapping = given.mapping()
    now = timezone.now()
    SyncError.objects.bulk_create(
        SyncError(
            mapping=mapping,
            left_key=str(number),
            kind="conflict",
            code="conflict",
            state=State.SKIPPED,
            first_seen=now,
            last_seen=now - timedelta(seconds=number),
        )
        for number in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE couplings_syncerror")
    url = f"{URL}?{urlencode(ada.get(URL).context['page'].next)}"
    with CaptureQueriesContext(connection) as queries:
        ada.get(url)
    [rows] = [query["sql"] for query in queries if "ROW(" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + rows)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "errors_open_newest" in plan
    assert "Index Cond: (ROW(" in plan
