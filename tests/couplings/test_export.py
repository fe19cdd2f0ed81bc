"""Everything in a view as a file for a spreadsheet."""

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from couplings import csv_files, exporting
from couplings.models import AuditEntry, SyncError
from couplings.models.error import State
from tests import given

CSV, XLSX = "/errors/export.csv", "/errors/export.xlsx"

# An export reads in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def table(client: Client, **query: str) -> list[dict[str, str]]:
    answer = client.get(CSV, query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_it_holds_what_the_view_shows_in_its_order(carl: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1, attempts=2)
    given.deleted(mapping, 2)
    given.error(mapping, 3, attempts=5)

    rows = table(carl, kind="conflict", sort="-attempts")

    assert [row["Description"] for row in rows] == ["Adatum 3", "Adatum 1"]
    row = rows[0]
    assert (row["Table"], row["System"], row["Record"], row["Record Exists"]) == ("CUSTOMER", "ERP", "10003", "Yes")
    assert (row["Coupled system"], row["Coupled To"], row["Coupled Record Exists"]) == ("CRM", "a-3", "Yes")
    assert "both values have changed since the last synchronization" in row["Error Message"]
    assert (row["Kind"], row["State"], row["Attempts"]) == ("conflict", "skipped", "5")


def test_every_page_of_the_view_is_in_it_once(carl: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 7)
    mapping = given.mapping()
    for number in range(30):
        given.error(mapping, number)

    for sort in ("-failed_on", "table", "message"):
        rows = table(carl, sort=sort)
        assert sorted(int(row["Record"]) for row in rows) == list(range(10_000, 10_030)), sort


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '=HYPERLINK("http://evil.example")']
)
def test_a_text_of_a_record_is_no_formula(carl: Client, text: str) -> None:
    given.error(given.mapping(), 1, description=text)

    assert table(carl)[0]["Description"] == "'" + text
    sheet = zipfile.ZipFile(io.BytesIO(b"".join(carl.get(XLSX).streaming_content))).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet


def test_ordinary_texts_are_not_touched(carl: Client) -> None:
    given.error(given.mapping(), 1, description='Ærø "A/S", 5 % off; x=1\nsecond line')

    assert table(carl)[0]["Description"] == 'Ærø "A/S", 5 % off; x=1\nsecond line'


def test_a_workbook_holds_the_same(carl: Client) -> None:
    mapping = given.mapping()
    given.error(mapping, 1)
    given.error(mapping, 2)

    answer = carl.get(XLSX)
    sheet = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).read("xl/worksheets/sheet1.xml").decode()  # type: ignore[attr-defined]

    assert answer["Content-Disposition"].endswith('.xlsx"')
    assert sheet.count("<row ") == 3
    assert "Adatum 1" in sheet
    assert "Error Message" in sheet


def test_a_sheet_that_is_full_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SHEET", 2)
    file = io.BytesIO()

    exporting.write_workbook(([str(number)] for number in range(5)), file)

    book = zipfile.ZipFile(file)
    assert [book.read(f"xl/worksheets/sheet{sheet}.xml").count(b"<row ") for sheet in (1, 2, 3)] == [3, 3, 2]


def test_errors_of_connections_are_in_it_and_closed_ones_are_not(carl: Client) -> None:
    mapping, now = given.mapping(), timezone.now()
    SyncError.objects.create(
        connection=mapping.left_connection,
        kind="connection",
        code="unreachable",
        state=State.RETRYING,
        first_seen=now,
        last_seen=now,
    )
    given.error(mapping, 1, state=State.RESOLVED, resolved_at=now)

    assert [(row["Table"], row["Record"], row["Record Exists"]) for row in table(carl)] == [("ERP", "", "")]


def test_a_filter_that_cannot_be_read_exports_nothing(carl: Client) -> None:
    given.error(given.mapping(), 1)

    assert table(carl, kind="nonsense") == []


def test_it_is_in_the_readers_language(carl: Client) -> None:
    given.error(given.mapping(), 1)

    answer = carl.get(CSV, headers={"accept-language": "fr"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    assert "Message d'erreur" in text.splitlines()[0]
    assert "conflit" in text


def test_there_are_two_kinds_of_files(carl: Client) -> None:
    assert carl.get("/errors/export.pdf").status_code == 404


def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    mapping, now = given.mapping(), timezone.now()
    SyncError.objects.bulk_create(
        SyncError(
            mapping=mapping,
            left_key=str(number),
            description="x" * 1000,
            kind="conflict",
            code="conflict",
            state=State.SKIPPED,
            first_seen=now,
            last_seen=now - timedelta(seconds=number),
        )
        for number in range(4000)
    )
    monkeypatch.setattr(exporting, "PAGE", 100)

    rows = exporting.rows(exporting.ErrorFilter({}), "-last_seen")
    assert peak(csv_files.lines(exporting.COLUMNS, rows)) < 3_000_000


def peak(lines: Iterator[str]) -> int:
    next(lines)
    tracemalloc.start()
    for _line in lines:
        pass
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_rows_are_as_they_were_when_the_export_began(carl: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that updates an error on the way moves it to the top of the list, and so out of the pages to come."""
    monkeypatch.setattr(exporting, "PAGE", 2)
    mapping = given.mapping()
    errors = [given.error(mapping, number) for number in range(5)]
    parts = iter(carl.get(CSV).streaming_content)  # type: ignore[attr-defined]
    text = next(parts) + next(parts)

    moved = SyncError.objects.filter(pk=errors[4].pk)
    in_another_connection(lambda: moved.update(last_seen=timezone.now(), description="moved"))
    text += b"".join(parts)

    rows = csv.DictReader(io.StringIO(text.decode("utf-8-sig")))
    assert [row["Description"] for row in rows] == [f"Adatum {number}" for number in range(5)]
    assert moved.get().description == "moved"


def in_another_connection(work: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
        pool.submit(lambda: connection.close()).result()


@pytest.mark.parametrize(("url", "form"), [(CSV, "csv"), (XLSX, "xlsx")])
def test_the_audit_log_tells_who_took_how_many_rows_of_what(carl: Client, url: str, form: str) -> None:
    mapping = given.mapping()
    for number in range(3):
        given.error(mapping, number)
    given.deleted(mapping, 9)

    b"".join(carl.get(url, {"mapping": "CUSTOMER", "kind": "conflict"}).streaming_content)  # type: ignore[attr-defined]

    entry = AuditEntry.objects.get(action="errors.export")
    assert (entry.who, entry.mapping, entry.accepted, entry.result) == ("carl", "CUSTOMER", 3, "done")
    assert entry.subject == {"file": form, "filter": {"mapping": "CUSTOMER", "kind": "conflict"}}


def test_a_download_that_is_broken_off_is_told_with_what_was_sent(carl: Client) -> None:
    mapping = given.mapping()
    for number in range(3):
        given.error(mapping, number)

    answer = carl.get(CSV)
    parts = iter(answer.streaming_content)  # type: ignore[attr-defined]
    next(parts), next(parts)
    answer.close()

    entry = AuditEntry.objects.get(action="errors.export")
    assert (entry.accepted, entry.result) == (1, "failed")
