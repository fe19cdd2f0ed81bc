"""What a configuration file alone cannot show: whether it fits the systems' real tables."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from couplings.models import TableMapping
from tests.jobs.configuration_files import apply, build, change, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path)


SYSTEM_CASES = [
    ("table: customer,", "table: customers,", "6: mappings.CUSTOMER.left.table: There is no table “customers” in ERP."),
    (
        "phone: telephone",
        "fone: telephone",
        "12: mappings.CUSTOMER.fields.fone: The table “customer” in ERP has no field “fone”. Did you mean “phone”?",
    ),
    (
        "phone: telephone",
        "phone: telefone",
        (
            "12: mappings.CUSTOMER.fields.phone.to: The table “client” in CRM has no field “telefone”. Did you mean "
            "“telephone”?"
        ),
    ),
    (
        "table: customer, modified_on: modified_at",
        "table: note",
        (
            "6: mappings.CUSTOMER.left.table: The table “note” in ERP has no primary key. Name the fields that "
            "identify a record in “key”."
        ),
    ),
    (
        "table: customer,",
        "table: customer, key: zzz,",
        "6: mappings.CUSTOMER.left.key: The table “customer” in ERP has no field “zzz” for the key.",
    ),
    (
        "table: customer,",
        "table: customer, key: name,",
        (
            "6: mappings.CUSTOMER.left.key: Nothing in ERP keeps “name” unique in the table “customer”, so it cannot "
            "be a key. Add a unique constraint there, or name other fields."
        ),
    ),
    (
        "modified_on: modified_at",
        "link: 'https://erp.example/{idd}'",
        (
            "6: mappings.CUSTOMER.left.link: “idd” is no part of the key of the table “customer” in ERP. A link may "
            "name: id, key. Did you mean “id”?"
        ),
    ),
    (
        "modified_on: modified_at",
        "link: 'https://erp.example/{name}'",
        (
            "6: mappings.CUSTOMER.left.link: “name” is no part of the key of the table “customer” in ERP. A link may "
            "name: id, key."
        ),
    ),
    (
        "table: customer, modified_on: modified_at",
        "table: line, link: 'https://erp.example/{order_no}/{line_no}'",
        (
            "6: mappings.CUSTOMER.left.link: The key of the table “line” in ERP has several fields. Name them in "
            "“key”, so that the link knows their order."
        ),
    ),
    (
        "modified_on: modified_at",
        "modified_on: modified",
        (
            "6: mappings.CUSTOMER.left.modified_on: The table “customer” in ERP has no field “modified” that says "
            "when a record was modified. Did you mean “modified_at”?"
        ),
    ),
    (
        "modified_on: modified_at",
        "modified_on: name",
        (
            "6: mappings.CUSTOMER.left.modified_on: “name” in ERP is of the type VARCHAR(100). “modified_on” needs a "
            "date, better one with a time."
        ),
    ),
    (
        "modified_on: modified_at",
        "version: nothing",
        "6: mappings.CUSTOMER.left.version: The table “customer” in ERP has no field “nothing” for the version.",
    ),
    (
        "modified_on: modified_at",
        "version: active",
        (
            "6: mappings.CUSTOMER.left.version: “active” in ERP is of the type BOOLEAN, which cannot be a version. "
            "Use a number, text, date with a time or UUID."
        ),
    ),
    (
        "modified_on: modified_at",
        "filter: {county: DK}",
        (
            "6: mappings.CUSTOMER.left.filter.county: The table “customer” in ERP has no field “county” to filter "
            "by. Did you mean “country”?"
        ),
    ),
    (
        "modified_on: modified_at",
        "filter: {country: 5}",
        (
            "6: mappings.CUSTOMER.left.filter.country: “5” is not a value that the field “country” (VARCHAR(2)) can "
            "be compared with."
        ),
    ),
    (
        "modified_on: modified_at",
        "filter: {since: {ge: yesterday}}",
        (
            "6: mappings.CUSTOMER.left.filter.since: “yesterday” is not a value that the field “since” (DATE) can be "
            "compared with."
        ),
    ),
    (
        "modified_on: modified_at",
        "filter: {since: {contains: '2026'}}",
        "6: mappings.CUSTOMER.left.filter.since: “contains” works on texts only, and the field “since” holds a DATE.",
    ),
    (
        "phone: telephone",
        "photo: joined",
        (
            "12: mappings.CUSTOMER.fields.photo: “photo” (BLOB) and “joined” (DATE) have no common form. Map fields "
            "of like types."
        ),
    ),
    (
        "phone: telephone",
        "whole: double",
        (
            "12: mappings.CUSTOMER.fields.whole: “whole” in ERP cannot be written. Give the field mapping the "
            "direction left_to_right."
        ),
    ),
    (
        "phone: telephone",
        "since: {to: joined, transform: [upper]}",
        (
            "12: mappings.CUSTOMER.fields.since.transform: “upper” works on texts only, and neither “since” nor "
            "“joined” holds one."
        ),
    ),
    (
        "phone: telephone",
        "photo: {to: picture, match: 2}",
        "12: mappings.CUSTOMER.fields.photo.match: “photo” in ERP holds a BLOB, by which records cannot be matched.",
    ),
    (
        "name: {to: full_name, match: 1}",
        "country: land",
        (
            "10: mappings.CUSTOMER.fields: CRM needs a value for “full_name” in every new record of “client”, and no "
            "field mapping fills it. Map it, or set “only_coupled: true” so that no records are created."
        ),
    ),
    (
        "connection: CRM, table: client",
        "connection: ERP, table: customer",
        (
            "7: mappings.CUSTOMER.right.table: Both sides are the very same table customer. A record cannot be "
            "coupled to itself."
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), SYSTEM_CASES, ids=[case[1] for case in SYSTEM_CASES])
def test_what_does_not_fit_a_table_is_told_with_its_line(folder: Path, old: str, new: str, sentence: str) -> None:
    change(folder, old, new)

    # Each connector writes the systems' types its own way.
    assert f"sync.yaml:{sentence}".casefold() in refusal(folder).casefold().splitlines()


def test_problems_of_the_file_and_of_the_systems_are_told_together(folder: Path) -> None:
    change(folder, "phone: telephone", "phone: {to: telefone, lookup: ITEM}")
    change(folder, "table: customer,", "table: customers,")

    lines = refusal(folder).splitlines()

    assert [re.match(r"sync\.yaml:(\d+)", line) and line.split(":")[1] for line in lines[1:]] == ["6", "12", "12"]
    assert lines[0] == "3 problems. Nothing was changed."


def test_a_required_field_need_not_be_filled_where_no_records_are_created(folder: Path) -> None:
    change(folder, "name: {to: full_name, match: 1}", "country: land")
    change(folder, "direction: bidirectional", "only_coupled: true")

    assert "applied" in apply(folder)


def test_restoring_creates_records_even_where_only_coupled_ones_travel(folder: Path) -> None:
    change(folder, "name: {to: full_name, match: 1}", "country: land")
    change(folder, "direction: bidirectional", "only_coupled: true\n    deletion_conflict: restore")

    assert "CRM needs a value for “full_name”" in refusal(folder)


def test_a_column_that_cannot_be_written_may_travel_away(folder: Path) -> None:
    change(folder, "phone: telephone", "whole: {to: double, direction: left_to_right}")

    assert "applied" in apply(folder)


def test_all_ordinary_filters_are_accepted(folder: Path) -> None:
    condition = "{country: [DK, SE], active: true, balance: {gt: 1.5, lt: 9}, since: {ge: 2026-01-01}, phone: null}"
    change(folder, "modified_on: modified_at", f"filter: {condition}")

    apply(folder)

    assert TableMapping.objects.get().left_filter["phone"] == {"isnull": True}
    assert apply(folder) == "Nothing to change: everything is as the file says.\n"


def test_a_database_that_is_not_there_exits_3_with_the_connections_name(folder: Path) -> None:
    (folder / "crm.sqlite3").unlink()

    said = refusal(folder, code=3)

    assert "CRM" in said
    assert "ERP" not in said
    assert said.startswith("Nothing was changed.\n")


def test_wrong_settings_are_told_with_their_line(folder: Path) -> None:
    text = (folder / "sync.yaml").read_text().replace(f"sqlite:///{folder}/crm.sqlite3", "oracle://crm/crm")
    (folder / "sync.yaml").write_text(text)

    assert "sync.yaml:3: connections.CRM.url: CRM is a database of the kind “oracle”." in refusal(folder)


def test_problems_count_more_than_a_system_that_does_not_answer(folder: Path) -> None:
    (folder / "crm.sqlite3").unlink()
    change(folder, "phone: telephone", "fone: telephone")

    assert "sync.yaml:12: mappings.CUSTOMER.fields.fone" in refusal(folder, code=2)


def test_a_disabled_mapping_is_not_compared_with_its_systems(folder: Path) -> None:
    (folder / "crm.sqlite3").unlink()
    change(folder, "direction: bidirectional", "enabled: false")

    apply(folder)

    assert TableMapping.objects.get().next_run is None


# PostgreSQL has schemas, and transaction ids that tell better than any time when a record was modified.


@pytest.fixture
def in_postgresql(folder: Path, postgres_url: str) -> Path:
    """The clients of the CRM in a schema of a PostgreSQL database."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create schema sales"))
        connection.execute(
            sa.text(
                "create table sales.client (id integer generated always as identity primary key, full_name text,"
                " telephone text, place point, row_xid xid8 not null default pg_current_xact_id())"
            )
        )
    engine.dispose()
    text = (folder / "sync.yaml").read_text()
    (folder / "sync.yaml").write_text(re.sub(r"  CRM: .*", f'  CRM: {{kind: sql, url: "{postgres_url}"}}', text))
    change(folder, "table: client", "schema: sales, table: client")
    return folder


