"""Match before you create (DESIGN R14): the pure parts; searching for candidates is the caller's.

For an uncoupled record the caller walks ``criteria`` in order, skips a group for which ``match_values`` is None, looks
for records of the other side that carry equal values, and asks ``choose``; with NONE it goes on to the next group.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from syncstatus.engine.accents import without_accents
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.records import Side, Values
from syncstatus.engine.rules import FieldRule, Rules
from syncstatus.engine.transforms.chain import changes_case
from syncstatus.engine.values import Unreadable, ValueRefused


@dataclass(frozen=True, slots=True)
class Criterion:
    """The match fields of one priority number: all of them must agree. ``positions`` count in ``Rules.fields``."""

    priority: int
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of the other side that agrees; ``coupled_to`` is the key of the partner it already has."""

    key: str
    coupled_to: str | None = None


class Found(StrEnum):
    ONE = "one"
    NONE = "none"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Match:
    """What a search came to: ``key`` with ONE, ``problem`` with AMBIGUOUS and DUPLICATE."""

    found: Found
    key: str | None = None
    problem: Problem | None = None


def criteria(rules: Rules) -> tuple[Criterion, ...]:
    """The groups of match fields, lowest priority number first; none when the mapping does not match."""
    numbered = sorted((rule.match, position) for position, rule in enumerate(rules.fields) if rule.match is not None)
    return tuple(
        Criterion(priority, tuple(position for _, position in group))
        for priority, group in groupby(numbered, key=lambda pair: pair[0])
    )


def match_values(rules: Rules, criterion: Criterion, side: Side, values: Values) -> Values | None:
    """What a record of ``side`` is found by: canonical, without case and accents where they do not count.

    Equal tuples of both sides match. None when a field is empty or unreadable, so that the criterion does not apply.
    ``values`` are the record's native values in field order.
    """
    canonicalizers = rules.compiled.canonicalizers[side]
    found: list[Any] = []
    for position in criterion.positions:
        function = canonicalizers[position]
        value = values[position] if function is None else function(values[position])
        if value is None or value == "" or isinstance(value, Unreadable):
            return None
        found.append(folded(value, rules.fields[position]) if isinstance(value, str) else value)
    return tuple(found)


def folded(text: str, rule: FieldRule) -> str:
    """Text without what its match field does not tell apart: case, accents, both or neither."""
    if not rule.accent_sensitive:
        text = without_accents(text)
    return text if rule.case_sensitive else text.casefold()


def search_values(rules: Rules, criterion: Criterion, side: Side, values: Values) -> Values | None:
    """The criterion's values of a record of ``side`` in the types of the other side, to search there with.

    Case and accents are the record's own: where they do not count the search must not count them either. None when a
    field is empty or has no form on the other side, which then cannot hold a partner.
    """
    if match_values(rules, criterion, side, values) is None:
        return None
    canonical = rules.compiled.canonical[side](values)
    converters = rules.compiled.converters[side.other]
    try:
        return tuple(converters[position](canonical[position]) for position in criterion.positions)
    except ValueRefused:
        return None


def is_searchable(rules: Rules, criterion: Criterion, side: Side) -> bool:
    """Whether a search for values finds every record of ``side`` that matches them. Where that side may write the same
    value in several ways, as with telephone numbers, its records have to be looked through instead."""
    worked = [rules.compiled.transformed.get(position) for position in criterion.positions]
    return all(one is None or one.is_searchable(side) for one in worked)


def search_case(rules: Rules, criterion: Criterion) -> list[bool]:
    """Whether a search tells case, by field of the criterion: not where a step changes it."""
    fields = [rules.fields[position] for position in criterion.positions]
    return [rule.case_sensitive and not changes_case(rule.steps) for rule in fields]


def choose(rules: Rules, criterion: Criterion, side: Side, candidates: Iterable[Candidate]) -> Match:
    """Which of the candidates on ``side`` becomes the partner: the only one that is free, else none and the reason."""
    found = list(candidates)
    free = [candidate for candidate in found if candidate.coupled_to is None]
    if len(free) == 1:
        return Match(Found.ONE, free[0].key)
    if not found:
        return Match(Found.NONE)
    named = sorted(free or found, key=lambda candidate: candidate.key)
    params: dict[str, Any] = {"side": side.value, "candidates": [candidate.key for candidate in named]}
    if free:
        return Match(Found.AMBIGUOUS, None, Problem(ErrorKind.AMBIGUOUS, "ambiguous", params, criterion.positions))
    params["coupled_to"] = [candidate.coupled_to for candidate in named]
    return Match(Found.DUPLICATE, None, Problem(ErrorKind.DUPLICATE, "duplicate", params, criterion.positions))
