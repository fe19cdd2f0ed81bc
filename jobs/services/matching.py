"""Match-Based Coupling, shown before it is done: pairs, records that could not be decided, those without a match."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from couplings.models import TableMapping
from couplings.store import matches
from couplings.store.matches import Sought, Unsought
from jobs.models import Kind, SyncJob
from jobs.runner import pairing
from jobs.runner.interpreter import interpreter_for_runs
from jobs.runner.pairing import Pairing, paired
from jobs.services import jobs, plans
from jobs.services.errors import Refused
from syncstatus.engine import similarity
from syncstatus.engine.records import Record, Side
from syncstatus.engine.rules import Direction

PAGE = 2_000
SUGGESTIONS = 3
BLOCK = 30  # records in one block at most


class Result(StrEnum):
    PAIR = "pair"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Option:
    """A record of the other side that may be the partner; ``score`` says in percent how alike both are."""

    key: str
    score: int | None = None
    coupled_to: str | None = None


@dataclass(slots=True)
class Line:
    """One record of ``side`` and what became of it. ``partner`` with PAIR; ``reason`` is a message code with ``params``
    for all others; ``options`` are the candidates of AMBIGUOUS and DUPLICATE, and similar records of UNMATCHED.
    ``values`` are the record's match fields, as texts."""

    result: Result
    side: Side
    key: str
    values: list[str]
    partner: str | None = None
    priority: int | None = None
    reason: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    options: list[Option] = field(default_factory=list)

    def key_of(self, side: Side) -> str | None:
        return self.key if side is self.side else self.partner


@dataclass
class Preview:
    """What matching would do. ``lines`` reads from tables that are gone after the ``with`` of ``preview``."""

    mapping: TableMapping
    pairing: Pairing
    suggest: bool

    @property
    def fields(self) -> list[str]:
        """The match fields by their names, as ``Line.values`` has them."""
        return [self.pairing.rules.fields[position].field(self.pairing.source) for position in self.pairing.positions]

    def counts(self) -> dict[str, int]:
        """By result, the unmatched of both sides apart."""
        found = matches.counts()
        settled = found["pairs"] + found["ambiguous"] + found["duplicate"]
        return found | {"unmatched": found["sources"] - settled}

    def lines(self) -> Iterator[Line]:
        """The records of the side that looks for partners in key order, then those of the other side that are left."""
        if self.suggest:
            self._make_blocks()
        after = 0
        while rows := matches.sought(after, PAGE):
            after = rows[-1].seq
            page = [self._line(row) for row in rows]
            self._score([line for line in page if line.options])
            if self.suggest:
                self._suggest([line for line in page if line.reason in (NO_MATCH, EMPTY)])
            yield from page
        yield from self._left_over()

    def _line(self, row: Sought) -> Line:
        line = Line(Result.PAIR, self.pairing.source, row.key, json.loads(row.texts), row.target, row.priority)
        if row.problem is not None:
            line.result, line.reason = Result(row.problem["kind"]), row.problem["code"]
            params = line.params = row.problem["params"]
            partners = params.get("coupled_to") or [None] * len(params["candidates"])
            options = zip(params["candidates"], partners, strict=True)
            line.options = [Option(key, None, partner) for key, partner in options]
        elif row.target is None:
            line.result, line.reason = Result.UNMATCHED, _reason(row)
        return line

    def _left_over(self) -> Iterator[Line]:
        after = 0
        while rows := matches.unsought(after, PAGE):
            after = rows[-1].seq
            for row in rows:
                values = json.loads(row.texts)
                reason = CANDIDATE if row.named and not row.marked else _reason(row)
                yield Line(Result.UNMATCHED, self.pairing.source.other, row.key, values, reason=reason)

    def _score(self, unclear: Sequence[Line]) -> None:
        """Say how alike each record is to its candidates, by all fields of the mapping: both are read once more."""
        if not unclear:
            return
        endpoints, rules, side = self.pairing.endpoints, self.pairing.rules, self.pairing.source
        mine = endpoints[side].read([line.key for line in unclear])
        theirs = endpoints[side.other].read({option.key for line in unclear for option in line.options})
        canonical = rules.compiled.canonical

        def score(one: Record | None, other: Record | None) -> int | None:
            if one is None or other is None:
                return None
            return similarity.likeness(canonical[side](one.values), canonical[side.other](other.values))

        for line in unclear:
            line.options = [
                Option(option.key, score(mine.get(line.key), theirs.get(option.key)), option.coupled_to)
                for option in line.options
            ]

    def _make_blocks(self) -> None:
        after = 0
        while rows := matches.unsought(after, PAGE):
            after = rows[-1].seq
            free = [row for row in rows if not row.marked]
            matches.block((name, row.seq) for row in free for name in similarity.blocks(json.loads(row.texts)))
        matches.close_blocks(BLOCK)

    def _suggest(self, lonely: Sequence[Line]) -> None:
        names = {line.key: similarity.blocks(line.values) for line in lonely}
        members: dict[str, list[int]] = {}
        texts: dict[int, list[str]] = {}
        keys: dict[int, str] = {}
        for block, seq, key, text in matches.in_blocks(list(set().union(*names.values()))):
            members.setdefault(block, []).append(seq)
            texts[seq], keys[seq] = json.loads(text), key
        for line in lonely:
            near = {seq: texts[seq] for name in names[line.key] for seq in members.get(name, [])}
            found = similarity.most_alike(line.values, near, self.pairing.groups, SUGGESTIONS)
            line.options = [Option(keys[seq], score) for seq, score in found]


