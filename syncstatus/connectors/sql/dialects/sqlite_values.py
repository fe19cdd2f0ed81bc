"""SQLite stores any value in any column: these make of it what the declared type means, or say that it is none."""

import math
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from syncstatus.connectors.sql import types
from syncstatus.engine.accents import without_accents
from syncstatus.engine.values import Unreadable

NO_TIME: Final = timedelta(0)
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n"})


def read_bytes_as_text(raw: bytes) -> Any:
    """The driver would refuse the whole row."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Unreadable(types.UNREADABLE_TEXT, repr(raw))


def read_text(value: Any) -> Any:
    if isinstance(value, (str, Unreadable)):
        return value
    return read_bytes_as_text(value) if isinstance(value, bytes) else str(value)


def read_integer(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return Unreadable(types.UNREADABLE_NUMBER, _shown(value))


def read_decimal(value: Any) -> Any:
    return types.read_decimal(value) if isinstance(value, (int, float, str)) else _unreadable_number(value)


def read_float(value: Any) -> Any:
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return _unreadable_number(value)


def read_boolean(value: Any) -> Any:
    word = str(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return Unreadable(types.UNREADABLE_BOOLEAN, _shown(value))


def read_binary(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else str(value).encode()


def read_uuid(value: Any) -> Any:
    try:
        return str(UUID(bytes=value) if isinstance(value, bytes) else UUID(value))
    except (ValueError, TypeError, AttributeError):
        return read_text(value)


def read_json(value: Any) -> Any:
    return types.read_json(value) if isinstance(value, (str, bytes)) else value


def read_date(value: Any) -> Any:
    """A date, also where an application stored midnight with it."""
    moment = read_datetime(value)
    if isinstance(moment, datetime) and moment.timetz() == time(0, tzinfo=UTC):
        return moment.date()
    return Unreadable(types.UNREADABLE_DATE, _shown(value))


def read_time(value: Any) -> Any:
    return types.read_time(value) if isinstance(value, str) else Unreadable(types.UNREADABLE_TIME, _shown(value))


def read_datetime(value: Any) -> Any:
    """Text, or the seconds or milliseconds since 1970 that some tools store."""
    if isinstance(value, str):
        return types.read_datetime(value)
    if isinstance(value, (int, float)):
        return _since_1970(value)
    return Unreadable(types.UNREADABLE_DATE, _shown(value))


def _since_1970(number: float) -> Any:
    # Seconds reach this size in the year 5138; milliseconds passed it in 1973.
    seconds = Decimal(repr(number)) / (1000 if abs(number) >= 100_000_000_000 else 1)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))
    except (OverflowError, ValueError):
        return Unreadable(types.UNREADABLE_DATE, str(number))


def write_datetime(value: Any) -> str:
    """As SQLite's own functions write it, in UTC: texts of one form sort by time."""
    return str(types.without_zone(value))


def searched(value: Any, case_sensitive: int, accent_sensitive: int) -> Any:
    """Text as searches compare it; SQLite's own lower() knows ASCII only."""
    if not isinstance(value, str):
        return value
    text = value.strip() if accent_sensitive else without_accents(value.strip())
    return text if case_sensitive else text.lower()


def _unreadable_number(value: Any) -> Unreadable:
    return Unreadable(types.UNREADABLE_NUMBER, _shown(value))


def _shown(value: Any) -> str:
    return value.text if isinstance(value, Unreadable) else str(value)
