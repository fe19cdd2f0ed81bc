"""Match-Based Coupling of two whole tables (DESIGN R14): each side is read once, in key order, and joined in the store.

A preview and the job that couples both come here, so that they cannot come to different answers. What is found is only
what the values say: the job reads both records of a pair afresh, and decides them like any first contact.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, groupby, tee
from typing import Any

from couplings.models import TableMapping
from couplings.store import couplings, errors, matches
from couplings.store.matches import SOURCE, TARGET, Listed, Settled
from jobs.runner.keys import is_storable
from jobs.runner.systems import open_both
from syncstatus.connectors.errors import NothingToMatchBy
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine import match, pairing
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.match import Candidate, Criterion, Match
from syncstatus.engine.records import Record, Side
from syncstatus.engine.rules import Direction, Rules

PAGE = 5_000
TEXT_SHOWN = 200  # characters of a match field that are kept for people

OnPage = Callable[[Side, int], None]


@dataclass
class Pairing:
    """``source`` is the side whose records look for a partner, ``odd`` those keys of it that cannot be stored."""

    mapping: TableMapping
    source: Side
    rules: Rules
    endpoints: dict[Side, Endpoint]
    odd: list[str] = field(default_factory=list)

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        return match.criteria(self.rules)

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """The match fields, in the order of the mapping."""
        return tuple(position for position, rule in enumerate(self.rules.fields) if rule.match is not None)

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Where the fields of each criterion stand among ``positions``."""
        places = {position: place for place, position in enumerate(self.positions)}
        return tuple(tuple(places[position] for position in criterion.positions) for criterion in self.criteria)

    def stage(self, on_page: OnPage) -> None:
        """Read both sides; ``on_page`` is called with the side and the number of records of each page."""
        for side in Side:
            for rows, listed in self._listed(side):
                matches.add(SOURCE if side is self.source else TARGET, rows)
                on_page(side, listed)

    def check(self) -> None:
        """Raises ``NothingToMatchBy`` where both sides hold records, and none of one side has a value to match by. Once
        some are coupled, the others may well be those that have none."""
        found = matches.counts()
        if not (found["sources"] and found["targets"]) or couplings.count(self.mapping.pk):
            return
        for side, table in ((self.source, SOURCE), (self.source.other, TARGET)):
            if matches.is_never_filled(table):
                raise self._never_filled(side)

    def _never_filled(self, side: Side) -> NothingToMatchBy:
        names = [self.rules.fields[position].field(side) for position in self.positions]
        table = getattr(self.mapping, f"{side.value}_table")
        return NothingToMatchBy(connection=self.mapping.side_name(side), table=table, names=", ".join(names))

    def _listed(self, side: Side) -> Iterator[tuple[list[Listed], int]]:
        endpoint, after, seen, full = self.endpoints[side], None, 0, True
        size = min(PAGE, endpoint.capabilities.page_max)
        while full:
            keys = [stamp.key for stamp in endpoint.keys(after, size)]
            full = len(keys) == size
            if keys:
                after = keys[-1]
                yield self._page(side, keys, seen), len(keys)
                seen += len(keys)

    def _page(self, side: Side, listed: Sequence[str], seen: int) -> list[Listed]:
        """The records of ``listed`` that take part, numbered from behind those ``seen`` before."""
        keys = [key for key in listed if is_storable(key)]
        coupled = couplings.by_key(self.mapping.pk, side, keys, with_base=False)
        partners = {key: row.key(side.other) for key, row in coupled.items()}
        if side is self.source:
            self.odd += [key for key in listed if not is_storable(key)]
            keys = [key for key in keys if key not in partners]
        marked = couplings.uncoupled(self.mapping.pk, side, keys)
        torn = self._torn(side, keys)
        records = self.endpoints[side].read(keys) if keys else {}
        found = [record for key in keys if (record := records.get(key)) is not None and record.included]
        return [
            self._row(side, seq, record, record.key in marked, partners.get(record.key), record.key in torn)
            for seq, record in enumerate(found, seen + 1)
        ]

    def _row(self, side: Side, seq: int, record: Record, marked: bool, partner: str | None, torn: bool) -> Listed:
        prints = self._prints(side, record)
        return Listed(seq, record.key, prints, self._texts(record), any(prints), marked, partner, torn)

    def _torn(self, side: Side, keys: Sequence[str]) -> set[str]:
        """Records that could not choose between several partners: none of those may take them by coming later."""
        if side is self.source or not errors.are_open(self.mapping.pk):
            return set()
        rows = errors.of_records(self.mapping.pk, side, keys)
        return {errors.key_of(row, side) for row in rows if row.kind == ErrorKind.AMBIGUOUS}

    def _prints(self, side: Side, record: Record) -> list[str | None]:
        found = (match.match_values(self.rules, criterion, side, record.values) for criterion in self.criteria)
        return [pairing.fingerprint(values) if values is not None else None for values in found]

    def _texts(self, record: Record) -> str:
        return json.dumps([_shown(record.values[position]) for position in self.positions], ensure_ascii=False)

    def join(self) -> None:
        """Settle what can be settled, criterion by criterion."""
        matches.analyze()
        for number, criterion in enumerate(self.criteria):
            page: list[Settled] = []
            for _, alike in groupby(matches.alike(number), key=lambda row: row.fingerprint):
                for settled in self._settled(criterion, alike):
                    page.append(settled)
                    if len(page) == PAGE:
                        matches.settle(page)
                        page = []
            matches.settle(page)
            matches.analyze()
        matches.close([criterion.priority for criterion in self.criteria])

    def _settled(self, criterion: Criterion, alike: Iterator[matches.Alike]) -> Iterator[Settled]:
        """What becomes of sources with the same fingerprint; they are read one by one, as there may be a million."""
        first = next(alike)
        candidates = [Candidate(key, partner) for key, partner in zip(first.keys, first.partners, strict=True)]
        rows, names = tee(chain([first], alike))
        settled = pairing.settle(
            self.rules, criterion, self.source.other, (row.source for row in names), candidates, first.torn
        )
        for row, (source, found) in zip(rows, settled, strict=True):
            yield Settled(row.seq, source, found.key, criterion.priority, self._problem(found))

    @staticmethod
    def _problem(found: Match) -> str | None:
        if found.problem is None:
            return None
        parts = {"kind": found.problem.kind, "code": found.problem.code, "params": found.problem.params}
        return json.dumps(parts | {"fields": found.problem.fields})


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:TEXT_SHOWN]


def source_side(direction: Direction) -> Side:
    """The side whose records look for partners: the one that values come from, the left one where they go both ways."""
    return Side.LEFT if direction.writes(Side.RIGHT) else Side.RIGHT


@contextmanager
def paired(mapping: TableMapping, on_page: OnPage) -> Iterator[Pairing]:
    """Match both tables of ``mapping``; inside, ``couplings.store.matches`` tells what was found. Nothing but temporary
    tables is written. ``on_page(side, records)`` is called after each page that was read. Raises
    ``NothingToMatchBy`` and the other errors of connectors.
    """
    endpoints, rules = open_both(mapping, waits=True)
    found = Pairing(mapping, source_side(rules.direction), rules, endpoints)
    with matches.tables():
        found.stage(on_page)
        found.check()
        found.join()
        yield found
