"""A column as the connector reads and writes it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from syncstatus.connectors.ports import FieldInfo
from syncstatus.engine.values import FieldType

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of a column pass through the driver; None where the driver already has the native value.

    Neither function sees None. ``decode`` answers with ``Unreadable`` for what has no Python form and never raises.
    """

    type: FieldType
    decode: Convert | None = None
    encode: Convert | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """``cast`` is the column's type without length or precision, as the database spells it (PostgreSQL only)."""

    info: FieldInfo
    codec: Codec | None
    cast: str = ""
    folds_case: bool = False

    @property
    def name(self) -> str:
        return self.info.name


def decode_rows(rows: Sequence[Sequence[Any]], decoders: Sequence[Convert | None]) -> Sequence[Sequence[Any]]:
    """Rows of native values; column by column, because most columns need nothing."""
    if not rows or not any(decoders):
        return rows
    columns = zip(*rows, strict=True)
    decoded = (_decoded(column, decode) for column, decode in zip(columns, decoders, strict=True))
    return list(zip(*decoded, strict=True))


def _decoded(column: Iterable[Any], decode: Convert | None) -> Iterable[Any]:
    if decode is None:
        return column
    return [None if value is None else decode(value) for value in column]
