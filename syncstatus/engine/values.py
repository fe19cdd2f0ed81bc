"""Values of both sides in one form that can be compared (DESIGN R2): their types, and which types fit together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    UUID = "uuid"
    BINARY = "binary"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of one field, as far as values must be brought into its form.

    ``length`` in characters (text) or bytes (binary), ``precision`` in decimal digits (decimal) or in bits of a signed
    number (integer), ``scale`` in decimal places, ``time_precision`` in digits of a second; None where the system sets
    no limit. ``fixed`` marks a blank-padded text (``char(n)``), whose trailing blanks mean nothing.
    """

    kind: Kind
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    time_precision: int | None = None
    nullable: bool = True
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored value that has no Python form: NaN, an infinite or impossible date, text in a broken encoding; or one
    that a transformation can do nothing with.

    ``code`` is a message code, ``params`` are its parameters, ``text`` is the value as the system shows it. It compares
    by identity of its text, and a record that holds one in a mapped field is a ``validation`` error.
    """

    code: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)


class KindsDiffer(Exception):
    """Two fields whose types have no common form, such as binary and date: the mapping must be changed."""

    def __init__(self, left: Kind, right: Kind) -> None:
        super().__init__(f"{left} and {right} have no common form")
        self.left = left
        self.right = right


class ValueRefused(Exception):
    """A value that has no place in the field it is meant for; ``code`` and ``params`` make the message."""

    def __init__(self, code: str, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})


_MIXED: Final[Mapping[frozenset[Kind], Kind]] = {
    frozenset({Kind.INTEGER, Kind.DECIMAL}): Kind.DECIMAL,
    frozenset({Kind.INTEGER, Kind.FLOAT}): Kind.FLOAT,
    frozenset({Kind.INTEGER, Kind.BOOLEAN}): Kind.INTEGER,
    frozenset({Kind.DECIMAL, Kind.BOOLEAN}): Kind.DECIMAL,
    frozenset({Kind.DATE, Kind.DATETIME}): Kind.DATE,
}
_WITHOUT_TEXT_FORM: Final = frozenset({Kind.BINARY})


def common_kind(left: FieldType, right: FieldType) -> Kind:
    """The kind in which values of both types are compared.

    Text pairs with whatever can be written as text, and is compared as that other kind ("007" is 7). A decimal and a
    float are compared as decimals when the decimal says its scale, as floats otherwise. Raises ``KindsDiffer``.
    """
    kinds = frozenset({left.kind, right.kind})
    if len(kinds) == 1:
        return left.kind
    if Kind.TEXT in kinds and not kinds & _WITHOUT_TEXT_FORM:
        return right.kind if left.kind is Kind.TEXT else left.kind
    if kinds == {Kind.DECIMAL, Kind.FLOAT}:
        return Kind.FLOAT if common_scale(left, right) is None else Kind.DECIMAL
    if kinds in _MIXED:
        return _MIXED[kinds]
    raise KindsDiffer(left.kind, right.kind)


def common_scale(left: FieldType, right: FieldType) -> int | None:
    """The decimal places that both sides can hold; None for no limit.

    Whole numbers do not count: a fraction never vanishes silently in an integer, it is refused there.
    """
    if {left.kind, right.kind} & {Kind.INTEGER, Kind.BOOLEAN}:
        return None
    scales = [type_.scale for type_ in (left, right) if type_.kind is Kind.DECIMAL and type_.scale is not None]
    return min(scales, default=None)


def common_time_precision(left: FieldType, right: FieldType) -> int:
    """The digits of a second that both sides can hold, at most the six of Python's own times."""
    digits = [type_.time_precision for type_ in (left, right) if type_.time_precision is not None]
    return min([6, *digits])
