"""How alike two records are that do not match: only ever a hint for a person, never a reason to couple.

Texts are compared without case, accents and the order of their words, by the library rapidfuzz. Scores are whole
numbers from 0 to 100.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rapidfuzz import fuzz, process

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


def most_alike(texts: Sequence[str], candidates: Mapping[int, Sequence[str]], limit: int) -> list[tuple[int, int]]:
    """The numbers of at most ``limit`` candidates and their scores, the best first: those of the field that is most
    alike, where it reaches ``ALIKE``."""
    best: dict[int, int] = {}
    for position, text in enumerate(texts):
        if not text:
            continue
        choices = {number: plain(fields[position]) for number, fields in candidates.items() if fields[position]}
        found = process.extract(plain(text), choices, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE, limit=limit)
        for _, score, number in found:
            best[number] = max(best.get(number, 0), int(score))
    return sorted(best.items(), key=lambda one: (-one[1], one[0]))[:limit]


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
