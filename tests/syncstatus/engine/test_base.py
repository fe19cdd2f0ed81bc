"""The stored base brings back exactly what was agreed on."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncstatus.engine.base import dump_base, load_base
from syncstatus.engine.records import UNKNOWN
from syncstatus.engine.rules import FieldRule, Rules
from syncstatus.engine.values import FieldType, Kind
from tests.syncstatus.engine.builders import rules_of, text_rule

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: ANY_TEXT,
    Kind.INTEGER: st.integers(),
    Kind.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False),
    Kind.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(),
    Kind.TIME: st.times(),
    Kind.DATETIME: st.datetimes(timezones=st.just(UTC)),
    Kind.UUID: st.uuids().map(str),
    Kind.BINARY: st.binary(),
    Kind.JSON: ANY_TEXT,
}
ALL_KINDS = Rules(tuple(FieldRule(f"{kind}", f"{kind}", FieldType(kind), FieldType(kind)) for kind in Kind))
BASES = st.tuples(*(st.none() | VALUES[kind] | st.just(UNKNOWN) for kind in Kind))


@given(BASES)
def test_round_trip_is_exact(base: tuple[Any, ...]) -> None:
    raw, raw_right = dump_base(ALL_KINDS, base, base)
    left, right = load_base(ALL_KINDS, raw, raw_right)
    assert left == base
    assert list(map(type, left)) == list(map(type, base))
    assert right is left


@given(BASES, BASES)
def test_each_side_has_its_own(left: tuple[Any, ...], right: tuple[Any, ...]) -> None:
    right = tuple(UNKNOWN if mine is UNKNOWN else mine if yours is UNKNOWN else yours
                  for mine, yours in zip(left, right, strict=True))  # fmt: skip
    assert load_base(ALL_KINDS, *dump_base(ALL_KINDS, left, right)) == (left, right)


@given(BASES)
def test_what_a_json_column_hands_back_will_do(base: tuple[Any, ...]) -> None:
    raw, _ = dump_base(ALL_KINDS, base, base)
    assert load_base(ALL_KINDS, json.loads(raw))[0] == base


@given(BASES)
def test_no_nul_reaches_the_store(base: tuple[Any, ...]) -> None:
    """PostgreSQL's jsonb refuses it, and the whole page of records would fail with it."""
    raw, _ = dump_base(ALL_KINDS, base, base)
    assert "\0" not in str(json.loads(raw))


def test_microseconds_keep_their_places() -> None:
    rules = rules_of(FieldRule("at", "at", *[FieldType(Kind.TIME)] * 2))
    base = (time(1, 2, 3, 10_000),)
    assert load_base(rules, *dump_base(rules, base, base))[0] == base


def test_is_plain_json_by_field() -> None:
    rules = rules_of(text_rule("name"), FieldRule("price", "amount", *[FieldType(Kind.DECIMAL)] * 2))
    raw, raw_right = dump_base(rules, ("ada", Decimal("1.50")), ("ADA", Decimal("1.50")))
    assert orjson.loads(raw) == ["name>name\x7fprice>amount", "ada", "1.50"]
    assert raw_right is not None
    assert orjson.loads(raw_right) == {"name>name": "ADA"}
    partial, _ = dump_base(rules, ("ada", UNKNOWN), ("ada", UNKNOWN))
    assert orjson.loads(partial) == {"name>name": "ada"}


def test_a_whole_base_is_read_by_name_when_the_fields_are_others_now() -> None:
    before = rules_of(text_rule("old"), text_rule("name"))
    raw, _ = dump_base(before, ("x", "ada"), ("x", "ada"))
    assert load_base(rules_of(text_rule("name"), text_rule("new")), raw)[0] == ("ada", UNKNOWN)


def test_a_field_name_with_the_separator_costs_a_first_contact_at_most() -> None:
    odd, plain = text_rule("a\x7fb"), text_rule("name")
    raw, _ = dump_base(rules_of(odd, plain), ("x", "ada"), ("x", "ada"))
    assert load_base(rules_of(odd, plain), raw)[0] == ("x", "ada")
    assert load_base(rules_of(plain), raw)[0] == (UNKNOWN,)


def test_names_no_longer_mapped_are_ignored_and_new_ones_unknown() -> None:
    rules = rules_of(text_rule("name"), text_rule("new"))
    left, right = load_base(rules, b'{"old>old":"x","name>name":"ada"}', b'{"old>old":"y"}')
    assert left == right == ("ada", UNKNOWN)


def test_a_field_of_the_right_side_alone_is_unknown() -> None:
    assert load_base(rules_of(), b"{}", b'{"name>name":"x"}') == ((UNKNOWN,), (UNKNOWN,))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("stored", ["?", 1, 1.5, True, None, {"a": 1}, [1]])
def test_survives_a_field_that_changed_its_type(kind: Kind, stored: Any) -> None:
    rules = rules_of(FieldRule("a", "b", FieldType(kind), FieldType(kind)))
    assert len(load_base(rules, {"a>b": stored})[0]) == 1


def test_mixed_kinds_come_back_as_they_are_compared() -> None:
    text = FieldType(Kind.TEXT)
    others = (Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.TIME, Kind.DATETIME)
    rules = Rules(tuple(FieldRule(f"{kind}", f"{kind}", text, FieldType(kind)) for kind in others))
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    for base in (
        (7, Decimal("1.5"), date(2026, 3, 1), time(1, 2), moment),
        ("x", "y", "z", "25:00", "today"),
    ):
        assert load_base(rules, *dump_base(rules, base, base))[0] == base
