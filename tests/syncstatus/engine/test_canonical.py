"""Values in the form in which they are compared (DESIGN R2)."""

import itertools
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from time import tzset
from typing import Any

import pytest

from syncstatus.engine.canonical import canonicalizer
from syncstatus.engine.records import Side
from syncstatus.engine.rules import FieldRule
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.values import FieldType, Kind, KindsDiffer, Unreadable, common_kind

TEXT, INTEGER, DECIMAL, FLOAT, BOOLEAN, DATE, TIME, DATETIME, UUID, BINARY, JSON = (FieldType(kind) for kind in Kind)
CENTS = FieldType(Kind.DECIMAL, precision=12, scale=2)
MILS = FieldType(Kind.DECIMAL, precision=12, scale=4)
NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def rule(left: FieldType, right: FieldType, **options: Any) -> FieldRule:
    return FieldRule("l", "r", left, right, **options)


def form(rule: FieldRule, value: Any, side: Side = Side.LEFT) -> Any:
    function = canonicalizer(rule, side)
    return value if function is None else function(value)


def equal(rule: FieldRule, left: Any, right: Any) -> bool:
    return bool(form(rule, left, Side.LEFT) == form(rule, right, Side.RIGHT))


EQUAL: list[tuple[FieldRule, Any, Any]] = [
    (rule(TEXT, TEXT), "Ærø", "Ærø"),
    (rule(TEXT, TEXT, transforms=(Step("trim"),)), " a\t", "a"),
    (rule(TEXT, TEXT, transforms=(Step("upper"),)), "straße", "STRASSE"),
    (rule(TEXT, TEXT, transforms=(Step("trim"), Step("lower"))), " A ", "a"),
    (rule(TEXT, TEXT, empty_is_null=True), "", None),
    (rule(TEXT, TEXT, empty_is_null=True, transforms=(Step("trim"),)), "  ", None),
    (rule(FieldType(Kind.TEXT, length=5, fixed=True), TEXT), "a    ", "a"),
    (rule(TEXT, FieldType(Kind.TEXT, length=5, fixed=True)), "a    ", "a"),
    (rule(TEXT, INTEGER), " 007", 7),
    (rule(TEXT, INTEGER), str(2**80), 2**80),
    (rule(TEXT, INTEGER, empty_is_null=True), "", None),
    (rule(TEXT, DECIMAL), "1.50", Decimal("1.5")),
    (rule(TEXT, CENTS), "1.005", Decimal("1.01")),
    (rule(TEXT, FLOAT), "1e3", 1000.0),
    (rule(TEXT, BOOLEAN), "Yes", True),
    (rule(TEXT, BOOLEAN), "0", False),
    (rule(TEXT, DATE), "2026-03-01", date(2026, 3, 1)),
    (rule(TEXT, TIME), "12:30", time(12, 30)),
    (rule(TEXT, DATETIME), "2026-03-01T13:00:00.123456+01:00", NOON),
    (rule(TEXT, DATETIME), "2026-03-01 12:00:00.123456", NOON),
    (rule(TEXT, FieldType(Kind.DATETIME, time_precision=0)), "2026-03-01T12:00:00.9Z", NOON.replace(microsecond=0)),
    (rule(TEXT, UUID), "{C0FFEE00-0000-4000-8000-00000000000A}", "c0ffee00-0000-4000-8000-00000000000a"),
    (rule(TEXT, JSON), '{"b": 1, "a": [true]}', {"a": [True], "b": 1}),
    (rule(INTEGER, DECIMAL), 1, Decimal("1.00")),
    (rule(INTEGER, CENTS), 1, Decimal("1.00")),
    (rule(INTEGER, FLOAT), 2**60, float(2**60)),
    (rule(INTEGER, BOOLEAN), 1, True),
    (rule(DECIMAL, BOOLEAN), Decimal(0), False),
    (rule(CENTS, MILS), Decimal("1.01"), Decimal("1.0050")),
    (rule(CENTS, MILS), Decimal("-1.01"), Decimal("-1.0050")),
    (rule(CENTS, CENTS), Decimal("1.01"), Decimal("1.005")),
    (rule(CENTS, FLOAT), Decimal("0.30"), 0.1 + 0.2),
    (rule(CENTS, FLOAT), Decimal("1.01"), 1.005),
    (rule(DECIMAL, FLOAT), Decimal("0.1"), 0.1),
    (rule(CENTS, CENTS), Decimal("1e40"), Decimal(10) ** 40),
    (rule(DATE, DATETIME), date(2026, 3, 1), NOON),
    (rule(DATETIME, FieldType(Kind.DATETIME, time_precision=3)), NOON, NOON.replace(microsecond=123000)),
    (rule(DATETIME, FieldType(Kind.DATETIME, time_precision=3)), NOON.replace(microsecond=123999), NOON),
    (rule(DATETIME, DATETIME), NOON, NOON.astimezone(timezone(timedelta(hours=5)))),
    (rule(DATE, DATETIME), date(2026, 2, 28), datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=5)))),
    (rule(TIME, FieldType(Kind.TIME, time_precision=0)), time(1, 2, 3, 999999), time(1, 2, 3)),
    (rule(JSON, JSON), {"a": 1, "b": [None, "x"]}, {"b": [None, "x"], "a": 1}),
    (rule(JSON, JSON), {"n": Decimal("1.5"), "m": Decimal(2)}, {"n": 1.5, "m": 2}),
    (rule(JSON, JSON), [2**70, "\ud800"], [2**70, "\ud800"]),
    (rule(BINARY, BINARY), b"\x00\xff", b"\x00\xff"),
]
DIFFERENT: list[tuple[FieldRule, Any, Any]] = [
    (rule(TEXT, TEXT), "a ", "a"),
    (rule(TEXT, TEXT), "", None),
    (rule(TEXT, TEXT), "e\u0301", "\u00e9"),
    (rule(TEXT, TEXT, empty_is_null=True), "0", None),
    (rule(TEXT, INTEGER), "1.5", 1),
    (rule(TEXT, INTEGER), "1_000", 1000),
    (rule(TEXT, DECIMAL), "NaN", Decimal(0)),
    (rule(TEXT, FLOAT), "inf", float("inf")),
    (rule(TEXT, BOOLEAN), "maybe", True),
    (rule(TEXT, DATE), "0000-00-00", None),
    (rule(INTEGER, CENTS), 1, Decimal("1.25")),
    (rule(INTEGER, FLOAT), 1, 1.5),
    (rule(INTEGER, BOOLEAN), 2, True),
    (rule(CENTS, MILS), Decimal("1.00"), Decimal("1.0050")),
    (rule(DATETIME, DATETIME), NOON, NOON + timedelta(microseconds=1)),
    (rule(DATE, DATETIME), date(2026, 3, 1), NOON + timedelta(hours=12)),
    (rule(JSON, JSON), {"a": 1}, {"a": True}),
    (rule(JSON, JSON), [1, 2], [2, 1]),
    (rule(JSON, JSON), "1", 1),
]


