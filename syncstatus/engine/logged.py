"""Values as the synchronization log shows them, back in the type they had.

The log holds JSON: decimals, dates, times and moments as texts, binaries in hexadecimal digits, everything else as it
is. What could not be read when it was logged has no value to come back to.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from syncstatus.engine.parse import parse_date, parse_datetime, parse_decimal, parse_time
from syncstatus.engine.values import FieldType, Kind


class NotRestorable(Exception):
    """The log does not hold enough of a value to write it again."""


def restored(type_: FieldType, shown: Any) -> Any:
    """The native value of a field of ``type_`` that the log shows as ``shown``; None is None in every type.

    Moments are aware and in UTC. Raises ``NotRestorable`` for a value that could not be read when it was logged, and
    for one that was logged when the field had another type.
    """
    if shown is None:
        return None
    if _is_unreadable(shown):
        raise NotRestorable
    value = _READERS.get(type_.kind, _as_it_is)(shown)
    if type_.kind is not Kind.JSON and not isinstance(value, _PLAIN[type_.kind]):
        raise NotRestorable
    return value


def _is_unreadable(shown: Any) -> bool:
    """An ``Unreadable`` is logged with its code and its text."""
    return isinstance(shown, dict) and shown.keys() == {"code", "text"} and str(shown["code"]).startswith("unreadable_")


def _as_it_is(shown: Any) -> Any:
    return shown


def _text(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    """What is not written as such a value stays a text, which is refused."""
    return lambda shown: parse(shown) if isinstance(shown, str) else shown


def _binary(shown: Any) -> Any:
    try:
        return bytes.fromhex(shown)
    except (TypeError, ValueError):
        raise NotRestorable from None


def _float(shown: Any) -> Any:
    return float(shown) if type(shown) is int else shown


_READERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.DECIMAL: _text(parse_decimal),
    Kind.DATE: _text(parse_date),
    Kind.TIME: _text(parse_time),
    Kind.DATETIME: _text(parse_datetime),
    Kind.BINARY: _binary,
    Kind.FLOAT: _float,
}
_PLAIN: Final[Mapping[Kind, type]] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.DECIMAL: Decimal,
    Kind.FLOAT: float,
    Kind.BOOLEAN: bool,
    Kind.DATE: date,
    Kind.TIME: time,
    Kind.DATETIME: datetime,
    Kind.UUID: str,
    Kind.BINARY: bytes,
}
