"""A page of listed records against what their couplings remember: the store tells what differs, and only that."""

import pytest

from couplings.store import couplings
from syncstatus.engine.records import Side
from tests import given

pytestmark = pytest.mark.django_db


def test_it_tells_couplings_of_another_version_and_keys_without_one() -> None:
    mapping, other = given.mapping(), given.mapping("ITEM")
    given.coupling(mapping, 1, left_version="7", right_version="a", base='["x"]')
    given.coupling(mapping, 2, left_version="7", right_version="b")
    given.coupling(other, 3, left_version="7")

    coupled, single = couplings.moved(mapping.pk, Side.LEFT, {"10001": "8", "10002": "7", "10003": "7"})

    assert [(key, row.left_version, row.right_key, row.base) for key, row in coupled.items()] == [
        ("10001", "7", "a-1", '["x"]')
    ]
    assert single == {"10003"}


def test_it_looks_at_the_side_that_was_listed() -> None:
    mapping = given.mapping()
    given.coupling(mapping, 1, left_version="7", right_version="a")

    coupled, single = couplings.moved(mapping.pk, Side.RIGHT, {"a-1": "b", "a-2": "c"})

    assert list(coupled) == ["a-1"]
    assert single == {"a-2"}


def test_nothing_listed_asks_nothing(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(0):
        assert couplings.moved(1, Side.LEFT, {}) == ({}, set())
