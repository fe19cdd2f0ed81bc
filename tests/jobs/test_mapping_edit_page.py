"""Editing a mapping on the pages: a draft, checked like a file, saved like a file."""

import json
import sqlite3
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.configuration import history
from couplings.models import MappingDraft, TableMapping
from jobs.services import configuration
from tests import given
from tests.jobs import configuration_files

pytestmark = pytest.mark.django_db(transaction=True)

EDIT = "/mappings/CUSTOMER/edit/"
RULES = {
    "direction": "bidirectional",
    "update_conflict": "ask",
    "deletion_conflict": "ask",
    "deleted_and_changed": "ask",
    "guard_count": "100",
    "guard_share": "50",
    "every": "30m",
    "enabled": "on",
}
NAME = {"left": "name", "right": "full_name", "direction": "bidirectional", "if_missing": "wait", "match": "1"}
NAME |= dict.fromkeys(("case_sensitive", "accent_sensitive", "clear", "enabled"), "on")
PHONE = {**NAME, "left": "phone", "right": "telephone", "match": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configuration_files.build(tmp_path)
    configuration_files.apply(tmp_path)
    return tmp_path


@pytest.fixture
def user() -> User:
    return given.person("ada", "administrator")


@pytest.fixture
def ada(user: User, folder: Path) -> Client:
    return given.signed_in(user)


def text(client: Client, url: str, data: dict[str, Any] | None = None) -> str:
    answer = client.get(url, follow=True) if data is None else client.post(url, data, follow=True)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def draft() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MappingDraft.objects.get().content)
    return found


def save(client: Client, name: str = "CUSTOMER") -> str:
    page = text(client, f"/mappings/{name}/edit/review/")
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    return text(client, f"/mappings/{name}/edit/review/", {"seen": seen})


def stored() -> str:
    return configuration.export("CUSTOMER")


def test_looking_and_sending_the_forms_back_unchanged_changes_nothing(ada: Client) -> None:
    before = stored()

    assert "full_name" in text(ada, EDIT)
    text(ada, f"{EDIT}rules/", RULES)
    text(ada, f"{EDIT}field/?field=name", NAME)
    text(ada, f"{EDIT}field/?field=phone", PHONE)
    text(ada, f"{EDIT}records/left/", {"modified_on": "modified_at", "version": ""})

    assert "There is nothing to save." in text(ada, f"{EDIT}review/")
    assert stored() == before


def test_rules_are_kept_reviewed_and_saved(ada: Client, user: User) -> None:
    changed = RULES | {"direction": "left_to_right", "only_coupled": "on", "guard_share": "12.5", "every": "1h"}

    assert "Kept in your draft" in text(ada, f"{EDIT}rules/", changed)
    assert TableMapping.objects.get().direction == "bidirectional"
    review = text(ada, f"{EDIT}review/")
    assert "<strong>direction</strong>" in review
    assert "<del>bidirectional</del>" in review
    assert "the next run compares every record" in review

    assert "The mapping is saved." in save(ada)
    row = TableMapping.objects.get()
    assert (row.direction, row.only_coupled, row.guard_share, row.schedule_every) == (
        "left_to_right",
        True,
        0.125,
        3600,
    )
    newest = history.versions("mapping", "CUSTOMER")[0]
    assert (newest.by, newest.through) == (user, "page")
    assert not MappingDraft.objects.exists()


