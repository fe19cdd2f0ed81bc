"""Two whole tables matched at once (DESIGN R14): what every answer must hold."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.match import Candidate, Found, Match, criteria, match_values
from syncstatus.engine.pairing import fingerprint, settle
from syncstatus.engine.records import Side
from tests.syncstatus.engine.builders import rules_of, text_rule

RULES = rules_of(text_rule("mail", match=1), text_rule("name", match=2), text_rule("city", match=2))
Table = dict[str, tuple[str, str, str]]

values = st.tuples(*[st.sampled_from(["", "a", "b", "c"])] * 3)
tables = st.dictionaries(st.sampled_from([f"{number}" for number in range(8)]), values, max_size=8)


@pytest.mark.parametrize("same", [(7, Decimal("7.00")), (True, 1), (7.0, 7), (Decimal("0.50"), Decimal("0.5"))])
def test_equal_values_have_one_fingerprint(same: tuple[Any, Any]) -> None:
    assert fingerprint((same[0], "x")) == fingerprint((same[1], "x"))


@pytest.mark.parametrize(
    ("one", "other"),
    [(("7",), (7,)), (("a", "bc"), ("ab", "c")), (("a|1:b",), ("a", "b")), ((0.5,), (5,)), (("",), ("#",))],
)
def test_other_values_have_another(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_the_first_gets_the_single_free_partner_the_others_are_duplicates() -> None:
    """SCENARIOS T8."""
    told = dict(settle(RULES, criteria(RULES)[0], Side.RIGHT, ["1", "2"], [Candidate("A")]))
    assert (told["1"].found, told["1"].key) == (Found.ONE, "A")
    assert told["2"].problem is not None
    assert told["2"].problem.kind is ErrorKind.DUPLICATE
    assert told["2"].problem.params == {"side": "right", "candidates": ["A"], "coupled_to": ["1"]}


def test_who_could_not_choose_is_nobodys() -> None:
    told = dict(settle(RULES, criteria(RULES)[0], Side.RIGHT, ["1"], [Candidate("A")], torn=True))
    assert told["1"].found is Found.AMBIGUOUS


def pair(left: Table, right: Table, source: Side = Side.LEFT) -> dict[str, Match]:
    """The caller's part, on dictionaries: every source's match."""
    tables = {Side.LEFT: left, Side.RIGHT: right}
    taken: dict[str, str] = {}
    found: dict[str, Match] = {}
    for criterion in criteria(RULES):
        groups: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for side in Side:
            for key in sorted(tables[side]):
                sought = match_values(RULES, criterion, side, tables[side][key])
                if sought is not None and not (side is source and key in found):
                    groups[fingerprint(sought)][side is not source].append(key)
        for sources, keys in groups.values():
            options = [Candidate(key, taken.get(key)) for key in keys]
            for key, match in settle(RULES, criterion, source.other, sources, options):
                if match.found is not Found.NONE:
                    found[key] = match
                if match.key is not None:
                    taken[match.key] = key
    return found


@given(tables, tables)
def test_never_a_wrong_pair(left: Table, right: Table) -> None:
    """What is coupled agrees on all fields of a criterion, nothing is coupled twice, nobody had a choice."""
    found = {key: match for key, match in pair(left, right).items() if match.key is not None}
    partners = [match.key for match in found.values()]
    assert len(partners) == len(set(partners))
    for key, match in found.items():
        mail, name, city = left[key]
        alike = [other for other in right.values() if mail and other[0] == mail]
        alike = alike or [other for other in right.values() if name and city and other[1:] == (name, city)]
        assert right[match.key or ""] in alike


@given(tables, tables)
def test_those_who_have_only_each_other_are_found_from_either_side(left: Table, right: Table) -> None:
    forth = {(key, match.key) for key, match in pair(left, right).items() if match.key}
    back = {(match.key, key) for key, match in pair(left, right, Side.RIGHT).items() if match.key}
    only = set()
    for key, (mail, *_) in left.items():
        mine = [other for other, row in left.items() if mail and row[0] == mail]
        theirs = [other for other, row in right.items() if mail and row[0] == mail]
        if len(mine) == len(theirs) == 1:
            only.add((key, theirs[0]))
    assert only <= forth
    assert only <= back


@given(tables, tables)
def test_who_has_several_free_partners_gets_none(left: Table, right: Table) -> None:
    for key, match in pair(left, right).items():
        mail = left[key][0]
        if mail and len([row for row in right.values() if row[0] == mail]) > 1:
            assert match.found is Found.AMBIGUOUS
