"""From a database's types to the engine's."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from syncstatus.engine.values import FieldType, Kind, Unreadable

UNREADABLE_NUMBER: Final = "unreadable_number"
UNREADABLE_DATE: Final = "unreadable_date"
UNREADABLE_TIME: Final = "unreadable_time"
UNREADABLE_TEXT: Final = "unreadable_text"
UNREADABLE_JSON: Final = "unreadable_json"
UNREADABLE_BOOLEAN: Final = "unreadable_boolean"

INTEGER_BITS: Final = {sa.SmallInteger: 16, sa.BigInteger: 64}


def field_type(native: TypeEngine[Any], *, nullable: bool) -> FieldType | None:
    """The engine's type for one that every dialect of SQLAlchemy knows; None for one that cannot be mapped."""
    for known, make in _KINDS:
        if isinstance(native, known):
            return make(native, nullable)
    return None


def _text(native: Any, nullable: bool) -> FieldType:
    length = None if isinstance(native, sa.Enum) else native.length
    return FieldType(Kind.TEXT, length=length, nullable=nullable, fixed=isinstance(native, sa.CHAR))


def _integer(native: Any, nullable: bool) -> FieldType:
    bits = next((bits for known, bits in INTEGER_BITS.items() if isinstance(native, known)), 32)
    return FieldType(Kind.INTEGER, precision=bits, nullable=nullable)


def _decimal(native: Any, nullable: bool) -> FieldType:
    scale = native.scale if native.precision is None or native.scale is not None else 0
    return FieldType(Kind.DECIMAL, precision=native.precision, scale=scale, nullable=nullable)


def _datetime(native: Any, nullable: bool) -> FieldType:
    return FieldType(Kind.DATETIME, time_precision=_digits(native), nullable=nullable)


def _time(native: Any, nullable: bool) -> FieldType:
    return FieldType(Kind.TIME, time_precision=_digits(native), nullable=nullable)


def _digits(native: Any) -> int:
    digits = getattr(native, "precision", None)
    return 6 if digits is None else int(digits)


def _binary(native: Any, nullable: bool) -> FieldType:
    return FieldType(Kind.BINARY, length=getattr(native, "length", None), nullable=nullable)


def _plain(kind: Kind) -> Any:
    return lambda _native, nullable: FieldType(kind, nullable=nullable)


# The first that fits: an Enum is a String, a Float is a number.
_KINDS: Final = (
    (sa.Boolean, _plain(Kind.BOOLEAN)),
    (sa.Integer, _integer),
    (sa.Float, _plain(Kind.FLOAT)),
    (sa.Numeric, _decimal),
    (sa.DateTime, _datetime),
    (sa.Date, _plain(Kind.DATE)),
    (sa.Time, _time),
    (sa.Uuid, _plain(Kind.UUID)),
    (sa.JSON, _plain(Kind.JSON)),
    (sa.types._Binary, _binary),
    (sa.String, _text),
)


def read_decimal(value: Any) -> Any:
    """A decimal from its text, or from a float by its shortest text, so that 0.1 stays 0.1."""
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except InvalidOperation:
        return Unreadable(UNREADABLE_NUMBER, str(value))
    return number if number.is_finite() else Unreadable(UNREADABLE_NUMBER, str(value))


def read_date(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return Unreadable(UNREADABLE_DATE, str(value))


def read_datetime(value: Any) -> Any:
    """A date and time in UTC; one without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return Unreadable(UNREADABLE_DATE, str(value))


def read_time(value: Any) -> Any:
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        return Unreadable(UNREADABLE_TIME, str(value))


def read_duration_as_time(value: Any) -> Any:
    """MariaDB's TIME is a duration; only those within a day are a time of day."""
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
        return (datetime.min + value).time()  # noqa: DTZ901
    return Unreadable(UNREADABLE_TIME, str(value))


def read_json(value: Any) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return Unreadable(UNREADABLE_JSON, str(value))


def write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def without_zone(value: Any) -> Any:
    """A date and time for a column that has no zone and is taken as UTC."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
