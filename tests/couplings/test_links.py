"""Where a record opens in its own application."""

import pytest

from couplings import links
from couplings.models import TableMapping
from syncstatus.engine.records import Side


def linked(link: str, *key: str) -> TableMapping:
    return TableMapping(left_link=link, left_key=list(key))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("10000", "https://erp.example/customer/10000?company=1"),
        ("a/b c?d#e&f", "https://erp.example/customer/a%2Fb%20c%3Fd%23e%26f?company=1"),
        ("Ж%0A", "https://erp.example/customer/%D0%96%250A?company=1"),
    ],
)
def test_the_key_is_percent_encoded(key: str, expected: str) -> None:
    for mapping in (
        linked("https://erp.example/customer/{id}?company=1"),
        linked("https://erp.example/customer/{key}?company=1", "id"),
    ):
        assert links.of(mapping, Side.LEFT, key) == expected


def test_each_part_of_a_key_has_its_place() -> None:
    mapping = linked("https://erp.example/{no}?c={company}", "company", "no")

    assert links.of(mapping, Side.LEFT, '["DK/1",7]') == "https://erp.example/7?c=DK%2F1"
    for odd in ("7", '["DK"]', '{"a":1}', "[" * 5_000):
        assert links.of(mapping, Side.LEFT, odd) == ""


def test_without_a_link_or_a_key_there_is_nothing_to_open() -> None:
    assert links.of(linked(""), Side.LEFT, "1") == ""
    assert links.of(linked("https://erp.example/{id}"), Side.LEFT, None) == ""
    assert links.of(linked("https://erp.example/{id}"), Side.RIGHT, "1") == ""
