"""Keys as text: the value of one column, or a compact JSON list of several."""

import json
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from syncstatus.connectors.sql.columns import Column
from syncstatus.engine.values import Kind, Unreadable

Key = tuple[Any, ...]


class KeyCodec:
    """Between the canonical text of a key and the native values of its columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self._parsers = [_parser(column) for column in columns]

    def text(self, values: Sequence[Any]) -> str:
        """The canonical text of native values."""
        if len(self.columns) == 1:
            return text(values[0])
        parts = [value if isinstance(value, (int, str)) else text(value) for value in values]
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    def values(self, key: str) -> Key | None:
        """The native values of a key; None for a text that no record can have as its key."""
        if len(self._parsers) == 1:
            value = self._parsers[0](key)
            return None if value is None else (value,)
        try:
            parts = json.loads(key)
        except (ValueError, RecursionError):
            return None
        if not isinstance(parts, list) or len(parts) != len(self._parsers):
            return None
        values = tuple(parse(part) for parse, part in zip(self._parsers, parts, strict=True))
        return None if None in values else values


def text(value: Any) -> str:
    """One native value as text; also for version columns."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, Unreadable):
        return value.text
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def folded(key: str) -> str:
    """Keys that a collation without case and accents takes for one."""
    decomposed = unicodedata.normalize("NFKD", key)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().rstrip()


def _parser(column: Column) -> Callable[[Any], Any]:
    """Reads one part of a key; answers None for what the column cannot hold or the driver cannot send."""
    type_ = column.codec.type if column.codec else None
    if type_ is None or type_.kind is Kind.TEXT:
        return _text_part
    if type_.kind is Kind.INTEGER:
        limit = 1 << ((type_.precision or 64) - 1)
        return lambda part: _integer_part(part, limit)
    parse = _strict_uuid if column.cast == "uuid" else _PARSERS.get(type_.kind, str)
    return lambda part: _part(parse, part)


def _text_part(part: Any) -> str | None:
    part = str(part)
    return part if part.isprintable() or _can_be_sent(part) else None


def _can_be_sent(part: str) -> bool:
    return "\0" not in part and not any("\ud800" <= character <= "\udfff" for character in part)


def _integer_part(part: Any, limit: int) -> int | None:
    try:
        value = int(part)
    except (ValueError, TypeError):
        return None
    return value if -limit <= value < limit else None


def _part(parse: Callable[[Any], Any], part: Any) -> Any:
    try:
        return parse(part)
    except (ValueError, TypeError, KeyError, InvalidOperation):
        return None


def _strict_uuid(part: Any) -> str:
    return str(UUID(str(part)))


def _boolean(part: Any) -> bool:
    return {"True": True, "False": False}[str(part)]


_PARSERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.DECIMAL: lambda part: Decimal(str(part)),
    Kind.FLOAT: float,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
    Kind.BINARY: bytes.fromhex,
    Kind.UUID: lambda part: str(part).lower(),
}
