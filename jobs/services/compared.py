"""What a page shows of a pair of records, field by field."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from jobs.services.parents import Parent
from syncstatus.engine.records import Side


@dataclass(frozen=True)
class Row:
    """One field. ``left``, ``base`` and ``right`` are what to show (None: empty, or no record); ``result`` is the side
    whose value a merge takes, None where it takes neither or cannot tell (``conflict``). ``choosable``: a person may
    take either side, and ``picked`` is the one that is taken unless somebody says otherwise. ``left_parent`` and
    ``right_parent`` are what a lookup refers to; ``left_new`` and ``right_new`` are set by ``Comparison.since``."""

    name: str
    left_field: str
    right_field: str
    left: str | bool | None
    base: str | bool | None
    right: str | bool | None
    left_changed: bool
    right_changed: bool
    equal: bool
    conflict: bool
    result: Side | None
    direction: str
    choosable: bool = False
    picked: Side | None = None
    agreed: bool = True
    left_parent: Parent | None = None
    right_parent: Parent | None = None
    left_new: bool = False
    right_new: bool = False

    @property
    def seen(self) -> list[str]:
        """What a reader sees on either side, short enough for a form."""
        return [_digest(value) for value in (self.left, self.right)]


@dataclass(frozen=True)
class Comparison:
    """``problem`` is a message (code, params) when a system could not be asked; then there are no rows.
    ``left_modified`` and ``right_modified`` are when the systems say that the records were changed last, None where
    they do not tell; ``agreed_at`` is when both were last in step (both aware). ``writes_left`` and ``writes_right``:
    the mapping's direction lets records of that side be written."""

    left_exists: bool = False
    right_exists: bool = False
    left_included: bool = True
    right_included: bool = True
    problem: tuple[str, dict[str, Any]] | None = None
    rows: list[Row] = field(default_factory=list)
    description: str = ""
    token: str = ""
    left_modified: datetime | None = None
    right_modified: datetime | None = None
    agreed_at: datetime | None = None
    writes_left: bool = True
    writes_right: bool = True

    @property
    def differing(self) -> list[Row]:
        return [row for row in self.rows if not row.equal]

    @property
    def choosable(self) -> bool:
        """Whether there is a field for which a person may say which side is right."""
        return any(row.choosable for row in self.rows)

    @property
    def missing(self) -> Side | None:
        """The side on which the record does not exist, when it does on the other."""
        if self.left_exists == self.right_exists:
            return None
        return Side.RIGHT if self.left_exists else Side.LEFT

    def writes(self, side: Side) -> bool:
        return self.writes_left if side is Side.LEFT else self.writes_right

    def included(self, side: Side) -> bool:
        return self.left_included if side is Side.LEFT else self.right_included

    @property
    def seen(self) -> str:
        """What a page shows of every field, for ``since``."""
        return json.dumps({row.name: row.seen for row in self.rows}, separators=(",", ":"))

    def since(self, seen: str, chosen: Mapping[str, Side]) -> "Comparison":
        """This comparison for somebody who has had ``seen`` before their eyes: values that are other by now are marked
        as new, and what was ``chosen`` stays chosen for the fields that are still what they were."""
        try:
            before = json.loads(seen)
        except (ValueError, RecursionError):
            return self
        if not isinstance(before, dict):
            return self
        return replace(self, rows=[_since(row, before.get(row.name), chosen.get(row.name)) for row in self.rows])


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode(errors="replace")).hexdigest()[:8]


def _since(row: Row, before: Any, chosen: Side | None) -> Row:
    if not (isinstance(before, list) and len(before) == 2):
        return row
    left, right = (now != then for now, then in zip(row.seen, before, strict=True))
    picked = chosen if chosen and row.choosable and not (left or right) else row.picked
    return replace(row, left_new=left, right_new=right, picked=picked)
