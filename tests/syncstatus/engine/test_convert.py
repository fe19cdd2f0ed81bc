"""Canonical values in the type of the side they are written to, or refused with a reason."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from syncstatus.engine.convert import converter
from syncstatus.engine.records import Side
from syncstatus.engine.rules import FieldRule
from syncstatus.engine.values import FieldType, Kind, ValueRefused

TEXT, INTEGER, DECIMAL, FLOAT, BOOLEAN, DATE, TIME, DATETIME, UUID, BINARY, JSON = (FieldType(kind) for kind in Kind)
CENTS = FieldType(Kind.DECIMAL, precision=5, scale=2)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sent(type_: FieldType, value: Any, source: FieldType | None = None, **options: Any) -> Any:
    rule = FieldRule("l", "r", source or type_, type_, **options)
    return converter(rule, Side.RIGHT)(value)


@pytest.mark.parametrize(
    ("type_", "source", "value", "expected"),
    [
        (TEXT, TEXT, "Ærø", "Ærø"),
        (TEXT, INTEGER, 7, "7"),
        (TEXT, DECIMAL, Decimal("1E+3"), "1000"),
        (TEXT, FLOAT, 0.1, "0.1"),
        (TEXT, BOOLEAN, True, "true"),
        (TEXT, BOOLEAN, False, "false"),
        (TEXT, DATE, date(2026, 3, 1), "2026-03-01"),
        (TEXT, TIME, time(1, 2), "01:02:00"),
        (TEXT, DATETIME, NOON, "2026-03-01T12:00:00Z"),
        (TEXT, JSON, '{"a":1}', '{"a":1}'),
        (INTEGER, DECIMAL, Decimal("7.00"), 7),
        (INTEGER, FLOAT, 7.0, 7),
        (INTEGER, BOOLEAN, True, 1),
        (CENTS, DECIMAL, Decimal("1.005"), Decimal("1.01")),
        (CENTS, INTEGER, 7, Decimal("7.00")),
        (DECIMAL, FLOAT, 0.1, Decimal("0.1")),
        (DECIMAL, BOOLEAN, True, Decimal(1)),
        (FLOAT, DECIMAL, Decimal("0.1"), 0.1),
        (BOOLEAN, INTEGER, 1, True),
        (BOOLEAN, DECIMAL, Decimal(0), False),
        (DATETIME, DATE, date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)),
        (DATE, DATETIME, date(2026, 3, 1), date(2026, 3, 1)),
        (BINARY, BINARY, b"\x00", b"\x00"),
        (JSON, JSON, '{"a":[1,true]}', {"a": [1, True]}),
        (UUID, TEXT, "c0ffee00-0000-4000-8000-00000000000a", "c0ffee00-0000-4000-8000-00000000000a"),
    ],
)
def test_takes_the_type_of_its_side(type_: FieldType, source: FieldType, value: Any, expected: Any) -> None:
    found = sent(type_, value, source)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("type_", "source", "value", "code", "params"),
    [
        (FieldType(Kind.TEXT, length=3), TEXT, "four", "text_too_long", {"limit": 3, "length": 4}),
        (FieldType(Kind.TEXT, length=3), INTEGER, 1234, "text_too_long", {"limit": 3, "length": 4}),
        (TEXT, TEXT, "a\0b", "nul_in_text", {}),
        (TEXT, TEXT, "\ud800", "text_not_unicode", {}),
        (INTEGER, TEXT, "abc", "not_a_number", {"value": "abc"}),
        (INTEGER, TEXT, "1.5", "not_an_integer", {"value": "1.5"}),
        (INTEGER, DECIMAL, Decimal("1.5"), "not_an_integer", {"value": "1.5"}),
        (INTEGER, FLOAT, 1.5, "not_an_integer", {"value": "1.5"}),
        (INTEGER, FLOAT, float("nan"), "not_a_number", {"value": "nan"}),
        (FieldType(Kind.INTEGER, precision=16), INTEGER, 32768, "out_of_range", {"value": "32768"}),
        (FieldType(Kind.INTEGER, precision=16), INTEGER, -32769, "out_of_range", {"value": "-32769"}),
        (CENTS, DECIMAL, Decimal("999.995"), "out_of_range", {"value": "1000.00"}),
        (CENTS, TEXT, "abc", "not_a_number", {"value": "abc"}),
        (CENTS, DECIMAL, Decimal("NaN"), "not_a_number", {"value": "NaN"}),
        (FLOAT, DECIMAL, Decimal("1e400"), "out_of_range", {"value": "1E+400"}),
        (FLOAT, TEXT, "abc", "not_a_number", {"value": "abc"}),
        (FLOAT, FLOAT, float("inf"), "out_of_range", {"value": "inf"}),
        (BOOLEAN, INTEGER, 2, "not_a_boolean", {"value": "2"}),
        (BOOLEAN, TEXT, "maybe", "not_a_boolean", {"value": "maybe"}),
        (DATE, TEXT, "0000-00-00", "not_a_date", {"value": "0000-00-00"}),
        (TIME, TEXT, "25:00", "not_a_time", {"value": "25:00"}),
        (DATETIME, TEXT, "today", "not_a_datetime", {"value": "today"}),
        (UUID, TEXT, "abc", "not_a_uuid", {"value": "abc"}),
        (FieldType(Kind.BINARY, length=1), BINARY, b"ab", "binary_too_long", {"limit": 1, "length": 2}),
        (JSON, TEXT, "{", "not_json", {"value": "{"}),
        (FieldType(Kind.TEXT, nullable=False), TEXT, None, "required_empty", {}),
        (FieldType(Kind.INTEGER, nullable=False), INTEGER, None, "required_empty", {}),
    ],
)
def test_refuses(type_: FieldType, source: FieldType, value: Any, code: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValueRefused) as caught:
        sent(type_, value, source)
    assert (caught.value.code, caught.value.params) == (code, params)


def test_null_is_null_where_it_may_be() -> None:
    assert sent(TEXT, None) is None


def test_null_is_the_empty_text_where_that_means_the_same() -> None:
    assert sent(FieldType(Kind.TEXT, nullable=False), None, TEXT, empty_is_null=True) == ""


def test_a_required_number_is_not_made_up() -> None:
    with pytest.raises(ValueRefused):
        sent(FieldType(Kind.INTEGER, nullable=False), None, TEXT, empty_is_null=True)


def test_a_refused_value_is_quoted_in_part() -> None:
    with pytest.raises(ValueRefused) as caught:
        sent(INTEGER, "x" * 1_000_000, TEXT)
    assert caught.value.params == {"value": "x" * 100}


@pytest.mark.parametrize("type_", [TEXT, FieldType(Kind.INTEGER, precision=64), BOOLEAN])
def test_a_number_python_cannot_write_is_not_quoted(type_: FieldType) -> None:
    with pytest.raises(ValueRefused) as caught:
        sent(type_, 10**5000, INTEGER)
    assert caught.value.params == {"value": ""}


def test_limits_are_reached_not_passed() -> None:
    assert sent(FieldType(Kind.TEXT, length=4), "four") == "four"
    assert sent(FieldType(Kind.INTEGER, precision=16), -32768) == -32768
    assert sent(CENTS, Decimal("999.99")) == Decimal("999.99")
