"""From PostgreSQL's texts to Python's values: called by psycopg2 for each value, so each is as short as it can be.

The session writes dates in ISO form, times in UTC and bytes in hex (see ``postgres``).
"""

import json
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any

from syncstatus.connectors.sql import types
from syncstatus.engine.values import Unreadable


def as_is(text: str | None, _cursor: Any) -> Any:
    return text


def padded(text: str | None, _cursor: Any) -> Any:
    """The blanks that fill up a char(n) mean nothing."""
    return None if text is None else text.rstrip(" ")


def binary(text: str | None, _cursor: Any) -> Any:
    return None if text is None else bytes.fromhex(text[2:])


def floating(text: str | None, _cursor: Any) -> Any:
    if text is None:
        return None
    value = float(text)
    return value if isfinite(value) else Unreadable(types.UNREADABLE_NUMBER, text)


def numeric(text: str | None, _cursor: Any) -> Any:
    if text is None:
        return None
    value = Decimal(text)
    return value if value.is_finite() else Unreadable(types.UNREADABLE_NUMBER, text)


def day(text: str | None, _cursor: Any) -> Any:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return Unreadable(types.UNREADABLE_DATE, text)


def time_of_day(text: str | None, _cursor: Any) -> Any:
    """PostgreSQL knows 24:00:00, Python does not."""
    if text is None:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        return Unreadable(types.UNREADABLE_TIME, text)


def timestamp(text: str | None, _cursor: Any) -> Any:
    """One without a zone is taken as UTC."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text + "+00:00")
    except ValueError:
        return Unreadable(types.UNREADABLE_DATE, text)


def timestamp_with_zone(text: str | None, _cursor: Any) -> Any:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return Unreadable(types.UNREADABLE_DATE, text)


def parsed_json(text: str | None, _cursor: Any) -> Any:
    return None if text is None else json.loads(text)