EMPTY, NO_MATCH, UNCOUPLED = "match_fields_empty", "no_match", "uncoupled_by_hand"
CANDIDATE = "candidate_of_unclear"


def _reason(row: Sought | Unsought) -> str:
    """Why nothing was found for a record."""
    if row.marked:
        return UNCOUPLED
    return NO_MATCH if row.filled else EMPTY


@contextmanager
def preview(mapping: TableMapping, *, suggest: bool = True) -> Iterator[Preview]:
    """Match both tables and write nothing anywhere (DESIGN R12, R14). ``suggest``: look for similar records where there
    is no match, which is never coupled by itself.

    Raises ``Refused`` (``no_match_fields``), ``NothingToMatchBy`` and the other errors of connectors.
    """
    _check_criteria(mapping)
    with interpreter_for_runs(), paired(mapping, lambda _side, _records: None) as found:
        yield Preview(mapping, found, suggest)


def apply(mapping: TableMapping, *, user: User | None, create_new: bool = False, queue: bool = True) -> SyncJob:
    """Couple all pairs that ``preview`` shows, each read afresh and decided as at a first contact; ``create_new``
    creates the records without a match on the other side (Create New If Unable to Find a Match). Ambiguous ones and
    duplicates become errors that name their candidates, and are never created.

    Raises ``Refused`` (``no_match_fields`` and those of ``jobs.start``).
    """
    _check_criteria(mapping)
    parameters = {"create_new": True} if create_new else {}
    return jobs.start(mapping, Kind.MATCH, user=user, parameters=parameters, queue=queue)


def look(mapping: TableMapping, *, user: User | None) -> SyncJob:
    """Let a job find the pairs, and keep them as a plan that a person applies or discards: for tables that are too
    large to wait for. What has no match is not created.

    Raises ``Refused`` (``no_match_fields`` and those of ``plans.preview``).
    """
    _check_criteria(mapping)
    return plans.preview(mapping, Kind.MATCH, user=user)


def source_side(mapping: TableMapping) -> Side:
    """The side whose records look for partners, and from which new ones are created."""
    return pairing.source_side(Direction(mapping.direction))


def _check_criteria(mapping: TableMapping) -> None:
    if not mapping.fields.filter(match__isnull=False, enabled=True).exists():
        raise Refused("no_match_fields", mapping=mapping.name)
