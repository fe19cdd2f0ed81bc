"""Values written as text. What cannot be parsed stays the text it is: comparing never fails, writing it does."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

import orjson

from syncstatus.engine.values import Kind

_FLOATS_END: Final = Decimal("1e308")
_BOOLEANS: Final = {
    "true": True, "t": True, "yes": True, "y": True, "1": True,
    "false": False, "f": False, "no": False, "n": False, "0": False,
}  # fmt: skip


def parse_integer(text: str) -> int | str:
    try:
        return text if "_" in text else int(text)
    except ValueError:
        return text


def parse_decimal(text: str) -> Decimal | str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return text
    return text if "_" in text or not number.is_finite() else number


def parse_float(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return text if "_" in text or not math.isfinite(number) else number


def parse_boolean(text: str) -> bool | str:
    return _BOOLEANS.get(text.strip().lower(), text)


def parse_date(text: str) -> date | str:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return text


def parse_time(text: str) -> time | str:
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        return text


def parse_datetime(text: str) -> datetime | str:
    """A text without a zone is UTC, as zone-less columns are."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return text


def parse_uuid(text: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return text


def json_text(value: Any) -> str:
    """A JSON value as compact text with sorted keys, because Python holds ``True`` equal to ``1`` and JSON does not."""
    try:
        return orjson.dumps(value, default=_plain_number, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain_number)


def _plain_number(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < _FLOATS_END:
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def parse_json(text: str) -> str:
    """The text of a JSON value in its canonical form."""
    try:
        return json_text(json.loads(text))
    except (ValueError, RecursionError):
        return text


PARSERS: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.INTEGER: parse_integer,
    Kind.DECIMAL: parse_decimal,
    Kind.FLOAT: parse_float,
    Kind.BOOLEAN: parse_boolean,
    Kind.DATE: parse_date,
    Kind.TIME: parse_time,
    Kind.DATETIME: parse_datetime,
    Kind.UUID: parse_uuid,
    Kind.JSON: parse_json,
}
