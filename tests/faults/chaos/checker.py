"""The promises of the product, checked on the data themselves once all is quiet (SCENARIOS 5).

It knows the rules of each mapping as a person would state them, and nothing of the engine: what the business systems
hold and what they remember, and what the product's store says in plain SQL.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.chaos import remembered
from tests.faults.chaos.business import FIELDS, MAPPINGS, SIDES, Mapping, rows
from tests.faults.chaos.histories import Event, Histories, Values
from tests.faults.chaos.places import Places
from tests.faults.chaos.remembered import OpenError, Remembered

UNANSWERED = "unknown_outcome"
DECIDED_BY_PEOPLE = ("conflict", "deleted", "deleted_and_changed")

# What is broken, as the report names it.
LOST = "edits lost"
DUPLICATE = "duplicates"
WRONG_DELETION = "wrong deletions"
RESURRECTED = "deletions undone"
OUT_OF_STEP = "records out of step without an open error"
NEEDLESS = "open errors that should not be"
MIXED = "couplings of two different records"
TORN = "jobs that do not add up"
UNFINISHED = "jobs left waiting or running"
GIVEN_UP = "jobs given up"
BROKEN = "jobs that failed by an error of the product itself"
RESTLESS = "writes of a run that has nothing to do"
UNSETTLED = "still writing when patience ended"
PROMISES = (
    LOST, DUPLICATE, WRONG_DELETION, RESURRECTED, OUT_OF_STEP, NEEDLESS, MIXED, TORN, UNFINISHED, GIVEN_UP, BROKEN,
    RESTLESS, UNSETTLED,
)  # fmt: skip


@dataclass(frozen=True)
class Broken:
    """A promise that was not kept; ``record`` is the mapping's name and the birth of the record concerned, if any."""

    promise: str
    what: str
    record: tuple[str, str] | None = None


@dataclass
class Checker:
    """``restored`` are births of deleted records that somebody asked to have back."""

    places: Places
    restored: set[str]
    histories: Histories = field(init=False)

    def __post_init__(self) -> None:
        self.histories = Histories(self.places)

    def check(self) -> list[Broken]:
        broken = [*self._jobs(), *self._connections()]
        for mapping in MAPPINGS:
            broken += _Records(self, mapping).check()
        return broken

    def _jobs(self) -> Iterator[Broken]:
        jobs = remembered.jobs(self.places)
        yield from (Broken(TORN, what) for what in jobs.torn)
        yield from (Broken(UNFINISHED, what) for what in jobs.unfinished)
        yield from (Broken(GIVEN_UP, what) for what in jobs.given_up)
        yield from (Broken(BROKEN, what) for what in jobs.broken)

    def _connections(self) -> Iterator[Broken]:
        yield from (Broken(NEEDLESS, f"of a connection: {what}") for what in remembered.connection_errors(self.places))


