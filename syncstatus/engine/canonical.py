"""Values as they are compared: one canonical form for each pair of fields (DESIGN R2).

Decisions: decimals are compared at the coarser scale of both sides and rounded half up (ties away from zero, as
PostgreSQL, MariaDB and SQL Server round); datetimes and times are cut, not rounded, to the coarser precision; a date
meets a datetime as the date it has in UTC; text is not normalized to a Unicode form, because a system that stores what
it was sent must read back the same. A canonicalizer never raises: what it does not understand it hands through.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from syncstatus.engine.parse import PARSERS, json_text
from syncstatus.engine.records import Side
from syncstatus.engine.values import Kind, Unreadable, common_kind, common_scale, common_time_precision

if TYPE_CHECKING:
    from syncstatus.engine.rules import FieldRule

Canonicalizer = Callable[[Any], Any]

# PostgreSQL's numeric holds up to 147,455 digits; the default context would refuse more than 28.
_WIDE: Final = Context(prec=150_000)
_TRANSFORMS: Final[dict[str, Callable[[str], str]]] = {"trim": str.strip, "upper": str.upper, "lower": str.lower}


def canonicalizer(rule: "FieldRule", side: Side) -> Canonicalizer | None:
    """What brings a value of ``side`` into the form compared; None when it has that form already. Of transformations it
    knows those that every text can be compared in (trim, upper, lower); ``transformed`` is for the others.

    Raises ``KindsDiffer`` when the fields of the rule cannot be mapped to each other.
    """
    common = common_kind(rule.left_type, rule.right_type)
    kind = rule.type(side).kind
    finish = _finisher(rule, common, kind)
    if kind is Kind.TEXT:
        return _text(_text_steps(rule, common), rule.empty_is_null, finish)
    return finish


def _text_steps(rule: "FieldRule", common: Kind) -> list[Callable[[str], Any]]:
    steps: list[Callable[[str], Any]] = [_TRANSFORMS[step.name] for step in rule.transforms]
    if rule.left_type.fixed or rule.right_type.fixed:
        steps.append(_without_padding)
    return steps


def _without_padding(text: str) -> str:
    return text.rstrip(" ")


def _text(steps: list[Callable[[str], Any]], empty_is_null: bool, finish: Canonicalizer | None) -> Canonicalizer | None:
    if not steps and not empty_is_null:
        return finish

    def canonical(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for step in steps:
            value = step(value)
        if empty_is_null and not value:
            return None
        return value if finish is None else finish(value)

    return canonical


def _finisher(rule: "FieldRule", common: Kind, kind: Kind) -> Canonicalizer | None:
    """From a side's own kind to the common one, at the common precision."""
    parse = PARSERS.get(common) if kind is Kind.TEXT else None
    match common:
        case Kind.DECIMAL:
            return _decimals(parse, common_scale(rule.left_type, rule.right_type), kind)
        case Kind.FLOAT if kind is Kind.DECIMAL:
            return _decimal_to_float
        case Kind.DATE if kind is Kind.DATETIME:
            return _datetime_to_date
        case Kind.DATETIME | Kind.TIME:
            return _moments(parse, common_time_precision(rule.left_type, rule.right_type))
        case Kind.JSON if kind is Kind.JSON:
            return _json
    return _parsed(parse)


def _parsed(parse: Callable[[str], Any] | None) -> Canonicalizer | None:
    if parse is None:
        return None
    return lambda value: parse(value) if isinstance(value, str) else value


def _decimals(parse: Callable[[str], Any] | None, scale: int | None, kind: Kind) -> Canonicalizer | None:
    if scale is None:
        return _parsed(parse)
    exponent = Decimal(1).scaleb(-scale)

    def rounded(value: Any) -> Any:
        if isinstance(value, Decimal):
            return _quantized(value, exponent)
        if isinstance(value, float):
            return _quantized(Decimal(repr(value)), exponent)
        if parse is not None and isinstance(value, str):
            number = parse(value)
            return _quantized(number, exponent) if isinstance(number, Decimal) else number
        return value

    return _quantizer(exponent) if kind is Kind.DECIMAL else rounded


def _quantizer(exponent: Decimal) -> Canonicalizer:
    """The hot path of most prices and amounts: a decimal at a known scale."""

    def rounded(value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        try:
            return value.quantize(exponent, ROUND_HALF_UP, _WIDE)
        except InvalidOperation:  # as in _quantized
            return value

    return rounded


def _quantized(number: Decimal, exponent: Decimal) -> Decimal:
    try:
        return number.quantize(exponent, ROUND_HALF_UP, _WIDE)
    except InvalidOperation:  # more digits than any column holds: compared as it is, refused when written
        return number


def _decimal_to_float(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    number = float(value)
    return number if number - number == 0 else value


def _datetime_to_date(value: Any) -> Any:
    return value.astimezone(UTC).date() if isinstance(value, datetime) else value


def _moments(parse: Callable[[str], Any] | None, digits: int) -> Canonicalizer | None:
    if digits == 6:
        return _parsed(parse)
    step = 10 ** (6 - digits)

    def cut(value: Any) -> Any:
        if parse is not None and isinstance(value, str):
            value = parse(value)
        if not isinstance(value, datetime | time):
            return value
        surplus = value.microsecond % step
        return value.replace(microsecond=value.microsecond - surplus) if surplus else value

    return cut


def _json(value: Any) -> Any:
    if value is None or isinstance(value, Unreadable):
        return value
    try:
        return json_text(value)
    except (ValueError, RecursionError):  # integers of more than 4,300 digits, objects in hundreds of levels
        return Unreadable("unreadable_json", "")


def is_plain_date(value: Any) -> bool:
    """A date that is not a datetime, which Python derives from it."""
    return isinstance(value, date) and not isinstance(value, datetime)