@pytest.mark.parametrize(
    ("sent", "name", "told"),
    [
        ({"every": "soon"}, "every", "must be a time such as 90s"),
        ({"guard_share": "120"}, "guard_share", "less than or equal to 100"),
        ({"guard_count": "-1"}, "guard_count", "greater than or equal to 0"),
        ({"direction": "sideways"}, "direction", "not one of the available choices"),
        ({"update_conflict": "newest"}, "update_conflict", "needs “modified_on” on both sides"),
        ({"depends_on": "NOBODY"}, "depends_on", "not one of the available choices"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_wrong_rule_comes_back_at_its_field(ada: Client, sent: dict[str, str], name: str, told: str) -> None:
    page = text(ada, f"{EDIT}rules/", RULES | sent)

    assert f'id="id_{name}_error"' in page
    assert told in page.partition(f'id="id_{name}_error"')[2].partition("</ul>")[0]
    assert not MappingDraft.objects.exists()


@pytest.mark.parametrize(
    ("sent", "name", "told"),
    [
        ({"right": "nowhere"}, "right", "not one of the available choices"),
        ({"right": "picture"}, "left", "have no common form"),
        ({"right": ""}, "right", "This field is required"),
        ({"left": "name"}, "left", "mapped already"),
        ({"transform": "shout"}, "transform", "There is no transformation “shout”"),
        ({"transform": "regex: {pattern: '(', by: x}"}, "transform", "is not a pattern"),
        ({"transform": "pad: {length: 5"}, "transform", "This is not YAML"),
        ({"transform": "substring: {from: 1, length: 3}"}, "transform", "cannot be undone"),
        ({"transform": "trim", "to_right": "upper"}, "transform", "or those of each way"),
        ({"to_left": "shout"}, "to_left", "There is no transformation “shout”"),
        ({"values": "one\ntwo = 2"}, "values", "These lines are no pair, or say a value again: one"),
        ({"values": "a = x\nb = x"}, "values", "several values stand for one there"),
        ({"match": "0"}, "match", "greater than or equal to 1"),
        ({"lookup": "CUSTOMER", "transform": "trim"}, "lookup", "Remove “transform”"),
        ({"direction": "sideways"}, "direction", "not one of the available choices"),
        ({"conflict": "newest"}, "conflict", "needs “modified_on” on both sides"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_wrong_field_comes_back_at_its_place(ada: Client, sent: dict[str, str], name: str, told: str) -> None:
    page = text(ada, f"{EDIT}field/?field=phone", PHONE | sent)

    assert f'id="id_{name}_error"' in page
    assert told in page.partition(f'id="id_{name}_error"')[2].partition("</ul>")[0]
    assert not MappingDraft.objects.exists()


def test_a_field_is_changed_with_all_that_may_be_said_of_it(ada: Client) -> None:
    sent = PHONE | {"direction": "left_to_right", "conflict": "right", "match": "2", "required": "on"}
    sent |= {"transform": "trim\nprefix: C-\n\npad: {length: 5}", "values": 'a = b\n"x=1" = "  y"', "clear": ""}
    sent.pop("case_sensitive")

    text(ada, f"{EDIT}field/?field=phone", sent | {"default_to_right": "other"})

    assert draft()["fields"]["phone"] == {
        "to": "telephone",
        "direction": "left_to_right",
        "conflict": "right",
        "transform": ["trim", {"prefix": "C-"}, {"pad": {"length": 5}}],
        "values": {"map": {"a": "b", "x=1": "  y"}, "default_to_right": "other"},
        "match": 2,
        "case_sensitive": False,
        "required": True,
        "clear": False,
    }
    assert list(draft()["fields"]) == ["name", "phone"]
    page = text(ada, f"{EDIT}field/?field=phone")
    assert 'trim\nprefix: "C-"\npad: {"length": 5}' in page
    assert 'a = b\n"x=1" = "  y"' in page


def test_a_value_that_reads_as_before_stays_what_it_was(ada: Client, folder: Path) -> None:
    configuration_files.change(folder, "phone: telephone", 'phone: {to: telephone, values: {a: 1, b: "2"}}')
    configuration_files.apply(folder)
    before = stored()

    text(ada, f"{EDIT}field/?field=phone", PHONE | {"values": "a = 1\nb = 2"})

    assert "There is nothing to save." in text(ada, f"{EDIT}review/")
    assert stored() == before


def test_a_field_is_added_removed_and_moved(ada: Client) -> None:
    text(ada, f"{EDIT}field/", PHONE | {"left": "country", "right": "land"})
    text(ada, EDIT, {"action": "up", "field": "country"})
    text(ada, EDIT, {"action": "remove", "field": "name"})

    assert list(draft()["fields"]) == ["country", "phone"]
    page = text(ada, EDIT)
    assert "needs a value for “full_name” in every new record" in page
    refused = text(ada, f"{EDIT}review/")
    assert "Nothing was saved" in refused
    assert "name: {to: full_name, match: 1}" in stored()


def test_fields_are_offered_with_what_is_to_be_known_of_them(ada: Client) -> None:
    page = text(ada, f"{EDIT}field/")

    assert '<option value="name">name · varchar(100), required</option>' in page
    assert '<option value="whole">whole · integer, filled by the system, read-only</option>' in page


def test_a_filter_is_written_in_rows(ada: Client) -> None:
    rows = {"filter_field": ["country", "balance", "balance", "phone", ""]}
    rows |= {"filter_operator": ["in", "ge", "lt", "isnull", "eq"], "filter_value": ["DK, SE", "10", "99.5", "no", ""]}

    text(ada, f"{EDIT}records/left/", {"modified_on": "modified_at", **rows})

    wanted = {"country": ["DK", "SE"], "balance": {"ge": 10, "lt": 99.5}, "phone": {"isnull": False}}
    assert draft()["left"]["filter"] == wanted
    page = text(ada, f"{EDIT}records/left/")
    assert 'value="DK, SE"' in page
    review = text(ada, f"{EDIT}review/")
    assert "0 of 0 records" in review


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("balance", "eq", "much"), "“much” is not a value that the field “balance”"),
        (("", "eq", "x"), "Choose the field"),
        (("country", "like", "x"), "There is no operator “like”"),
        (("country", "in", ""), "A list with at least one value is needed here."),
        (("balance", "contains", "1"), "works on texts only"),
        (("gone", "eq", "1"), "has no field “gone” to filter by"),
    ],
)
def test_a_wrong_condition_comes_back_in_its_row(ada: Client, row: tuple[str, str, str], told: str) -> None:
    names = ("filter_field", "filter_operator", "filter_value")

    page = text(ada, f"{EDIT}records/left/", {"modified_on": "modified_at", **dict(zip(names, row, strict=True))})

    assert told in page.partition('id="filter-1-error"')[2].partition("</ul>")[0]
    assert f'value="{row[2]}"' in page
    assert not MappingDraft.objects.exists()


def test_constants_and_defaults_are_added_changed_and_removed(ada: Client) -> None:
    text(ada, f"{EDIT}constant/right/", {"field": "land", "value": "DK"})
    text(ada, f"{EDIT}constant/right/?field=land", {"field": "land", "value": "SE"})
    when = {"when_field": "country", "when_operator": "eq", "when_value": "DK"}
    text(ada, f"{EDIT}default/right/", {"set_field": "segment", "set_value": "B", **when})
    text(ada, f"{EDIT}default/right/", {"set_field": ["segment", "double"], "set_value": ["C", "2"]})
    assert draft()["constants"] == {"right": {"land": "SE"}}
    assert draft()["defaults"] == {
        "right": [{"when": {"country": "DK"}, "set": {"segment": "B"}}, {"set": {"segment": "C", "double": 2}}]
    }

    text(ada, f"{EDIT}default/right/?number=2", {"action": "up"})
    assert [one["set"]["segment"] for one in draft()["defaults"]["right"]] == ["C", "B"]
    text(ada, f"{EDIT}default/right/?number=1", {"action": "remove"})
    text(ada, f"{EDIT}constant/right/?field=land", {"action": "remove"})
    assert "constants" not in draft()
    assert draft()["defaults"] == {"right": [{"when": {"country": "DK"}, "set": {"segment": "B"}}]}
    assert "The mapping is saved." in save(ada)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"set_field": "full_name", "set_value": "x"}, "a default never stands above a mapped value"),
        ({"set_field": "double", "set_value": "x"}, "is not a value that “double”"),
        ({"set_field": "", "set_value": "x"}, "Choose the field that is given this value."),
        ({"set_field": "", "set_value": ""}, "Choose a field and its value."),
        ({"set_field": ["segment", "segment"], "set_value": ["a", "b"]}, "This field is given a value already."),
    ],
)
def test_a_wrong_default_comes_back_in_its_row(ada: Client, sent: dict[str, Any], told: str) -> None:
    page = text(ada, f"{EDIT}default/right/", sent)

    assert told in page
    assert not MappingDraft.objects.exists()


