"""The audit log's page and its export."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from couplings.models import AuditEntry
from couplings.models.audit import Origin
from couplings.paging import SIZE
from tests import given

URL = "/audit/"

pytestmark = pytest.mark.django_db


def entry(**values: Any) -> AuditEntry:
    common = {"who": "berta", "origin": Origin.PAGE, "address": "10.1.2.3", "action": "errors.retry"}
    return AuditEntry.objects.create(**{**common, **values})


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{URL}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_administrators_read_it() -> None:
    for name, role in (("carl", "viewer"), ("berta", "operator")):
        assert given.signed_in(given.person(name, role)).get(URL).status_code == 403


def test_it_tells_what_was_done_in_words(ada: Client) -> None:
    given.mapping()
    entry(mapping="CUSTOMER", asked=3, accepted=2, subject={"records": ["10001 ↔ a-1"], "use": "left"})
    entry(who="", action="sign_in", result="refused", subject={"unknown_name": True})

    shown = page(ada)

    assert "2 of 3 records · records: 10001 ↔ a-1 · data of ERP" in shown
    assert 'href="/mappings/CUSTOMER/"' in shown
    assert "a name that nobody bears" in shown
    assert "10.1.2.3" in shown


def test_it_is_filtered_by_person_action_mapping_result_and_day(ada: Client) -> None:
    now = timezone.now()
    entry(who="berta", mapping="CUSTOMER", address="1.1.1.1")
    entry(who="carl", action="held.approve", mapping="ITEM", result="forbidden", address="2.2.2.2")
    entry(who="carl", at=now - timedelta(days=40), address="3.3.3.3")

    old = (now - timedelta(days=40)).date().isoformat()
    cases = {
        "?who=berta": {"1.1.1.1"},
        "?action=held.approve": {"2.2.2.2"},
        "?mapping=ITEM": {"2.2.2.2"},
        "?result=forbidden": {"2.2.2.2"},
        f"?until={old}": {"3.3.3.3"},
        f"?since={old}&who=carl": {"2.2.2.2", "3.3.3.3"},
        "?since=yesterday": set(),
    }
    for query, shown in cases.items():
        found = page(ada, query)
        assert {address for address in ("1.1.1.1", "2.2.2.2", "3.3.3.3") if address in found} == shown, query
    assert "Nothing was done that fits this filter." in page(ada, "?who=nobody")


def test_it_is_paged_by_key_with_few_queries(ada: Client) -> None:
    entry()
    with CaptureQueriesContext(connection) as few:
        page(ada)
    for number in range(120):
        entry(address=f"10.0.0.{number}")
    with CaptureQueriesContext(connection) as many:
        first = ada.get(URL)
    assert len(many) == len(few)
    second = page(ada, f"?after={first.context['page'].next['after']}")
    assert "10.0.0.119" in first.content.decode()
    assert f"10.0.0.{119 - SIZE}<" in second.replace(" ", "")
    assert f"10.0.0.{120 - SIZE}<" not in second.replace(" ", "")


def test_the_export_holds_the_filter_and_no_formulas(ada: Client) -> None:
    entry(subject={"records": ["x"]}, mapping="=cmd()")
    entry(who="carl")

    answer = ada.get(f"{URL}?who=berta&export=csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[0][:4] == ["When", "Who", "Where", "From where"]
    ((_when, who, _where, address, action, mapping, result, what),) = rows[1:]
    assert (who, address, action, mapping, result, what) == (
        "berta",
        "10.1.2.3",
        "Retry",
        "'=cmd()",
        "done",
        "records: x",
    )
