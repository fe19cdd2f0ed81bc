"""Defaults of new records, and the conditions under which they hold (FEATURES 5).

A condition is written like a filter (DESIGN 7.1): field to value, list of values, or ``{op: value}``; all must hold. It
asks for the source record's values as they are, which are compared in the type of the field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Default:
    """``value``, in the type of ``field``, for a new record whose source fulfils all of ``when``: checks by position in
    ``Rules.fields``."""

    field: str
    value: Any
    when: Mapping[int, Check]

    def holds(self, values: tuple[Any, ...]) -> bool:
        """Whether the source record with ``values`` fulfils the conditions."""
        return all(check(values[position]) for position, check in self.when.items())


def check(condition: Any, typed: Callable[[Any], Any]) -> Check:
    """A condition on one field; ``typed`` brings a value of the configuration, and one of a record, into the form in
    which two of them are compared."""
    if isinstance(condition, list):
        return _operator("in", condition, typed)
    if not isinstance(condition, Mapping):
        return _operator("eq", condition, typed)
    checks = [_operator(name, operand, typed) for name, operand in condition.items()]
    return lambda value: all(one(value) for one in checks)


def _operator(name: str, operand: Any, typed: Callable[[Any], Any]) -> Check:
    if name == "isnull":
        return lambda value: (value is None) is operand
    if name == "in":
        wanted = [typed(one) for one in operand]
        return lambda value: value is not None and typed(value) in wanted
    compare, known = _COMPARISONS[name], typed(operand)

    def holds(value: Any) -> bool:
        if value is None:
            return False
        try:
            return bool(compare(typed(value), known))
        except TypeError:  # a stored value that has no form of the field's type
            return False

    return holds


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda value, known: value == known,
    "ne": lambda value, known: value != known,
    "lt": lambda value, known: value < known,
    "le": lambda value, known: value <= known,
    "gt": lambda value, known: value > known,
    "ge": lambda value, known: value >= known,
    "contains": lambda value, known: str(known) in str(value),
    "startswith": lambda value, known: str(value).startswith(str(known)),
}
