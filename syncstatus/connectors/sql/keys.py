"""Keys as text: the value of one column, or a compact JSON list of several."""

import json
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from syncstatus.connectors.sql.columns import Column
from syncstatus.engine.values import Kind, Unreadable

Key = tuple[Any, ...]


class KeyCodec:
    """Between the canonical text of a key and the native values of its columns."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self._parsers = [_PARSERS.get(column.codec.type.kind, str) if column.codec else str for column in columns]
        self._bits = [_bits(column) for column in columns]

    def text(self, values: Sequence[Any]) -> str:
        """The canonical text of native values."""
        if len(self.columns) == 1:
            return text(values[0])
        parts = [value if isinstance(value, (int, str)) else text(value) for value in values]
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    def values(self, key: str) -> Key | None:
        """The native values of a key; None for a text that no record can have as its key."""
        try:
            parts = [key] if len(self.columns) == 1 else json.loads(key)
            if not isinstance(parts, list) or len(parts) != len(self.columns):
                return None
            values = tuple(parse(part) for parse, part in zip(self._parsers, parts, strict=True))
        except (ValueError, TypeError, InvalidOperation, RecursionError):
            return None
        return values if all(map(_can_be_sent, values, self._bits)) else None


def text(value: Any) -> str:
    """One native value as text; also for version columns."""
    if type(value) is str:
        return value
    if isinstance(value, Unreadable):
        return value.text
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def folded(key: str) -> str:
    """Keys that a collation without case and accents takes for one."""
    decomposed = unicodedata.normalize("NFKD", key)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold().rstrip()


def _bits(column: Column) -> int | None:
    type_ = column.codec.type if column.codec else None
    return (type_.precision or 64) if type_ and type_.kind is Kind.INTEGER else None


def _can_be_sent(value: Any, bits: int | None) -> bool:
    if bits is not None:
        return -(1 << (bits - 1)) <= value < 1 << (bits - 1)
    return not isinstance(value, str) or ("\0" not in value and value.isprintable()) or _encodes(value)


def _encodes(value: str) -> bool:
    if "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _boolean(part: Any) -> bool:
    return {"True": True, "False": False}[str(part)]


_PARSERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.INTEGER: int,
    Kind.DECIMAL: lambda part: Decimal(str(part)),
    Kind.FLOAT: float,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
    Kind.BINARY: bytes.fromhex,
    Kind.UUID: lambda part: str(part).lower(),
}
