"""Lookups in the engine: what a pair remembers, in today's couplings of its parents. Every row holds mirrored, too."""

import pytest

from syncstatus.engine.base import dump_base, load_base
from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, ErrorKind
from syncstatus.engine.lookups import IfMissing, Lookup, Reference
from syncstatus.engine.records import Memory, Pair, Record, Side
from syncstatus.engine.rules import FieldRule, Rules
from syncstatus.engine.values import FieldType, Kind

TEXT = FieldType(Kind.TEXT)
COUPLED = [("1", "a"), ("2", "b")]
MIRROR = {"1": "a", "2": "b", "3": "c", "9": "z"}
MIRROR |= {there: here for here, there in MIRROR.items()}


def rules(if_missing: IfMissing = IfMissing.WAIT, *, in_cycle: bool = False) -> Rules:
    lookup = Lookup(("PARENT",), if_missing, in_cycle)
    return Rules((FieldRule("name", "name", TEXT, TEXT), FieldRule("parent", "owner", TEXT, TEXT, lookup=lookup)))


def learned(known: Rules, pairs: list[tuple[str, str]], deleted: str | None = None) -> Rules:
    (parents,) = known.compiled.parents.values()
    for side in Side:
        parents.learn(side, [], [Reference(*pair) for pair in pairs])
        if deleted is not None:
            parents.learn_deleted(side, [deleted])
    return known


def pair(known: Rules, left: str | None, right: str | None, base: tuple[str | None, str | None]) -> Pair:
    """Both records have another version than the pair remembers; the base went through the store."""
    bases = load_base(known, *dump_base(known, ("x", base[0]), ("x", base[1])))
    return Pair(Record("l", "v2", ("x", left)), Record("r", "v2", ("x", right)), Memory("v1", "v1", *bases))


CASES = {
    "nothing moved": (COUPLED, "1", "a", ("1", "a"), {}, {}),
    "one side has another parent": (COUPLED, "2", "a", ("1", "a"), {}, {1: "b"}),
    "one side has none any more": (COUPLED, None, "a", ("1", "a"), {}, {1: None}),
    "both have the same new parent": (COUPLED, "2", "b", ("1", "a"), {}, {}),
    "the parent got another key there": ([("1", "c")], "1", "a", ("1", "a"), {}, {1: "c"}),
    "and its link was emptied": ([("1", "c")], "1", None, ("1", "a"), {}, {1: "c"}),
    "and somebody chose another one": ([("1", "c"), ("2", "b")], "1", "b", ("1", "a"), {1: "2"}, {}),
    "the parent is not coupled any more": ([], "1", "a", ("1", "a"), {}, {}),
    "a link that was left out may be written": (COUPLED, "1", None, (None, None), {}, {1: "a"}),
}


@pytest.mark.parametrize("mirrored", [False, True], ids=["", "mirrored"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_link_follows_its_parent(case: tuple, mirrored: bool) -> None:
    coupled, left, right, base, to_left, to_right = case
    if mirrored:
        coupled = [(MIRROR[there], MIRROR[here]) for here, there in coupled]
        left, right = (MIRROR.get(key) for key in (right, left))
        base = tuple(MIRROR.get(key) for key in reversed(base))
        to_left, to_right = ({p: MIRROR.get(key) for p, key in sent.items()} for sent in (to_right, to_left))
    known = learned(rules(), coupled)
    decision = decide(known, pair(known, left, right, base))
    assert decision.problem is None
    assert (dict(decision.left), dict(decision.right)) == (to_left, to_right)
    assert decision.left_base is not None
    assert decision.right_base is not None
    after = load_base(known, *dump_base(known, decision.left_base, decision.right_base))
    assert [form[1] for form in after] == [to_left.get(1, left), to_right.get(1, right)] or not coupled


def test_a_deleted_parents_link_keeps_what_it_was() -> None:
    known = learned(rules(), COUPLED, deleted="a")
    decision = decide(known, pair(known, "1", None, ("1", "a")))
    assert (decision.action, decision.left, decision.right) == (Action.REFRESH, {}, {})
    after = load_base(known, *dump_base(known, decision.left_base or (), decision.right_base or ()))
    assert [form[1] for form in after] == ["1", "a"]
    assert decide(known, pair(known, "2", None, ("1", "a"))).right == {1: "b"}


def test_a_parent_that_is_not_coupled_is_waited_for_and_named() -> None:
    known = learned(rules(), COUPLED)
    for found in (pair(known, "9", "a", ("1", "a")), Pair(Record("l", "v", ("x", "9")), None)):
        decision = decide(known, found)
        assert decision.problem is not None
        assert decision.problem.kind is ErrorKind.DEPENDENCY
        assert decision.problem.params == {"side": "right", "parent_side": "left", "parent": "9"}


@pytest.mark.parametrize(
    ("known", "sent", "follows"),
    [
        (rules(in_cycle=True), {0: "x", 1: None}, True),
        (rules(IfMissing.KEEP), {0: "x", 1: None}, False),
        (rules(IfMissing.CLEAR), {0: "x", 1: None}, False),
    ],
    ids=["in a circle", "keep", "clear"],
)
def test_a_new_record_may_come_without_its_link(known: Rules, sent: dict, follows: bool) -> None:
    decision = decide(known, Pair(Record("l", "v", ("x", "9")), None))
    assert (decision.action, decision.right, decision.follows is not None) == (Action.CREATE, sent, follows)
