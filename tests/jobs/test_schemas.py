"""What a new mapping of two tables begins with."""

from typing import Any

from jobs.services.schemas import propose
from syncstatus.connectors.ports import FieldInfo, TableInfo
from syncstatus.engine.values import FieldType, Kind


def table(*fields: FieldInfo, key: str = "id") -> TableInfo:
    return TableInfo("customer", None, {one.name: one for one in fields}, (key,))


def field(name: str, kind: Kind = Kind.TEXT, **values: Any) -> FieldInfo:
    return FieldInfo(name, FieldType(kind), kind.value, **values)


NUMBERED = field("id", Kind.INTEGER, generated=True)


def test_fields_that_are_called_the_same_but_for_case_and_underscores() -> None:
    left = table(NUMBERED, field("post_code"), field("Name"), field("fax"))
    right = table(NUMBERED, field("PostCode"), field("name"), field("telefax"))

    assert propose(left, right)["fields"] == {"post_code": "PostCode", "Name": "name"}


def test_a_key_that_the_system_draws_is_not_mapped_and_one_that_people_give_is() -> None:
    drawn = table(NUMBERED, field("name"))
    given = table(field("no"), field("name"), key="no")

    assert propose(drawn, drawn)["fields"] == {"name": "name"}
    assert propose(given, given)["fields"] == {"no": "no", "name": "name"}


def test_a_field_that_cannot_be_written_travels_away_from_its_side() -> None:
    free, fixed = field("total", Kind.INTEGER), field("total", Kind.INTEGER, writable=False)

    assert propose(table(fixed), table(free))["fields"] == {"total": {"to": "total", "direction": "left_to_right"}}
    assert propose(table(free), table(fixed))["fields"] == {"total": {"to": "total", "direction": "right_to_left"}}
    assert propose(table(fixed), table(fixed))["fields"] == {}


def test_types_without_a_common_form_and_those_that_cannot_be_mapped_are_left_out() -> None:
    strange = FieldInfo("name", None, "point")

    assert propose(table(field("name", Kind.BINARY)), table(field("name", Kind.DATE)))["fields"] == {}
    assert propose(table(strange), table(field("name")))["fields"] == {}


def test_the_field_that_says_when_a_record_was_changed_is_no_data() -> None:
    left = table(field("name"), field("created_at", Kind.DATETIME), field("modified_at", Kind.DATETIME))
    right = table(field("name"), field("modified_at", Kind.TEXT), field("LastUpdated", Kind.DATETIME))

    found = propose(left, right)

    assert found["modified_on"] == {"left": "modified_at", "right": "LastUpdated"}
    assert found["fields"] == {"name": "name"}
