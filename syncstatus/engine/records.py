"""A record of one side, a pair of them, and what the pair agreed on last time.

What is made for each record of a run is not frozen, here and in its neighbours: a frozen one takes four times as long
to make. Nobody changes it all the same.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class _Unknown:
    """A field that was never agreed on, unlike None, which both sides may have agreed on."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

Values = tuple[Any, ...]  # one value for each field of the mapping, in its order


def has_unknown(base: Values) -> bool:
    """Whether a field was never agreed on. Looks at types: ``in`` alone would compare each value with ``UNKNOWN``."""
    return _Unknown in map(type, base)


@dataclass(slots=True)
class Record:
    """One side's record as it was read.

    ``values`` holds native Python values, one for each field of the mapping and in its order;
    datetimes are aware and in UTC. ``version`` is opaque: an equal version is an equal record.
    ``included`` is False when the record exists but lies outside the side's filter.
    """

    key: str
    version: str
    values: tuple[Any, ...]
    modified_at: datetime | None = None
    included: bool = True


@dataclass(slots=True)
class Memory:
    """What a coupling remembers of the last success: each side's version and base, ``UNKNOWN`` for a field without one.

    The bases hold canonical values in the mapping's field order; a field is ``UNKNOWN`` in both or in neither. They
    are the same tuple unless one side stored something else than it was sent (it rounds, trims or upper-cases): then
    each side is still judged against its own past (DESIGN R1), and the difference neither travels back nor looks like
    a change (SCENARIOS T15).
    """

    left_version: str
    right_version: str
    left_base: tuple[Any, ...]
    right_base: tuple[Any, ...]

    def version(self, side: Side) -> str:
        return self.left_version if side is Side.LEFT else self.right_version

    def base(self, side: Side) -> tuple[Any, ...]:
        return self.left_base if side is Side.LEFT else self.right_base


@dataclass(slots=True)
class Pair:
    """Two records that belong together; None for a side on which the record is proven absent.

    ``memory`` is None for a pair that was never coupled: a single record, or two that matched.
    """

    left: Record | None
    right: Record | None
    memory: Memory | None = None

    def record(self, side: Side) -> Record | None:
        return self.left if side is Side.LEFT else self.right
