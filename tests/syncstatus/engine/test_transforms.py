"""What each step makes of a value, and that what is undone comes back (FEATURES 2)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncstatus.engine.transforms import catalogue, chain
from syncstatus.engine.transforms.step import Nature, Step, StepInvalid
from syncstatus.engine.values import Unreadable

NOON = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)

CASES: list[tuple[Any, Any, Any]] = [
    ("trim", "  a b\t", "a b"),
    ("trim", 5, 5),
    ("upper", "straße", "STRASSE"),
    ("lower", "ÆØÅ", "æøå"),
    ("title", "ada lovelace", "Ada Lovelace"),
    ({"substring": 3}, "abcdef", "abc"),
    ({"substring": {"from": 3, "length": 2}}, "abcdef", "cd"),
    ({"substring": {"from": 9}}, "abc", ""),
    ({"pad": 5}, "42", "00042"),
    ({"pad": 5}, 42, "00042"),
    ({"pad": {"length": 4, "with": ".", "side": "right"}}, "ab", "ab.."),
    ({"pad": 2}, "12345", "12345"),
    ({"replace": {"text": "-", "by": ""}}, "1-2-3", "123"),
    ({"regex": {"pattern": r"(\d+)-(\d+)", "by": r"\2/\1"}}, "a 12-34", "a 34/12"),
    ({"regex": {"pattern": "A+", "by": "b", "ignore_case": True}}, "xaay", "xby"),
    ({"prefix": "C-"}, 7, "C-7"),
    ({"suffix": " GmbH"}, "Ada", "Ada GmbH"),
    ({"remove_prefix": "C-"}, "C-7", "7"),
    ({"remove_suffix": "!"}, "a!", "a"),
    ({"split": {"by": " "}}, "Ada King Lovelace", "Ada"),
    ({"split": {"by": " ", "part": 2}}, "Ada King Lovelace", "King"),
    ({"split": {"by": " ", "part": 2, "rest": True}}, "Ada King Lovelace", "King Lovelace"),
    ({"split": {"by": " ", "part": -1}}, "Ada King Lovelace", "Lovelace"),
    ({"split": {"by": ",", "part": 2}}, "Ada", None),
    ({"round": 2}, Decimal("1.005"), Decimal("1.01")),
    ({"round": 0}, 2.5, 3.0),
    ({"round": -2}, 1250, 1300),
    ({"round": 1}, "1.25", Decimal("1.3")),
    ({"format_number": {"locale": "da", "digits": 2, "grouping": True}}, Decimal("1234567.5"), "1.234.567,50"),
    ({"format_number": "de"}, Decimal("1234.5"), "1234,5"),
    ({"parse_number": "da"}, "1.234.567,50", Decimal("1234567.50")),
    ({"parse_number": "fr"}, "1234,5", Decimal("1234.5")),
    ({"format_date": "dd.MM.yyyy"}, date(2026, 7, 1), "01.07.2026"),
    ({"format_date": {"pattern": "d. MMMM yyyy", "locale": "da"}}, date(2026, 7, 1), "1. juli 2026"),
    ({"format_date": {"pattern": "dd/MM/yyyy HH:mm", "zone": "Europe/Copenhagen"}}, NOON, "01/07/2026 12:30"),
    ({"parse_date": "dd.MM.yyyy"}, "01.07.2026", date(2026, 7, 1)),
    ({"parse_date": {"pattern": "d. MMMM yyyy", "locale": "fr"}}, "1. juillet 2026", date(2026, 7, 1)),
    ({"parse_date": {"pattern": "dd/MM/yyyy HH:mm", "zone": "Europe/Copenhagen"}}, "01/07/2026 12:30", NOON),
    ({"parse_date": "dd.MM.yy"}, "01.07.99", date(1999, 7, 1)),
    ({"country": "alpha_2"}, "DNK", "DK"),
    ({"country": "alpha_2"}, "Denmark", "DK"),
    ({"country": "alpha_2"}, "dk", "DK"),
    ({"country": {"from": "alpha_2", "to": "name"}}, "SE", "Sweden"),
    ({"currency": "numeric"}, "DKK", "208"),
    ({"currency": {"from": "numeric", "to": "alpha_3"}}, "978", "EUR"),
    ({"phone": "DK"}, "33 12 34 56", "+4533123456"),
    ({"phone": "DK"}, "0045 33123456", "+4533123456"),
    ({"phone": "US"}, "+44 20 7946 0958", "+442079460958"),
    ({"constant": 5}, "anything", 5),
    ({"constant": "x"}, None, "x"),
    ({"expression": "upper(value) + '!'"}, "a", "A!"),
    ({"expression": "value * 1.25 if value > 100 else value"}, Decimal(200), Decimal(250)),
    ({"expression": "0.1 + 0.2"}, None, Decimal("0.3")),
    ({"expression": "filled(value, 'none')"}, "", "none"),
    ({"expression": "'Mr' if startswith(value, 'M') else 'Ms'"}, "Max", "Mr"),
]


@pytest.mark.parametrize(("step", "value", "expected"), CASES)
def test_what_a_step_makes_of_a_value(step: Any, value: Any, expected: Any) -> None:
    made = chain.of_value([catalogue.read(step)])(value)

    assert made == expected
    assert type(made) is type(expected)


FAILING: list[tuple[Any, Any]] = [
    ({"remove_prefix": "C-"}, "D-7"),
    ({"round": 2}, "many"),
    ({"parse_number": "da"}, "1,2,3"),
    ({"parse_date": "dd.MM.yyyy"}, "31.02.2026"),
    ({"parse_date": "dd.MM.yyyy"}, "2026-02-01"),
    ({"format_date": "dd.MM.yyyy"}, "yesterday"),
    ({"country": "alpha_2"}, "Atlantis"),
    ({"phone": "DK"}, "call me"),
    ({"phone": "DK"}, "12"),
    ({"expression": "value + 1"}, "a"),
    ({"expression": "1 / value"}, 0),
    ({"expression": "value * value * value * value"}, Decimal("1e900")),
]


@pytest.mark.parametrize(("step", "value"), FAILING)
def test_a_value_that_a_step_can_do_nothing_with_names_the_step(step: Any, value: Any) -> None:
    read = catalogue.read(step)
    made = chain.of_value([read])(value)

    assert isinstance(made, Unreadable)
    assert made.code == "transform_failed"
    assert made.params == {"transform": read.name, "value": str(value)}


@pytest.mark.parametrize(
    "step", [case[0] for case in CASES if "constant" not in str(case) and "express" not in str(case)]
)
def test_empty_values_pass_by(step: Any) -> None:
    function = chain.of_value([catalogue.read(step)])

    assert function(None) is None
    assert function("") == ""


TEXTS = st.text(max_size=30)
AMOUNTS = st.decimals(-(10**9), 10**9, places=4)
DAYS = st.dates(date(1970, 1, 1), date(2069, 12, 31))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC, second=0, microsecond=0)
)
REVERSIBLE: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ({"prefix": "C-"}, TEXTS.filter(bool)),
    ({"suffix": "-C"}, TEXTS.filter(bool)),
    ({"format_number": {"locale": "da", "digits": 4, "grouping": True}}, AMOUNTS),
    ({"format_number": {"locale": "fr_CH", "digits": 6}}, AMOUNTS),
    ({"format_date": "dd.MM.yy"}, DAYS),
    ({"format_date": {"pattern": "d MMM yyyy", "locale": "de"}}, DAYS),
    ({"format_date": {"pattern": "yyyy-MM-dd HH:mm", "zone": "Asia/Kathmandu"}}, MOMENTS),
    ({"country": {"from": "alpha_2", "to": "alpha_3"}}, st.sampled_from(["DK", "SE", "GB", "FR"])),
    ({"currency": {"from": "alpha_3", "to": "numeric"}}, st.sampled_from(["DKK", "EUR", "JPY"])),
]


@pytest.mark.parametrize(("step", "values"), REVERSIBLE, ids=str)
def test_what_is_undone_comes_back(step: Any, values: st.SearchStrategy[Any]) -> None:
    steps = [catalogue.read(step)]
    back = chain.undone(steps)
    assert back is not None
    there, again = chain.of_value(steps), chain.of_value(back)

    @given(values)
    def holds(value: Any) -> None:
        assert again(there(value)) == value

    holds()


NORMAL = [
    "trim", "upper", "lower", "title", {"pad": 7}, {"pad": {"length": 5, "with": "x", "side": "right"}},
    {"phone": "DK"}, {"country": "name"}, {"currency": "alpha_3"},
]  # fmt: skip


@given(st.lists(st.sampled_from(NORMAL), min_size=1, max_size=1), TEXTS)
def test_a_form_is_left_alone_when_it_is_met_again(steps: list[Any], value: str) -> None:
    form = chain.of_value([catalogue.read(step) for step in steps])
    once = form(value)

    assert isinstance(once, Unreadable) or form(once) == once


def test_which_steps_can_be_undone() -> None:
    one_way = {name for name, kind in catalogue.CATALOGUE.items() if kind.nature is Nature.ONE_WAY}

    assert one_way == {"substring", "replace", "regex", "split", "constant", "join", "expression"}
    assert chain.hindering([Step("trim"), Step("substring", {"length": 3})]) == Step("substring", {"length": 3})


def test_a_pattern_that_explodes_elsewhere_comes_back() -> None:
    """A backtracking engine would not, within the age of the world."""
    step = catalogue.read({"regex": {"pattern": "^(a+)+$", "by": "x"}})

    assert chain.of_value([step])("a" * 50_000 + "!") == "a" * 50_000 + "!"


def test_an_expression_may_be_at_work_in_several_threads() -> None:
    """A run decides on a page while another thread remembers the page before."""
    double = chain.of_value([catalogue.read({"expression": "text(value) + ':' + text(value)"})])

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(double, range(20_000), chunksize=1_000))

    assert made == [f"{number}:{number}" for number in range(20_000)]


BOMBS = [
    "9 ** 9 ** 9", "value.ljust(10)", "f'{value:>999999999}'", "'%999999999d' % 1", "[1] * 9", "lambda: 1",
    "__import__('os')", "value.__class__", "1 << 99", "(1).real", "{}", "value[0]", "min(*value)", "round(1, digits=2)",
]  # fmt: skip


@pytest.mark.parametrize("text", BOMBS)
def test_an_expression_has_no_way_out(text: str) -> None:
    try:
        step = catalogue.read({"expression": text})
    except StepInvalid:
        return
    assert isinstance(chain.of_value([step])("a"), Unreadable)


def test_a_step_is_written_as_it_is_read() -> None:
    for written in ["trim", {"pad": 5}, {"pad": {"length": 5, "side": "right"}}, {"join": ["a", "b"]}, {"constant": 1}]:
        assert catalogue.read(written).as_written() == written