def test_a_change_is_tried_on_a_real_record_and_not_kept(ada: Client, folder: Path) -> None:
    with sqlite3.connect(folder / "erp.sqlite3") as erp:
        erp.execute("insert into customer (id, name, phone) values (1, 'Adatum', '123'), (2, 'Contoso', '456')")

    page = text(ada, f"{EDIT}field/?field=phone", PHONE | {"transform": "prefix: +45", "action": "preview"})

    assert "would be written in CRM" in page
    assert "+45123" in page
    chosen = {"transform": "prefix: +45", "action": "preview", "example": "2"}
    assert "+45456" in text(ada, f"{EDIT}field/?field=phone", PHONE | chosen)
    assert not MappingDraft.objects.exists()
    page = text(ada, f"{EDIT}field/?field=phone", PHONE | {"transform": "shout", "action": "preview"})
    assert "It cannot be tried before everything is put right" in page


def test_what_somebody_saved_meanwhile_is_not_written_over_unseen(ada: Client, folder: Path) -> None:
    text(ada, f"{EDIT}rules/", RULES | {"every": "2h"})
    page = text(ada, f"{EDIT}review/")
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    configuration_files.change(folder, "phone: telephone", "country: land")
    configuration_files.apply(folder)

    again = text(ada, f"{EDIT}review/", {"seen": seen})

    assert "Somebody has saved the mapping CUSTOMER while you looked" in again
    assert "fields.phone" in again
    assert "phone" not in stored()
    assert "The mapping is saved." in save(ada)
    assert "country" not in stored()