@pytest.mark.parametrize(("rule", "left", "right"), EQUAL)
def test_equal(rule: FieldRule, left: Any, right: Any) -> None:
    assert equal(rule, left, right)


@pytest.mark.parametrize(("rule", "left", "right"), DIFFERENT)
def test_different(rule: FieldRule, left: Any, right: Any) -> None:
    assert not equal(rule, left, right)


PAIRED = {
    *((kind, kind) for kind in Kind),
    *((Kind.TEXT, kind) for kind in Kind if kind is not Kind.BINARY),
    (Kind.INTEGER, Kind.DECIMAL), (Kind.INTEGER, Kind.FLOAT), (Kind.INTEGER, Kind.BOOLEAN),
    (Kind.DECIMAL, Kind.FLOAT), (Kind.DECIMAL, Kind.BOOLEAN), (Kind.DATE, Kind.DATETIME),
}  # fmt: skip


@pytest.mark.parametrize(("left", "right"), list(itertools.product(Kind, Kind)))
def test_kinds_pair_or_say_that_they_differ(left: Kind, right: Kind) -> None:
    if (left, right) in PAIRED or (right, left) in PAIRED:
        assert common_kind(FieldType(left), FieldType(right)) is common_kind(FieldType(right), FieldType(left))
        return
    with pytest.raises(KindsDiffer) as caught:
        common_kind(FieldType(left), FieldType(right))
    assert (caught.value.left, caught.value.right) == (left, right)


@pytest.mark.parametrize("value", [None, Unreadable("unreadable", "?"), "text", 1, 1.5, Decimal("1e200000"), b"", NOON])
@pytest.mark.parametrize(("left", "right"), [pair for pair in itertools.product(Kind, Kind) if pair in PAIRED])
def test_never_fails(left: Kind, right: Kind, value: Any) -> None:
    """Whatever a system hands out; null and the unreadable stay what they are."""
    for side in Side:
        types = FieldType(left, scale=2, time_precision=0), FieldType(right, scale=2, time_precision=0)
        seen = form(rule(*types, transforms=tuple(map(Step, ("trim", "upper", "lower")))), value, side)
        assert seen == value or not (value is None or isinstance(value, Unreadable))


def test_a_text_without_a_zone_is_utc_wherever_we_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        tzset()
        assert form(rule(TEXT, DATETIME), "2026-03-01T12:00:00.123456") == NOON
    tzset()


def test_json_that_cannot_be_written_is_unreadable() -> None:
    assert form(rule(JSON, JSON), [10**5000]) == Unreadable("unreadable_json", "")


def test_what_needs_no_work_costs_none() -> None:
    for kind in (Kind.TEXT, Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.UUID, Kind.BINARY):
        assert canonicalizer(rule(FieldType(kind), FieldType(kind)), Side.LEFT) is None
