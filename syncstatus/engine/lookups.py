"""Lookups: a field that holds the key of a record of another mapping, its *parent*.

What a side stores is the key the parent has on that side, so the values of both sides have nothing in common but the
parent's coupling. They are compared by it:

==========================  =======================================================================================
a key of a coupled record   ``Reference``, with the keys the parent has on both sides
any other key               ``Missing``: it equals nothing but itself, and cannot be written on the other side
no key                      None
==========================  =======================================================================================

The base keeps what each side stored, in its own key: so a pair remembers what its records held, whatever becomes of the
parent's coupling (``as_of_now``). The couplings are not asked from here: whoever decides says first what is known
(``Parents.learn``).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from syncstatus.engine.convert import Converter, converter, written
from syncstatus.engine.parse import PARSERS
from syncstatus.engine.records import UNKNOWN, Memory, Pair, Record, Side, Values
from syncstatus.engine.values import FieldType, Kind, Unreadable, ValueRefused

if TYPE_CHECKING:
    from syncstatus.engine.merge import Merge
    from syncstatus.engine.rules import FieldRule, Rules

PARENT_MISSING: Final = "parent_missing"


class IfMissing(StrEnum):
    """What happens while the parent is not coupled: the record waits, the other side's field is emptied, or it keeps
    what it has."""

    WAIT = "wait"
    CLEAR = "clear"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Lookup:
    """``mappings`` are the names of those that may couple the parent, the first that does counts. ``in_cycle``: the
    parent's mapping refers back, so that a new record does not wait for a link that may be empty."""

    mappings: tuple[str, ...]
    if_missing: IfMissing = IfMissing.WAIT
    in_cycle: bool = False