@pytest.mark.parametrize("count", [2, 60])
def test_the_number_of_queries_does_not_grow_with_the_fields(user: User, folder: Path, count: int) -> None:
    client = given.signed_in(user)
    names = [f"field_{number}" for number in range(count)]
    with sqlite3.connect(folder / "erp.sqlite3") as erp, sqlite3.connect(folder / "crm.sqlite3") as crm:
        for name in names:
            erp.execute(f"alter table customer add {name} text")
            crm.execute(f"alter table client add {name} text")
    lines = "".join(f"\n      {name}: {name}" for name in names)
    configuration_files.change(folder, "      phone: telephone", f"      phone: telephone{lines}")
    configuration_files.apply(folder)
    text(client, EDIT)

    for url in (EDIT, f"{EDIT}field/?field=phone", "/mappings/CUSTOMER/"):
        with CaptureQueriesContext(connection) as queries:
            text(client, url)
        assert len(queries) <= 20, url


def test_a_draft_is_discarded(ada: Client) -> None:
    text(ada, f"{EDIT}rules/", RULES | {"every": "2h"})
    assert "You have begun to edit this mapping" in text(ada, "/mappings/CUSTOMER/")

    assert "Your changes are discarded" in text(ada, EDIT, {"action": "discard"})

    assert not MappingDraft.objects.exists()


def test_a_draft_is_its_owners(ada: Client, folder: Path) -> None:
    text(ada, f"{EDIT}rules/", RULES | {"every": "2h"})
    berta = given.signed_in(given.person("berta", "administrator"))

    assert "2h" not in text(berta, EDIT)


