"""``manage.py config apply`` and ``config export``: what they change, what they say, and what they leave alone."""

import sqlite3
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.utils import timezone

from couplings.configuration.scope import scope
from couplings.models import Connection, FieldMapping, TableMapping
from tests.jobs.configuration_files import apply, build, change, refusal, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path)


def test_a_file_is_applied(folder: Path) -> None:
    before = timezone.now()

    said = apply(folder)

    mapping = TableMapping.objects.get(name="CUSTOMER")
    assert (mapping.left_connection.name, mapping.left_table, mapping.left_modified_on) == (
        "ERP",
        "customer",
        "modified_at",
    )
    assert (mapping.right_connection.name, mapping.right_table, mapping.right_key) == ("CRM", "client", [])
    assert list(mapping.fields.values_list("left", "right", "match")) == [
        ("name", "full_name", 1),
        ("phone", "telephone", None),
    ]
    assert mapping.schedule_every == 1800
    assert mapping.next_run is not None
    assert (mapping.next_run - before).total_seconds() >= 1800
    assert said == (
        f"+ connection CRM\n    + kind: sql\n    + url: sqlite:///{folder}/crm.sqlite3\n"
        f"+ connection ERP\n    + kind: sql\n    + url: sqlite:///{folder}/erp.sqlite3\n"
        "+ mapping CUSTOMER\n"
        "    + left.connection: ERP\n    + left.table: customer\n    + left.modified_on: modified_at\n"
        "    + right.connection: CRM\n    + right.table: client\n    + schedule.every: 30m\n"
        "    + fields.name: full_name (match: 1)\n    + fields.phone: telephone\n"
        "3 changes applied.\n"
    )


def test_a_dry_run_says_the_same_and_changes_nothing(folder: Path) -> None:
    said = apply(folder, "--dry-run")

    assert said.endswith("3 changes, not applied (dry run).\n")
    assert not Connection.objects.exists()
    assert not TableMapping.objects.exists()
    assert said.splitlines()[:-1] == apply(folder).splitlines()[:-1]


def test_a_file_applied_twice_changes_nothing(folder: Path) -> None:
    apply(folder)
    due = TableMapping.objects.get().next_run
    fields = list(FieldMapping.objects.values_list("pk", flat=True))

    assert apply(folder) == "Nothing to change: everything is as the file says.\n"
    assert TableMapping.objects.get().next_run == due
    assert list(FieldMapping.objects.values_list("pk", flat=True)) == fields


def test_what_is_exported_changes_nothing_when_it_is_applied(folder: Path) -> None:
    apply(folder)

    run("export", folder / "sync.yaml")

    assert apply(folder) == "Nothing to change: everything is as the file says.\n"
    assert (folder / "sync.yaml").read_text() == run("export")


def test_a_change_is_told_from_old_to_new(folder: Path) -> None:
    apply(folder)
    change(folder, "direction: bidirectional", "direction: left_to_right")
    change(folder, "every: 30m", "every: 1h")
    change(folder, "phone: telephone", "country: {to: land, transform: [trim, upper], conflict: left}")

    said = apply(folder)

    assert said == (
        "~ mapping CUSTOMER\n"
        "    ~ direction: bidirectional → left_to_right\n"
        "    ~ schedule.every: 30m → 1h\n"
        "    + fields.country: land (trim, upper, conflict: left)\n"
        "    - fields.phone: telephone\n"
        "The next run of CUSTOMER compares every record.\n"
        "1 change applied.\n"
    )
    assert list(FieldMapping.objects.values_list("left", flat=True)) == ["name", "country"]


def test_what_the_file_does_not_name_is_left_alone_and_said_so(folder: Path) -> None:
    apply(folder)
    text = (folder / "sync.yaml").read_text()
    (folder / "sync.yaml").write_text(text.replace("  CUSTOMER:", "  CLIENT:").replace("schedule", "enabled: false #"))

    said = apply(folder)

    assert "Not in the file and left alone: mapping CUSTOMER.\n" in said
    assert TableMapping.objects.filter(name="CUSTOMER").exists()


def test_a_mapping_may_use_what_is_stored_and_not_in_the_file(folder: Path) -> None:
    apply(folder)
    mapping = """\
mappings:
  ITEM:
    left: {connection: ERP, table: item}
    right: {connection: CRM, table: product}
    depends_on: [CUSTOMER]
    fields: {no: number, name: label}
"""
    (folder / "sync.yaml").write_text(mapping)

    apply(folder)

    assert [parent.name for parent in TableMapping.objects.get(name="ITEM").depends_on.all()] == ["CUSTOMER"]