class Reference(NamedTuple):
    """A coupled parent: its keys on both sides."""

    left: str
    right: str

    def key(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right


@dataclass(frozen=True, slots=True)
class Missing:
    """A parent that is not coupled: its key on the side that refers to it."""

    side: Side
    key: str


class Parents:
    """What is known of the parents of one field, for the records at hand. Pages overlap by one: the one before is
    remembered while this one is decided (``turn``)."""

    def __init__(self) -> None:
        self._now: dict[Side, dict[str, Reference | None]] = {side: {} for side in Side}
        self._before: dict[Side, dict[str, Reference | None]] = {side: {} for side in Side}
        self._deleted: dict[Side, set[str]] = {side: set() for side in Side}

    def turn(self) -> None:
        """Another page begins: what it needs is learned afresh."""
        self._before, self._now = self._now, {side: {} for side in Side}
        self._deleted = {side: set() for side in Side}

    def unknown(self, side: Side, keys: Iterable[str]) -> set[str]:
        """Those of ``keys`` that nothing was learned of for this page."""
        return set(keys).difference(self._now[side])

    def learn(self, side: Side, keys: Iterable[str], references: Iterable[Reference]) -> None:
        """Of ``keys`` of ``side`` those in ``references`` are coupled, and the others are not."""
        found = {reference.key(side): reference for reference in references}
        self._now[side].update(dict.fromkeys(keys) | found)
        there = self._now[side.other]
        there |= {key: one for one in found.values() if there.get(key := one.key(side.other)) is None}

    def learn_deleted(self, side: Side, keys: Iterable[str]) -> None:
        """``keys`` are coupled, but their records of ``side`` are deleted."""
        self._deleted[side].update(keys)

    def is_deleted(self, side: Side, key: Any) -> bool:
        return key in self._deleted[side]

    def of(self, side: Side, key: str) -> Reference | Missing:
        now = self._now[side]
        return (now[key] if key in now else self._before[side].get(key)) or Missing(side, key)


def key_text(value: Any, type_: FieldType) -> str | None:
    """A value of a field of ``type_`` as the key it is; None for no key, and for a value that could not be read."""
    if type(value) is str:
        return (value.rstrip(" ") if type_.fixed else value) or None
    if value is None or type(value) is Unreadable:
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return written(value)


def canonicalizer(rule: "FieldRule", side: Side, parents: Parents) -> Callable[[Any], Any]:
    """What turns a value of ``side`` into the form compared."""
    assert rule.lookup is not None
    clears, type_ = rule.lookup.if_missing is IfMissing.CLEAR, rule.type(side)

    def canonical(value: Any) -> Any:
        key = key_text(value, type_)
        if key is None:
            return value if type(value) is Unreadable else None
        found = parents.of(side, key)
        return None if clears and type(found) is Missing else found

    return canonical


def writer(rule: "FieldRule", side: Side) -> Converter:
    """What turns the form into a value to be written on ``side``; raises ``ValueRefused`` for a missing parent."""
    type_ = rule.type(side)
    write, parse = converter(rule.plain(type_, type_), side), PARSERS.get(type_.kind)

    def convert(value: Any) -> Any:
        if type(value) is Missing:
            raise ValueRefused(PARENT_MISSING, {"parent_side": value.side.value, "parent": value.key})
        if type(value) is Reference:
            key = value.key(side)
            return write(parse(key) if parse is not None else key)
        return write(value)

    return convert


def native(rule: "FieldRule", side: Side, key: str) -> Any:
    """The value by which records of ``side`` refer to the parent ``key``; raises ``ValueRefused``."""
    return writer(rule, side)(Reference(key, key))


def emptied(rules: "Rules", side: Side, record: Record, memory: Memory, position: int) -> str | None:
    """The key that ``record`` of ``side`` held when the pair was last in step, and holds no more."""
    then, rule = memory.base(side)[position], rules.fields[position]
    if not _is_key(then) or key_text(record.values[position], rule.type(side)) is not None:
        return None
    return str(then)


def of_stored(rules: "Rules", side: Side, base: Values) -> Values:
    """What a base of ``side`` remembers, in the form compared."""
    form = list(base)
    for position, parents in rules.compiled.parents.items():
        if _is_key(form[position]):
            form[position] = parents.of(side, form[position])
    return tuple(form)


def fits(field: FieldType, key: FieldType) -> bool:
    """Whether a field may hold keys of this type: both have the same text."""
    numbers = {Kind.INTEGER, Kind.DECIMAL}
    return field.kind is key.kind or {field.kind, key.kind} == numbers


def stored(side: Side, values: Values, positions: Iterable[int]) -> Values:
    """A base as it is remembered: with the keys that ``side`` stores."""
    form = list(values)
    for position in positions:
        form[position] = _own_key(side, form[position])
    return tuple(form)


def _own_key(side: Side, value: Any) -> Any:
    if type(value) is Reference:
        return value.key(side)
    return value.key if type(value) is Missing else value


# What the pair remembers, in today's couplings


def as_of_now(rules: "Rules", pair: Pair) -> Pair:
    """The pair with its memory in the form compared.

    A side has moved when it holds another key than it did. Where neither has, and their parents are not the same any
    more, the parent was coupled anew, with a record created again for example: the side whose parent is coupled tells
    the other one. A link that is empty because its parent was deleted there has not moved: what becomes of the parent
    decides.
    """
    memory, moved = pair.memory, False
    if memory is None:
        return pair
    left, right = list(memory.left_base), list(memory.right_base)
    for position in rules.compiled.parents:
        same = _unmoved(rules, position, pair, left[position], right[position])
        if same is not None:
            left[position] = right[position] = same
            continue
        link = _Link(rules, position, pair, memory)
        left[position], right[position] = link.base(Side.LEFT), link.base(Side.RIGHT)
        moved = moved or link.now != {Side.LEFT: left[position], Side.RIGHT: right[position]}
    # Equal versions say that the records are as they were, and not that their parents are.
    versions = ("", "") if moved else (memory.left_version, memory.right_version)
    return Pair(pair.left, pair.right, Memory(*versions, tuple(left), tuple(right)))


def _unmoved(rules: "Rules", position: int, pair: Pair, left_then: Any, right_then: Any) -> Reference | None:
    """The coupled parent that both sides have referred to all the time, as nearly all pairs do."""
    if pair.left is None or pair.right is None:
        return None
    here = rules.compiled.canonicalizers[Side.LEFT][position]
    there = rules.compiled.canonicalizers[Side.RIGHT][position]
    assert here is not None
    assert there is not None
    now = here(pair.left.values[position])
    if type(now) is not Reference or now.left != left_then or now.right != right_then:
        return None
    return now if there(pair.right.values[position]) == now else None


class _Link:
    """One lookup of a pair: what both sides hold, and whether that has moved."""

    def __init__(self, rules: "Rules", position: int, pair: Pair, memory: Memory) -> None:
        read, self.parents = rules.compiled.canonicalizers, rules.compiled.parents[position]
        self.then: dict[Side, Any] = {side: memory.base(side)[position] for side in Side}
        self.held: dict[Side, str | None] = {}
        self.now: dict[Side, Any] = {}
        for side in Side:
            value = _value(pair.record(side), position)
            canonical = read[side][position]
            self.held[side] = key_text(value, rules.fields[position].type(side))
            self.now[side] = canonical(value) if canonical is not None else value
        both = pair.left is not None and pair.right is not None
        self.telling = self._telling() if both else []

    def base(self, side: Side) -> Any:
        then = self.then[side]
        if then is UNKNOWN:
            return then
        if self.telling:
            return _former(side, then) if side in self.telling else self.now[side]
        if self._is_orphaned(side):
            # Not by itself a change: it gives way to one of the other side, and is left as it is without (leave_links).
            return self.now[side] if self._moved(side.other) else _former(side, then)
        return _former(side, then) if self._moved(side) else self.now[side]

    def _is_orphaned(self, side: Side) -> bool:
        return self.held[side] is None and self.parents.is_deleted(side, self.then[side])

    def _moved(self, side: Side) -> bool:
        return self.held[side] != self.then[side] and not self._is_orphaned(side)

    def _telling(self) -> list[Side]:
        """The sides whose parent was coupled anew, so that the other one does not hold its partner any more."""
        if self.now[Side.LEFT] == self.now[Side.RIGHT] or not all(_is_key(self.then[side]) for side in Side):
            return []
        stale = [side for side in Side if self._is_coupled_anew(side)]
        there = stale[0].other if len(stale) == 1 else None
        if there is not None and self._moved(there) and self.held[there] is not None:
            return []  # somebody chose another parent there since
        return stale

    def _is_coupled_anew(self, side: Side) -> bool:
        now = self.now[side]
        return type(now) is Reference and not self._moved(side) and now.key(side.other) != self.then[side.other]


def _keeps(rules: "Rules", position: int) -> bool:
    lookup = rules.fields[position].lookup
    return lookup is not None and lookup.if_missing is IfMissing.KEEP


def _value(record: Record | None, position: int) -> Any:
    return record.values[position] if record is not None else None


def _is_key(then: Any) -> bool:
    return then is not UNKNOWN and then is not None


def _former(side: Side, then: Any) -> Any:
    """What a side held once, as something that nothing equals which it holds now."""
    return Missing(side, then) if _is_key(then) else then


# Links that may follow later


def without_links(rules: "Rules", side: Side, values: Values, positions: Iterable[int]) -> tuple[Values, int | None]:
    """``values`` for a new record of ``side`` without those links at ``positions`` that may follow later, and the first
    that is waited for: where mappings refer to each other, one record has to be the first."""
    missing = [p for p in positions if p in rules.compiled.parents and type(values[p]) is Missing]
    later = [position for position in missing if may_follow(rules.fields[position], side)]
    if not later:
        return values, None
    waited = next((position for position in later if not _keeps(rules, position)), None)
    return tuple(None if position in later else value for position, value in enumerate(values)), waited


def may_follow(rule: "FieldRule", side: Side) -> bool:
    """Whether a record of ``side`` may be written without its link."""
    if rule.lookup is None or rule.required or not rule.type(side).nullable:
        return False
    return rule.lookup.in_cycle or rule.lookup.if_missing is IfMissing.KEEP


def leave_links(
    rules: "Rules", found: "Merge", values: tuple[Values, Values], bases: tuple[Values, Values]
) -> int | None:
    """Take out of a merge the links that may follow later; they keep their base. The first that is waited for."""
    waited = None
    for position in rules.compiled.parents:
        for side, taken in ((Side.LEFT, found.to_left), (Side.RIGHT, found.to_right)):
            source = values[side is Side.LEFT][position]
            if position in taken and source is None and _is_orphan(rules, position, side.other, bases):
                taken.remove(position)
                _left(rules, found, position, bases, None)
            elif position in taken and type(source) is Missing and _may_be_left(rules, position, side):
                taken.remove(position)
                waited = _left(rules, found, position, bases, waited)
        if position in found.conflicts and _may_wait(rules, position, values):
            found.conflicts.remove(position)
            waited = _left(rules, found, position, bases, waited)
    return waited


def _is_orphan(rules: "Rules", position: int, side: Side, bases: tuple[Values, Values]) -> bool:
    then = bases[side is Side.RIGHT][position]
    return type(then) is Missing and rules.compiled.parents[position].is_deleted(side, then.key)


def uncoupled(values: tuple[Values, Values], position: int) -> Missing | None:
    """The parent at ``position`` that is not coupled, of the two forms of a pair."""
    return next((form[position] for form in values if type(form[position]) is Missing), None)


def _may_wait(rules: "Rules", position: int, values: tuple[Values, Values]) -> bool:
    """Two links that differ may come to the same, once the parents are coupled."""
    return uncoupled(values, position) is not None and all(_may_be_left(rules, position, side) for side in Side)


def _may_be_left(rules: "Rules", position: int, side: Side) -> bool:
    return _keeps(rules, position) or may_follow(rules.fields[position], side)


def _left(
    rules: "Rules", found: "Merge", position: int, bases: tuple[Values, Values], waited: int | None
) -> int | None:
    found.left_base[position], found.right_base[position] = bases[0][position], bases[1][position]
    return position if waited is None and not _keeps(rules, position) else waited
