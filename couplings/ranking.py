"""How well a name fits what somebody typed, without regard to case, accents and punctuation."""

import re
from collections.abc import Iterable

from rapidfuzz import fuzz

from syncstatus.engine.accents import without_accents

SAME, BEGINS, WORDS, INSIDE, SIMILAR = range(5)
"""The ranks, the best first: the very name, its beginning, beginnings of its words, a part of it, and one like it."""

ALIKE = 78  # of 100, from which on a misspelt word is taken for the one that was meant


def fold(text: str) -> str:
    """Words in small letters without accents, parted by single spaces."""
    return " ".join(re.findall(r"\w+", without_accents(text).casefold()))


def rank(wanted: str, name: str) -> int | None:
    """How well ``name`` fits ``wanted``, both folded; None when it does not."""
    if not wanted:
        return None
    if name == wanted:
        return SAME
    if name.startswith(wanted):
        return BEGINS
    parts = name.split()
    if all(any(part.startswith(word) for part in parts) for word in wanted.split()):
        return WORDS
    return INSIDE if wanted in name else None


def similar(wanted: str, names: Iterable[str]) -> int | None:
    """``SIMILAR`` when one of ``names``, or a word of one, is spelt much like ``wanted``."""
    if not wanted:
        return None
    spelt = {text for name in names for text in (name, *name.split())}
    return SIMILAR if any(fuzz.ratio(wanted, text) >= ALIKE for text in spelt) else None
