"""What the business systems remember of every record: each change, in its order, and who made it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tests.faults.chaos.business import FIELDS, MAPPINGS, SIDES, Mapping, key
from tests.faults.chaos.places import Places

Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Event:
    """A record was made (no ``old``), changed, or deleted (no ``new``); values in the order of ``FIELDS``."""

    at: datetime
    by_users: bool
    key: str
    old: Values | None
    new: Values | None

    @property
    def creates(self) -> bool:
        return self.old is None

    @property
    def deletes(self) -> bool:
        return self.new is None


class Histories:
    """The events of each record by mapping, side and birth."""

    def __init__(self, places: Places) -> None:
        self.events: dict[tuple[str, str], dict[str, list[Event]]] = {}
        for side in SIDES:
            for mapping in MAPPINGS:
                self.events[mapping.name, side] = _read(places.engines[side], mapping, side)

    def of(self, mapping: Mapping, side: str, birth: str) -> list[Event]:
        return self.events[mapping.name, side].get(birth, [])

    def all(self, mapping: Mapping, side: str) -> Iterator[tuple[str, list[Event]]]:
        yield from self.events[mapping.name, side].items()

    def births(self, mapping: Mapping) -> set[str]:
        return {birth for side in SIDES for birth in self.events[mapping.name, side]}

    def edits(self) -> int:
        return sum(event.by_users for table in self.events.values() for events in table.values() for event in events)


def _read(engine: sa.Engine, mapping: Mapping, side: str) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    statement = sa.text("SELECT at, by_users, old, new FROM history WHERE relation = :relation ORDER BY id")
    with engine.connect() as connection:
        for at, by_users, old, new in connection.execute(statement, {"relation": mapping.tables[side]}):
            row = new or old
            values = (_values(mapping, side, each) for each in (old, new))
            found[row["birth"]].append(Event(at, by_users, str(row[key(mapping, side)]), *values))
    return dict(found)


def _values(mapping: Mapping, side: str, row: dict[str, Any] | None) -> Values | None:
    return None if row is None else tuple(row[mapping.column(side, field)] for field in FIELDS)


def last_change(places: Places) -> dict[str, int]:
    """The number of the last change on each side."""
    numbers = {}
    for side in SIDES:
        with places.engines[side].connect() as connection:
            numbers[side] = int(connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM history")) or 0)
    return numbers