def test_a_system_that_is_away_keeps_nothing_from_being_edited_and_everything_from_being_saved(
    ada: Client, folder: Path
) -> None:
    text(ada, f"{EDIT}rules/", RULES | {"every": "2h"})
    (folder / "crm.sqlite3").rename(folder / "away")

    assert "Until it answers" in text(ada, EDIT)
    text(ada, f"{EDIT}rules/", RULES | {"every": "3h"})
    assert draft()["schedule"] == {"every": "3h"}
    page = text(ada, f"{EDIT}review/")
    assert "Save the mapping" not in page
    assert "30m" in stored()


def test_a_mapping_is_made_from_nothing(ada: Client, folder: Path) -> None:
    with sqlite3.connect(folder / "crm.sqlite3") as crm:
        crm.execute("create table items (no varchar(20) primary key, Name varchar(40), last_modified datetime)")
    add = "/mappings/add/?left=ERP&right=CRM"
    assert '<option value="[&quot;item&quot;, null]">item</option>' in ada.get(add).content.decode()

    page = text(ada, add, {"left": '["item", null]', "right": '["items", null]', "name": "item"})

    assert "2 fields bear the same name" in page
    assert draft()["fields"] == {"no": "no", "name": "Name"}
    assert draft()["right"]["modified_on"] == "last_modified"
    review = text(ada, "/mappings/ITEM/edit/review/")
    assert "No field is matched by" in review
    assert "The mapping is saved." in save(ada, "ITEM")
    assert TableMapping.objects.get(name="ITEM").fields.count() == 2


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"name": "CUSTOMER"}, "There is a mapping CUSTOMER already."),
        ({"name": "a/b"}, "a/b"),
        ({"name": ""}, "This field is required"),
        ({"left": '["gone", null]'}, "not one of the available choices"),
    ],
)
def test_a_wrong_beginning_comes_back(ada: Client, sent: dict[str, str], told: str) -> None:
    good = {"left": '["item", null]', "right": '["product", null]', "name": "ITEM"}

    page = text(ada, "/mappings/add/?left=ERP&right=CRM", good | sent)

    assert told.casefold() in page.casefold()
    assert "errorlist" in page
    assert not MappingDraft.objects.exists()


def test_an_earlier_version_is_taken_up_again(ada: Client) -> None:
    before = stored()
    text(ada, f"{EDIT}rules/", RULES | {"every": "2h"})
    save(ada)
    first = history.versions("mapping", "CUSTOMER").last()
    assert first is not None

    page = text(ada, f"/mappings/CUSTOMER/history/{first.pk}/", {})

    assert "Edit CUSTOMER" in page
    assert "The mapping is saved." in save(ada)
    assert stored() == before


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_administrators_edit(folder: Path, role: str) -> None:
    client = given.signed_in(given.person("carl", role))
    first = history.versions("mapping", "CUSTOMER").last()
    assert first is not None

    parts = ("", "review/", "rules/", "field/", "records/left/", "constant/left/", "default/left/")
    for url in (*(f"{EDIT}{part}" for part in parts), "/mappings/add/"):
        assert client.get(url).status_code == 403, url
        assert client.post(url, RULES).status_code == 403, url
    assert client.post(f"/mappings/CUSTOMER/history/{first.pk}/").status_code == 403
    page = client.get("/mappings/CUSTOMER/").content.decode()
    assert "Integration Field Mappings" in page
    assert "/edit/" not in page


@pytest.mark.parametrize(
    "url",
    [
        "/mappings/GONE/edit/",
        f"{EDIT}field/?field=gone",
        f"{EDIT}records/middle/",
        f"{EDIT}constant/right/?field=gone",
        f"{EDIT}default/right/?number=7",
        f"{EDIT}default/right/?number=x",
    ],
)
def test_what_is_not_there_cannot_be_edited(ada: Client, url: str) -> None:
    assert ada.get(url).status_code == 404