def test_a_transaction_id_says_when_a_record_was_modified(in_postgresql: Path) -> None:
    change(in_postgresql, "table: client", "table: client, modified_on: row_xid")

    assert "+ right.schema: sales\n    + right.modified_on: row_xid\n" in apply(in_postgresql)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("schema: sales, ", "", "7: mappings.CUSTOMER.right.table: There is no table “client” in CRM."),
        ("schema: sales", "schema: sale", "7: mappings.CUSTOMER.right.table: There is no table “sale.client” in CRM."),
        (
            "phone: telephone",
            "phone: place",
            (
                "12: mappings.CUSTOMER.fields.phone: The field “place” in CRM is of the type point, which cannot be "
                "mapped."
            ),
        ),
        (
            "phone: telephone",
            "whole: id",
            (
                "12: mappings.CUSTOMER.fields.whole: “id” in CRM cannot be written. Give the field mapping the "
                "direction right_to_left."
            ),
        ),
        (
            "table: client",
            "table: client, modified_on: place",
            (
                "7: mappings.CUSTOMER.right.modified_on: “place” in CRM is of the type point. “modified_on” needs a "
                "date, better one with a time."
            ),
        ),
    ],
)
def test_what_does_not_fit_a_table_of_postgresql(in_postgresql: Path, old: str, new: str, sentence: str) -> None:
    change(in_postgresql, old, new)

    assert f"sync.yaml:{sentence}".casefold() in refusal(in_postgresql).casefold().splitlines()
