"""How alike two records are that do not match: only ever a hint for a person, never a reason to couple.

Texts are compared without case, accents and the order of their words, by the library rapidfuzz. Scores are whole
numbers from 0 to 100.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rapidfuzz import fuzz

from syncstatus.engine.accents import without_accents

ALIKE: Final = 75
"""The score from which a record is worth being shown."""

_WORD: Final = re.compile(r"\w+")
_PREFIX: Final = 4


def blocks(texts: Sequence[str]) -> set[str]:
    """The names under which a record with these fields is looked for: the beginnings of the words of each field. Two
    records that share none are not compared, so that the work does not grow with the square of the records."""
    return {
        f"{position}:{word[:_PREFIX]}"
        for position, text in enumerate(texts)
        for word in _WORD.findall(plain(text))
        if len(word) > 1
    }


def plain(text: str) -> str:
    return without_accents(text).casefold()


def most_alike(
    texts: Sequence[str], candidates: Mapping[int, Sequence[str]], groups: Sequence[Sequence[int]], limit: int
) -> list[tuple[int, int]]:
    """The numbers of at most ``limit`` candidates and their scores, the best first, where they reach ``ALIKE``.

    ``groups`` are the positions of the fields that count together (those of one match priority): the mean of a group's
    fields is its score, and the best group counts. One town in common makes nobody alike who has another name.
    """
    mine = [plain(text) for text in texts]
    scores = {number: _best(mine, [plain(text) for text in fields], groups) for number, fields in candidates.items()}
    found = sorted((-score, number) for number, score in scores.items() if score >= ALIKE)
    return [(number, -score) for score, number in found[:limit]]


def _best(mine: Sequence[str], theirs: Sequence[str], groups: Sequence[Sequence[int]]) -> int:
    return max((_mean(mine, theirs, group) for group in groups), default=0)


def _mean(mine: Sequence[str], theirs: Sequence[str], group: Sequence[int]) -> int:
    """Of the fields that both fill; a group of which one field is not filled says nothing."""
    scores = [fuzz.token_sort_ratio(mine[place], theirs[place]) for place in group if mine[place] and theirs[place]]
    return int(sum(scores) / len(scores)) if len(scores) == len(group) else 0


def likeness(left: Iterable[Any], right: Iterable[Any]) -> int:
    """How alike two whole records are, from their canonical values: the mean of the fields that either fills."""
    scores = [_score(one, other) for one, other in zip(left, right, strict=True) if not (_empty(one) and _empty(other))]
    return round(sum(scores) / len(scores)) if scores else 0


def _empty(value: Any) -> bool:
    return value is None or value == ""


def _score(one: Any, other: Any) -> float:
    if one == other:
        return 100.0
    if isinstance(one, str) and isinstance(other, str):
        return fuzz.token_sort_ratio(plain(one), plain(other))
    return 0.0
