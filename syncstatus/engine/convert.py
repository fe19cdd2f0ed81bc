"""Canonical values in the type of the side they are written to, or refused with the reason."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from syncstatus.engine.canonical import is_plain_date
from syncstatus.engine.parse import parse_decimal
from syncstatus.engine.records import Side
from syncstatus.engine.values import FieldType, Kind, ValueRefused, common_kind

if TYPE_CHECKING:
    from syncstatus.engine.rules import FieldRule

Converter = Callable[[Any], Any]

_WIDE: Final = Context(prec=150_000)
_SHOWN = 100  # characters of a refused value that a message quotes


def converter(rule: "FieldRule", side: Side) -> Converter:
    """What turns a canonical value into one that can be written on ``side``; it raises ``ValueRefused``.

    Nothing is cut to fit: a text that is too long, or a fraction meant for an integer, is refused.
    """
    type_ = rule.type(side)
    common_kind(rule.left_type, rule.right_type)
    convert = _CONVERTERS[type_.kind](type_)
    empty = "" if rule.empty_is_null and type_.kind is Kind.TEXT and not type_.nullable else None
    required = not type_.nullable and empty is None

    def converted(value: Any) -> Any:
        if value is not None:
            return convert(value)
        if required:
            raise ValueRefused("required_empty")
        return empty

    return _filled(converted) if rule.required else _quick(type_, converted)


def _filled(convert: Converter) -> Converter:
    """Refuses what the mapping wants filled; blanks are no value."""

    def filled(value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise ValueRefused("required_by_mapping")
        return convert(value)

    return filled


def _quick(type_: FieldType, careful: Converter) -> Converter:
    """Lets pass at once what is of the right type and fits, as nearly all values are; a run that changes every field
    of its records spent a tenth of its time in the functions below. Anything else is looked at carefully."""
    match type_.kind:
        case Kind.TEXT:
            return _quick_text(sys.maxsize if type_.length is None else type_.length, careful)
        case Kind.INTEGER if type_.precision is not None:
            low, high = -(2 ** (type_.precision - 1)), 2 ** (type_.precision - 1)
            return lambda value: value if type(value) is int and low <= value < high else careful(value)
        case Kind.UUID:
            return lambda value: value if type(value) is str and _is_uuid(value) else careful(value)
        case Kind.FLOAT:
            return lambda value: value if type(value) is float and value - value == 0 else careful(value)
        case Kind.BOOLEAN | Kind.DATE | Kind.TIME | Kind.DATETIME:
            native = {Kind.BOOLEAN: bool, Kind.DATE: date, Kind.TIME: time, Kind.DATETIME: datetime}[type_.kind]
            return lambda value: value if type(value) is native else careful(value)
    return careful


def _quick_text(limit: int, careful: Converter) -> Converter:
    def quick(value: Any) -> Any:
        if type(value) is str and value.isascii() and len(value) <= limit and "\0" not in value:
            return value
        return careful(value)

    return quick


_is_uuid: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def _refuse(code: str, value: Any) -> ValueRefused:
    try:
        shown = str(value)[:_SHOWN]
    except ValueError:  # Python writes no integer of more than 4,300 digits
        shown = ""
    return ValueRefused(code, {"value": shown})


def _text(type_: FieldType) -> Converter:
    limit = type_.length

    def convert(value: Any) -> str:
        text = value if isinstance(value, str) else written(value)
        if limit is not None and len(text) > limit:
            raise ValueRefused("text_too_long", {"limit": limit, "length": len(text)})
        if "\0" in text:
            raise ValueRefused("nul_in_text")
        if not text.isascii():
            _check_unicode(text)
        return text

    return convert


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueRefused("text_not_unicode") from None


def written(value: Any) -> str:
    """The text form of a canonical value; it parses back to an equal one."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case float():
            return repr(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _ if hasattr(value, "isoformat"):
            return str(value.isoformat())
    return _digits(value)


def _digits(value: Any) -> str:
    try:
        return str(value)
    except ValueError:
        raise _refuse("out_of_range", value) from None


def _integer(type_: FieldType) -> Converter:
    limit = None if type_.precision is None else 2 ** (type_.precision - 1)

    def convert(value: Any) -> int:
        number = value if type(value) is int else _whole(value)
        if limit is not None and not -limit <= number < limit:
            raise _refuse("out_of_range", number)
        return number

    return convert


def _whole(value: Any) -> int:
    if isinstance(value, str) and not isinstance(parse_decimal(value), str):
        raise _refuse("not_an_integer", value)
    if not isinstance(value, int | float | Decimal):
        raise _refuse("not_a_number", value)
    try:
        number = int(value)
    except (ValueError, OverflowError):  # NaN, infinity
        raise _refuse("not_a_number", value) from None
    if number != value:
        raise _refuse("not_an_integer", value)
    return number


def _decimal(type_: FieldType) -> Converter:
    exponent = None if type_.scale is None else Decimal(1).scaleb(-type_.scale)
    whole_digits = None if type_.precision is None else type_.precision - (type_.scale or 0)
    bound = None if whole_digits is None else Decimal(1).scaleb(whole_digits)

    def convert(value: Any) -> Decimal:
        number = value if isinstance(value, Decimal) else _exact(value)
        if not number.is_finite():
            raise _refuse("not_a_number", value)
        if exponent is not None:
            number = _at_scale(number, exponent)
        if bound is not None and not -bound < number < bound:
            raise _refuse("out_of_range", number)
        return number

    return convert


def _exact(value: Any) -> Decimal:
    match value:
        case bool() | int():
            return Decimal(int(value))
        case float():
            return Decimal(repr(value))
    raise _refuse("not_a_number", value)


def _at_scale(number: Decimal, exponent: Decimal) -> Decimal:
    try:
        return number.quantize(exponent, ROUND_HALF_UP, _WIDE)
    except InvalidOperation:
        raise _refuse("out_of_range", number) from None


def _float(type_: FieldType) -> Converter:
    def convert(value: Any) -> float:
        if not isinstance(value, int | float | Decimal):
            raise _refuse("not_a_number", value)
        try:
            number = float(value)
        except OverflowError:
            raise _refuse("out_of_range", value) from None
        if number - number != 0:  # infinite or not a number
            raise _refuse("out_of_range", value)
        return number

    return convert


def _boolean(type_: FieldType) -> Converter:
    def convert(value: Any) -> bool:
        if isinstance(value, int | Decimal) and value in (0, 1):
            return bool(value)
        raise _refuse("not_a_boolean", value)

    return convert


def _date(type_: FieldType) -> Converter:
    def convert(value: Any) -> Any:
        if is_plain_date(value):
            return value
        raise _refuse("not_a_date", value)

    return convert


def _time(type_: FieldType) -> Converter:
    def convert(value: Any) -> time:
        if isinstance(value, time):
            return value
        raise _refuse("not_a_time", value)

    return convert


def _datetime(type_: FieldType) -> Converter:
    def convert(value: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        if is_plain_date(value):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        raise _refuse("not_a_datetime", value)

    return convert


def _uuid(type_: FieldType) -> Converter:
    def convert(value: Any) -> str:
        try:
            return str(UUID(value))
        except (ValueError, AttributeError, TypeError):
            raise _refuse("not_a_uuid", value) from None

    return convert


def _binary(type_: FieldType) -> Converter:
    limit = type_.length

    def convert(value: Any) -> bytes:
        data = bytes(value)
        if limit is not None and len(data) > limit:
            raise ValueRefused("binary_too_long", {"limit": limit, "length": len(data)})
        return data

    return convert


def _json(type_: FieldType) -> Converter:
    def convert(value: Any) -> Any:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise _refuse("not_json", value) from None

    return convert


_CONVERTERS: Final[Mapping[Kind, Callable[[FieldType], Converter]]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATETIME: _datetime,
    Kind.UUID: _uuid,
    Kind.BINARY: _binary,
    Kind.JSON: _json,
}
