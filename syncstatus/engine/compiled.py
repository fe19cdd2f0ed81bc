"""What the engine works out once for each table mapping, so that a pair costs only what its values cost."""

from collections.abc import Callable, Sequence
from typing import Final

from syncstatus.engine.base import Restorer, restorer
from syncstatus.engine.canonical import Canonicalizer, canonicalizer
from syncstatus.engine.convert import Converter, converter
from syncstatus.engine.records import Side, Values
from syncstatus.engine.rules import Rules, UpdatePolicy
from syncstatus.engine.values import Unreadable


class Compiled:
    """The closures and flags of one ``Rules``, by position of the field.

    ``travels[side]`` says whether a field's values may be written on that side: both the field's and the mapping's
    direction must allow it. Raises ``KindsDiffer`` for a pair of fields that cannot be mapped.
    """

    def __init__(self, rules: Rules) -> None:
        fields = rules.fields
        self.names: Final = tuple(rule.name for rule in fields)
        self.kinds: Final = frozenset(rule.type(side).kind for rule in fields for side in Side)
        self.policies: Final[tuple[UpdatePolicy, ...]] = tuple(rule.policy or rules.update_conflict for rule in fields)
        self.travels: Final = {
            side: tuple(rule.direction.writes(side) and rules.direction.writes(side) for rule in fields)
            for side in Side
        }
        self.both_ways: Final = tuple(map(all, zip(*self.travels.values(), strict=True)))
        self.all_both_ways: Final = all(self.both_ways)
        self.canonicalizers: Final[dict[Side, tuple[Canonicalizer | None, ...]]] = {
            side: tuple(canonicalizer(rule, side) for rule in fields) for side in Side
        }
        self.canonical: Final[dict[Side, Callable[[Values], Values]]] = {
            side: _tuple_canonicalizer(functions) for side, functions in self.canonicalizers.items()
        }
        self.converters: Final[dict[Side, tuple[Converter, ...]]] = {
            side: tuple(converter(rule, side) for rule in fields) for side in Side
        }
        self.restore_base: Final[Restorer] = restorer(fields)


def _tuple_canonicalizer(functions: Sequence[Canonicalizer | None]) -> Callable[[Values], Values]:
    """One function for a whole record; fields that need no work cost nothing."""
    work = [(position, function) for position, function in enumerate(functions) if function is not None]
    if not work:
        return _unchanged

    def canonical(values: Values) -> Values:
        form = list(values)
        for position, function in work:
            form[position] = function(form[position])
        return tuple(form)

    return canonical


def _unchanged(values: Values) -> Values:
    return values


def first_unreadable(values: Values) -> int | None:
    """The position of the first value that could not be read."""
    if Unreadable not in map(type, values):
        return None
    return list(map(type, values)).index(Unreadable)