class _Records:
    """The records of one mapping."""

    def __init__(self, checker: Checker, mapping: Mapping) -> None:
        self.mapping = mapping
        self.histories = checker.histories
        self.restored = checker.restored
        self.rows = {side: rows(checker.places.engines[side], mapping, side) for side in SIDES}
        self.memory: Remembered = remembered.read(checker.places, mapping)

    def check(self) -> Iterator[Broken]:
        yield from self._pairs()
        yield from self._singles()
        yield from self._errors()
        for side in SIDES:
            births = Counter(values[0] for values in self.rows[side].values())
            yield from (self._broken(DUPLICATE, side, str(b), f"{n} records") for b, n in births.items() if n > 1)
            for birth, events in self.histories.all(self.mapping, side):
                yield from self._created_once(side, birth, events)
                yield from self._deleted_rightly(side, birth, events)
                yield from self._nothing_lost(side, birth, events)

    def _broken(self, promise: str, side: str, birth: str, what: str) -> Broken:
        return Broken(promise, f"{self.mapping.name} {side} {birth}: {what}", (self.mapping.name, birth))

    # In step, or an open error that is right

    def _pairs(self) -> Iterator[Broken]:
        with_error = {(side, e.keys[side]) for e in self.memory.errors for side in SIDES}
        for keys in self.memory.couplings:
            left, right = (self.rows[side].get(key) for side, key in zip(SIDES, keys, strict=True))
            if left is not None and right is not None and left[0] != right[0]:
                yield self._broken(MIXED, "left", str(left[0]), f"{keys}: {left} and {right}")
            elif left != right and not with_error.intersection(zip(SIDES, keys, strict=True)):
                yield self._broken(OUT_OF_STEP, "left", _birth(left, right), f"{keys}: {left} and {right}")

    def _singles(self) -> Iterator[Broken]:
        with_error = {(side, e.keys[side]) for e in self.memory.errors for side in SIDES}
        for number, side in enumerate(SIDES):
            coupled = {keys[number] for keys in self.memory.couplings}
            for key, values in self.rows[side].items():
                known = key in coupled or (side, key) in with_error or (side, key) in self.memory.marked
                if not known and not self._is_a_candidate(side, str(values[0])):
                    yield self._broken(OUT_OF_STEP, side, str(values[0]), f"{key} has no partner")

    def _errors(self) -> Iterator[Broken]:
        for error in self.memory.errors:
            if not self._is_right(error):
                records = (self.rows[side].get(error.keys[side] or "") for side in SIDES)
                yield self._broken(NEEDLESS, "", _birth(*records), str(error))

    def _is_right(self, error: OpenError) -> bool:
        """A conflict needs two records that differ, a deletion one that is gone, an unknown outcome one that only a
        person can recognize."""
        left, right = (self.rows[side].get(error.keys[side] or "") for side in SIDES)
        if error.kind == "conflict":
            return left is not None and right is not None and left != right
        if error.kind == UNANSWERED:
            return any(self._is_a_candidate(side, _birth(left, right)) for side in SIDES)
        return error.kind in DECIDED_BY_PEOPLE and (left is None) != (right is None)

    def _is_a_candidate(self, side: str, birth: str) -> bool:
        """Whether the product made the record, did not live to remember it, and asks about it, because people have
        changed it since: nobody else can tell any more what it is (DESIGN R7)."""
        asked = [e for e in self.memory.errors if e.kind == UNANSWERED]
        births = {_birth(*(self.rows[s].get(e.keys[s] or "") for s in SIDES)) for e in asked}
        events = self.histories.of(self.mapping, side, birth) if birth in births else []
        made = max((number for number, e in enumerate(events) if e.creates and not e.by_users), default=len(events))
        return any(e.by_users and e.old is not None and e.new is not None for e in events[made:])

    # What happened on the way

    def _created_once(self, side: str, birth: str, events: list[Event]) -> Iterator[Broken]:
        """The product creates no record beside one that is there, and none again that people deleted."""
        living: set[str] = set()
        for number, event in enumerate(events):
            if event.creates:
                if living and not event.by_users:
                    yield self._broken(DUPLICATE, side, birth, f"{event.key} created beside {living}")
                if not event.by_users and self._brings_back(side, events[:number]):
                    yield self._broken(RESURRECTED, side, birth, f"{event.key} at {event.at}")
                living.add(event.key)
            elif event.deletes:
                living.discard(event.key)

    def _brings_back(self, side: str, before: list[Event]) -> bool:
        """Whether people had deleted the record after the product had coupled it: then it knew what they did."""
        if self.mapping.restores or not before or not (before[-1].deletes and before[-1].by_users):
            return False
        gone = before[-1]
        known = self.memory.known_since.get((side, gone.key))
        return known is not None and known < gone.at and (gone.old or ("",))[0] not in self.restored

    def _deleted_rightly(self, side: str, birth: str, events: list[Event]) -> Iterator[Broken]:
        """The product deletes only what people deleted on the other side before."""
        other = self.histories.of(self.mapping, _other(side), birth)
        for event in events:
            asked_for = any(e.deletes and e.by_users and e.at < event.at for e in other)
            if event.deletes and not event.by_users and not asked_for:
                yield self._broken(WRONG_DELETION, side, birth, f"{event.key} at {event.at}")

    def _nothing_lost(self, side: str, birth: str, events: list[Event]) -> Iterator[Broken]:
        """Each value that people wrote stays, or people replaced it, or the log has it, or it reached the other side
        and was replaced there."""
        for number, event in enumerate(events):
            if event.by_users and event.new is not None:
                for position, field_name in enumerate(FIELDS[1:], start=1):
                    value = event.new[position]
                    if value is None or (event.old is not None and event.old[position] == value):
                        continue
                    if self._is_lost(side, birth, value, position, events[number + 1 :]):
                        yield self._broken(LOST, side, birth, f"{field_name} {value} of {event.at}")

    def _is_lost(self, side: str, birth: str, value: str, position: int, later: list[Event]) -> bool:
        end = next((e for e in later if e.new is None or e.new[position] != value), None)
        if end is None or end.by_users or value in self.memory.replaced:
            return False
        other = self.histories.of(self.mapping, _other(side), birth)
        return not any(_has(event.new, position, value) for event in other)


def _birth(*records: Values | None) -> str:
    return next((str(record[0]) for record in records if record is not None), "")


def _has(values: Values | None, position: int, value: str) -> bool:
    return values is not None and values[position] == value


def _other(side: str) -> str:
    return "right" if side == "left" else "left"
