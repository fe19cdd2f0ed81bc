"""Transformations, value maps, constants and defaults against the systems' real fields."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from couplings.models import FieldMapping, SyncError
from tests.jobs.command_line import run as command
from tests.jobs.configuration_files import apply, build, change, refusal, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path)


PLACE = "mappings.CUSTOMER"
REFUSED = [
    (
        "phone: telephone",
        "phone: {to: telephone, direction: left_to_right, transform: [{join: [name, surname]}]}",
        f"12: {PLACE}.fields.phone.transform: The table “customer” in ERP has no field “surname”. Did you mean “name”?",
    ),
    (
        "phone: telephone",
        "phone: {to: telephone, direction: left_to_right, transform: [{expression: 'nam + value'}]}",
        f"12: {PLACE}.fields.phone.transform: The table “customer” in ERP has no field “nam”. Did you mean “name”?",
    ),
    (
        "phone: telephone",
        "active: {to: is_active, values: {1: maybe}}",
        f"12: {PLACE}.fields.active.values: “maybe” is not a value that “is_active” (boolean) in CRM can hold.",
    ),
    (
        "phone: telephone",
        "photo: {to: picture, transform: [{prefix: a}]}",
        f"12: {PLACE}.fields.photo: “photo” (BLOB) and “picture” (BLOB) have no common form. Map fields of like types.",
    ),
    (
        "phone: telephone",
        "attributes: {to: land, transform: [{prefix: a}]}",
        (
            f"12: {PLACE}.fields.attributes.transform: “prefix” works on texts only, and neither “attributes” nor "
            "“land” holds one."
        ),
    ),
    (
        "phone: telephone",
        "phone: {to: double, lookup: CUSTOMER}",
        (
            f"12: {PLACE}.fields.phone.lookup: phone (varchar(30)) cannot hold keys of the mapping CUSTOMER in ERP: "
            "they are INTEGER."
        ),
    ),
    (
        "phone: telephone",
        "phone: {to: telephone, lookup: CUSTOMR}",
        (
            f"12: {PLACE}.fields.phone.lookup: There is no mapping “CUSTOMR” that phone could look up. Name the "
            "mapping of the records it refers to. Did you mean “CUSTOMER”?"
        ),
    ),
    (
        "phone: telephone",
        "phone: {to: telephone, direction: left_to_right, transform: [{regex: {pattern: '(a{1000}){1000}', by: b}}]}",
        (
            f"12: {PLACE}.fields.phone.transform.1: “(a{{1000}}){{1000}}” is not a pattern that can be searched for: "
            "invalid repetition size: {1000}. Patterns follow the syntax of RE2, which has no look-around and no back "
            "references."
        ),
    ),
    (
        "phone: telephone",
        f"phone: {{to: telephone, direction: left_to_right, transform: [{{replace: {{text: {'a' * 1001}, by: b}}}}]}}",
        f"12: {PLACE}.fields.phone.transform.1: The option “text” of “replace” is longer than 1000 characters.",
    ),
    (
        "schedule: {every: 30m}",
        "constants: {right: {segmnt: A}}",
        f"9: {PLACE}.constants.right.segmnt: The table “client” in CRM has no field “segmnt”. Did you mean “segment”?",
    ),
    (
        "schedule: {every: 30m}",
        "constants: {right: {segment: longer than ten}}",
        (
            f"9: {PLACE}.constants.right.segment: “longer than ten” is not a value that “segment” "
            "(varchar(10)) in CRM can hold."
        ),
    ),
    (
        "schedule: {every: 30m}",
        "constants: {left: {whole: 5}}",
        f"9: {PLACE}.constants.left.whole: “whole” in ERP cannot be written. Remove it.",
    ),
    (
        "schedule: {every: 30m}",
        "defaults: {right: [{set: {joined: tomorrow}}]}",
        f"9: {PLACE}.defaults.right.1.set.joined: “tomorrow” is not a value that “joined” (date) in CRM can hold.",
    ),
    (
        "schedule: {every: 30m}",
        "defaults: {right: [{set: {land: DK}}, {when: {contry: DK}, set: {segment: B}}]}",
        (
            f"9: {PLACE}.defaults.right.2.when.contry: The table “customer” in ERP has no field “contry”. "
            "Conditions ask for the fields of the record that the new one is made of. Did you mean “country”?"
        ),
    ),
    (
        "schedule: {every: 30m}",
        "defaults: {right: [{when: {since: soon}, set: {segment: B}}]}",
        (
            f"9: {PLACE}.defaults.right.1.when.since: “soon” is not a value that the field “since” (date) can "
            "be compared with."
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), REFUSED, ids=[case[1][:60] for case in REFUSED])
def test_what_does_not_fit_is_told_with_its_line(folder: Path, old: str, new: str, sentence: str) -> None:
    change(folder, old, new)

    assert refusal(folder) == f"1 problem. Nothing was changed.\nsync.yaml:{sentence}"


@pytest.mark.parametrize(
    "fill",
    ["constants: {right: {full_name: x}}", "defaults: {right: [{set: {full_name: x}}]}"],
    ids=["constant", "default"],
)
def test_a_required_field_is_filled_by_a_constant_or_a_default(folder: Path, fill: str) -> None:
    change(folder, "name: {to: full_name, match: 1}", "country: land")
    change(folder, "direction: bidirectional", "direction: left_to_right")
    change(folder, "schedule: {every: 30m}", fill)

    apply(folder)


def test_a_default_under_a_condition_does_not_fill_a_required_field(folder: Path) -> None:
    change(folder, "name: {to: full_name, match: 1}", "country: land")
    change(folder, "schedule: {every: 30m}", "defaults: {right: [{when: {country: DK}, set: {full_name: x}}]}")

    assert "needs a value for “full_name”" in refusal(folder)


def test_a_field_that_is_not_enabled_may_be_gone(folder: Path) -> None:
    change(folder, "phone: telephone", "gone: {to: telefone, enabled: false}")

    apply(folder)


EVERYTHING = """\
phone: {to: telephone, transform: {to_right: [trim, {substring: 5}], to_left: []}, required: true}
      country: {to: land, values: {map: {DK: DA, SE: SV}, default_to_right: XX, default_to_left: XX}, clear: false}
      since: {to: joined, direction: left_to_right, transform: [{expression: "value if name else None"}]}"""
AROUND = """\
constants: {right: {segment: A, is_active: true}}
    defaults: {right: [{when: {balance: {gt: 5}}, set: {credit: 1.5}}, {set: {credit: 0}}]}"""


def test_all_of_it_is_stored_exported_and_found_unchanged(folder: Path) -> None:
    change(folder, "phone: telephone", EVERYTHING)
    change(folder, "schedule: {every: 30m}", AROUND)
    said = apply(folder)
    assert "constants.right.segment" in said

    exported = run("export")
    (folder / "sync.yaml").write_text(exported)
    assert "Nothing to change" in apply(folder)
    assert run("export") == exported
    assert FieldMapping.objects.filter(constant__isnull=False).count() == 2


def test_a_change_of_one_value_is_told_and_compares_every_record(folder: Path) -> None:
    change(folder, "phone: telephone", "country: {to: land, values: {DK: DA}}")
    apply(folder)

    change(folder, "{DK: DA}", "{DK: DA, SE: SV}")
    said = apply(folder)

    assert '"SE": "SV"' in said
    assert "The next run of CUSTOMER compares every record." in said


def countries(number: int) -> str:
    pairs = ", ".join(f"C{code}: Country {code}" for code in range(number))
    return f"phone: {{to: telephone, values: {{{pairs}}}}}"


@pytest.mark.django_db(transaction=True)
def test_a_map_may_have_ten_thousand_values(folder: Path) -> None:
    change(folder, "phone: telephone", countries(10_000))
    apply(folder)
    assert apply(folder).startswith("Nothing to change")
    with closing(sqlite3.connect(folder / "erp.sqlite3")) as erp, erp:
        erp.execute("INSERT INTO customer (id, name, phone) VALUES (1, 'Adatum', 'C9999'), (2, 'Contoso', 'C10000')")
    assert (ran := command("sync", "CUSTOMER", "--json")).object["inserted"] == 1, ran
    with closing(sqlite3.connect(folder / "crm.sqlite3")) as crm, crm:
        assert crm.execute("SELECT telephone FROM client").fetchall() == [("Country 9999",)]
    assert SyncError.objects.get().code == "value_not_mapped"


def test_a_map_with_more_is_refused(folder: Path) -> None:
    change(folder, "phone: telephone", countries(10_001))
    told = refusal(folder)
    assert f"sync.yaml:12: {PLACE}.fields.phone.values: A value map can have at most 10000 entries" in told
