"""Match two whole tables at once (DESIGN R14): the pure parts. Who lists the records and joins them is the caller's.

The caller gives each record of both sides one ``fingerprint`` a criterion and, criterion by criterion, brings together
the sources and the candidates that share one. ``settle`` says what becomes of the sources; those that share theirs with
no candidate go on to the next criterion. What a criterion has settled stays so: a later one finds its candidates taken.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.match import Candidate, Criterion, Found, Match, choose
from syncstatus.engine.records import Side, Values
from syncstatus.engine.rules import Rules


def fingerprint(values: Values) -> str:
    """32 hexadecimal digits: equal for equal ``match_values``, whatever types their numbers have, else different."""
    text = "|".join([f"{len(value)}:{value}" if value.__class__ is str else _other(value) for value in values])
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _other(value: Any) -> str:
    """A text of its own for each value that is no text; the sign in front keeps 7 and "7" apart."""
    if isinstance(value, (bool, int)):
        return f"#{int(value)}"
    if isinstance(value, float):
        return f"#{int(value)}" if value.is_integer() else f"#{value!r}"
    if isinstance(value, Decimal) and value.is_finite():
        return f"#{int(value)}" if value == value.to_integral_value() else f"#{value.normalize()}"
    return f"#{value}"


def settle(
    rules: Rules,
    criterion: Criterion,
    side: Side,
    sources: Iterable[str],
    candidates: Sequence[Candidate],
    torn: bool = False,
) -> Iterator[tuple[str, Match]]:
    """What becomes of each of ``sources`` (keys, in the order in which they are served), which all agree with all of
    ``candidates`` on ``side``. The first to find a single free one gets it, the others are duplicates (SCENARIOS T8).

    ``torn``: the single free candidate could not choose between several partners itself, so none of them gets it.
    """
    options = list(candidates)
    for source in sources:
        match = choose(rules, criterion, side, options)
        if match.found is Found.ONE and torn:
            params = {"side": side.value, "candidates": [match.key]}
            match = Match(Found.AMBIGUOUS, None, Problem(ErrorKind.AMBIGUOUS, "ambiguous", params, criterion.positions))
        elif match.found is Found.ONE:
            options = [replace(c, coupled_to=source) if c.key == match.key else c for c in options]
        yield source, match