def test_mappings_may_depend_on_later_ones(folder: Path) -> None:
    change(folder, "    direction: bidirectional", "    depends_on: [item]")
    sides = "left: {connection: ERP, table: item}, right: {connection: CRM, table: product}"
    with (folder / "sync.yaml").open("a") as file:
        file.write(f"  ITEM: {{{sides}, fields: {{no: number}}}}\n")

    apply(folder)

    assert [parent.name for parent in TableMapping.objects.get(name="CUSTOMER").depends_on.all()] == ["ITEM"]


def test_a_new_mapping_that_will_recognize_no_record_is_pointed_out(folder: Path) -> None:
    change(folder, "name: {to: full_name, match: 1}", "name: full_name")

    assert "CUSTOMER has no match field" in apply(folder, "--dry-run")
    assert "CUSTOMER has no match field" in apply(folder)
    assert "match field" not in apply(folder)


def test_a_schedule_that_goes_takes_its_next_run_along(folder: Path) -> None:
    apply(folder)
    change(folder, "    schedule: {every: 30m}\n", "")

    apply(folder)

    assert TableMapping.objects.get().next_run is None


def test_a_shorter_schedule_brings_the_next_run_forward(folder: Path) -> None:
    apply(folder)
    before = TableMapping.objects.get().next_run
    change(folder, "every: 30m", "every: 90s")

    apply(folder)

    due = TableMapping.objects.get().next_run
    assert before is not None
    assert due is not None
    assert due < before


@pytest.mark.parametrize(
    ("old", "new", "stays"),
    [
        ("every: 30m", "every: 5m", True),
        ("direction: bidirectional", "update_conflict: left", True),
        ("match: 1", "match: 2", True),
        ("direction: bidirectional", "direction: left_to_right", False),
        ("direction: bidirectional", "only_coupled: true", False),
        ("phone: telephone", "country: land", False),
        ("phone: telephone", "phone: {to: telephone, transform: trim}", False),
        ("table: client}", "table: client, filter: {land: DK}}", False),
        ("table: client}", "table: client, key: client_id}", False),
        (", modified_on: modified_at", "", False),
    ],
)
def test_cursors_hold_while_the_same_records_are_listed(folder: Path, old: str, new: str, stays: bool) -> None:
    apply(folder)
    before = scope(TableMapping.objects.get())
    change(folder, old, new)

    said = apply(folder)

    assert (scope(TableMapping.objects.get()) == before) is stays
    assert ("compares every record" in said) is not stays


def test_another_database_behind_a_connection_is_another_scope(folder: Path) -> None:
    apply(folder)
    (folder / "crm.sqlite3").rename(folder / "other.sqlite3")
    change(folder, "crm.sqlite3", "other.sqlite3")

    assert "The next run of CUSTOMER compares every record.\n" in apply(folder)


def test_names_of_connections_may_not_differ_only_in_case(folder: Path) -> None:
    apply(folder)
    Connection.objects.filter(name="CRM").update(name="Crm")

    assert "There is already a connection “Crm”" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file says nothing: it needs “connections”, “mappings” or both."),
        (b"\xff\xfe", "This line is not UTF-8 text. Save the file as UTF-8."),
    ],
)
def test_a_file_that_says_nothing(folder: Path, content: bytes, sentence: str) -> None:
    (folder / "sync.yaml").write_bytes(content)

    assert sentence in refusal(folder)


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(CommandError) as refused:
        run("apply", folder / "nothing.yaml")

    assert str(refused.value) == f"{folder}/nothing.yaml: No such file or directory."
    assert refused.value.returncode == 2


def test_a_folder_is_no_file_to_export_to(folder: Path) -> None:
    with pytest.raises(CommandError) as refused:
        run("export", folder)

    assert refused.value.returncode == 2


def test_more_than_a_thousand_fields_are_compared_and_stored(folder: Path) -> None:
    columns = ", ".join(f"f{number} integer" for number in range(1_500))
    for name in ("erp", "crm"):
        database = sqlite3.connect(folder / f"{name}.sqlite3")
        database.execute(f"create table wide (id integer primary key, {columns})")
        database.close()
    fields = "".join(f"      f{number}: f{number}\n" for number in range(1_500))
    sides = "left: {connection: ERP, table: wide}\n    right: {connection: CRM, table: wide}"
    with (folder / "sync.yaml").open("a") as file:
        file.write(f"  WIDE:\n    {sides}\n    fields:\n{fields}")

    apply(folder)

    assert FieldMapping.objects.filter(mapping__name="WIDE").count() == 1_500
    assert apply(folder) == "Nothing to change: everything is as the file says.\n"
