"""What the engine works out once for each table mapping, so that a pair costs only what its values cost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from syncstatus.engine import lookups
from syncstatus.engine.base import Restorer, restorer
from syncstatus.engine.canonical import Canonicalizer, canonicalizer
from syncstatus.engine.convert import Converter, converter
from syncstatus.engine.lookups import Parents
from syncstatus.engine.records import Side, Values
from syncstatus.engine.rules import Direction, FieldRule, Rules, UpdatePolicy
from syncstatus.engine.transformed import Transformed
from syncstatus.engine.values import Kind, Unreadable, ValueRefused, common_kind

OfRecord = Callable[[Values], Any]


class Compiled:
    """The closures and flags of one ``Rules``, by position of the field.

    ``travels[side]`` says whether a field's values may be written on that side: both the field's and the mapping's
    direction must allow it; ``writable[side]`` whether they can be, which a restore asks. ``compared`` are the kinds in
    which values are compared. ``resettled[side]`` are the fields whose value may read back in another form than it was
    written in. ``parents`` are what lookups are translated by: whoever decides learns them first. Raises
    ``KindsDiffer`` for a pair of fields that cannot be mapped.
    """

    def __init__(self, rules: Rules) -> None:
        fields = rules.fields
        self.names: Final = tuple(rule.name for rule in fields)
        self.kinds: Final = frozenset(rule.type(side).kind for rule in fields for side in Side)
        self.policies: Final[tuple[UpdatePolicy, ...]] = tuple(rule.policy or rules.update_conflict for rule in fields)
        self.travels: Final = {
            side: tuple(_travels(rule, side) and rules.direction.writes(side) for rule in fields) for side in Side
        }
        self.both_ways: Final = tuple(map(all, zip(*self.travels.values(), strict=True)))
        self.clears: Final = tuple(rule.clears for rule in fields)
        # Fields of which nothing but the values decides.
        self.free: Final = tuple(map(all, zip(self.both_ways, self.clears, strict=True)))
        self.all_free: Final = all(self.free)
        # Where a side's field stands; of several lines that show it, the one that may write it.
        self.places: Final = {side: _places(fields, side, self.travels[side]) for side in Side}
        self.mapped: Final = {side: {rule.field(side) for rule in fields if not rule.carried} for side in Side}
        self.carried: Final = frozenset(position for position, rule in enumerate(fields) if rule.carried)
        self.parents: Final = {position: Parents() for position, rule in enumerate(fields) if rule.lookup is not None}
        worked = [_worked_out(rule, rules.direction) for rule in rules.fields]
        self.transformed: Final = {position: one for position, one in enumerate(worked) if one is not None}
        pairs = list(zip(rules.fields, worked, strict=True))
        self.compared: Final[tuple[Kind, ...]] = tuple(_kind(*pair) for pair in pairs)
        self.canonicalizers: Final[dict[Side, tuple[Canonicalizer | None, ...]]] = {
            side: tuple(_canonicalizer(*pair, side, self.parents.get(p)) for p, pair in enumerate(pairs))
            for side in Side
        }
        self.canonical: Final[dict[Side, Callable[[Values], Values]]] = {
            side: _tuple_canonicalizer(functions, _of_records(rules, worked, side))
            for side, functions in self.canonicalizers.items()
        }
        converters = {side: tuple(_converter(*pair, side) for pair in pairs) for side in Side}
        self.converters: Final[dict[Side, tuple[Converter, ...]]] = {
            side: tuple(one or _no_way for one in known) for side, known in converters.items()
        }
        self.writable: Final = {
            side: tuple(position for position, one in enumerate(known) if one is not None)
            for side, known in converters.items()
        }
        self.resettled: Final = {
            side: {p: read for p in self.transformed if (read := self.canonicalizers[side][p]) is not None}
            for side in Side
        }
        self.restore_base: Final[Restorer] = restorer(fields, self.compared)

    def read_back(self, side: Side, position: int, sent: Any, form: Any) -> Any:
        """The form in which ``sent`` will read back on ``side``, where it was made of ``form``."""
        read = self.resettled[side].get(position)
        if read is None:
            return form
        again = read(sent)
        return form if type(again) is Unreadable else again


def _places(fields: Sequence[FieldRule], side: Side, travels: Sequence[bool]) -> dict[str, int]:
    order = sorted(range(len(fields)), key=travels.__getitem__)
    return {fields[position].field(side): position for position in order}


def _travels(rule: FieldRule, side: Side) -> bool:
    return rule.direction.writes(side) and not rule.carried


def _worked_out(rule: FieldRule, direction: Direction) -> Transformed | None:
    if rule.carried or rule.lookup is not None or not rule.is_transformed:
        return None
    return Transformed(rule if direction is Direction.BIDIRECTIONAL else replace(rule, direction=direction))


def compared_kind(rule: FieldRule, direction: Direction) -> Kind:
    """The kind in which both sides' values are compared, in a mapping of ``direction``. Raises ``KindsDiffer``."""
    return _kind(rule, _worked_out(rule, direction))


def _kind(rule: FieldRule, worked: Transformed | None) -> Kind:
    if rule.carried:
        return rule.left_type.kind
    if rule.lookup is not None:
        return Kind.TEXT  # a key, in the form in which couplings keep it
    return common_kind(rule.left_type, rule.right_type) if worked is None else worked.kind


def _canonicalizer(
    rule: FieldRule, worked: Transformed | None, side: Side, parents: Parents | None
) -> Canonicalizer | None:
    if rule.carried:
        return _nothing
    if parents is not None:
        return lookups.canonicalizer(rule, side, parents)
    if worked is None:
        return canonicalizer(rule, side)
    return None if worked.reads and side is worked.away else worked.canonicalizer(side)


def _converter(rule: FieldRule, worked: Transformed | None, side: Side) -> Converter | None:
    if rule.carried:
        return None
    if rule.lookup is not None:
        return lookups.writer(rule, side)
    return converter(rule, side) if worked is None else worked.converter(side)


def _no_way(_value: Any) -> Any:
    raise ValueRefused("no_way_back")


def _nothing(_value: Any) -> None:
    return None


def _of_records(rules: Rules, worked: Sequence[Transformed | None], side: Side) -> list[tuple[int, OfRecord]]:
    """The fields of ``side`` that are made of several values of their record."""
    return [
        (position, one.record_canonicalizer(rules.fields, position))
        for position, one in enumerate(worked)
        if one is not None and one.reads and side is one.away
    ]


def _tuple_canonicalizer(
    functions: Sequence[Canonicalizer | None], of_records: Sequence[tuple[int, OfRecord]]
) -> Callable[[Values], Values]:
    """One function for a whole record; fields that need no work cost nothing."""
    work = [(position, function) for position, function in enumerate(functions) if function is not None]
    if not work and not of_records:
        return _unchanged

    def canonical(values: Values) -> Values:
        form = list(values)
        for position, function in work:
            form[position] = function(form[position])
        return tuple(form)

    def canonical_of_record(values: Values) -> Values:
        form = list(values)
        for position, function in work:
            form[position] = function(form[position])
        for position, combine in of_records:
            form[position] = combine(values)
        return tuple(form)

    return canonical_of_record if of_records else canonical


def _unchanged(values: Values) -> Values:
    return values


def first_unreadable(values: Values) -> int | None:
    """The position of the first value that could not be read."""
    if Unreadable not in map(type, values):
        return None
    return list(map(type, values)).index(Unreadable)
