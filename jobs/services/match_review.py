"""Matching for somebody who looks at a page and chooses: how many of each result, and the first of one of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User

from couplings.models import TableMapping
from couplings.store.imports import ImportLine
from jobs.runner import systems
from jobs.services import importing, matching
from jobs.services.errors import Refused
from jobs.services.importing import Imported
from jobs.services.matching import Line, Result
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

SHOWN: Final = 100  # lines of one result
MOST: Final = 100_000
"""Records of both tables that are read while somebody waits, which takes some seconds; more are left to a job."""


@dataclass(frozen=True)
class Review:
    """``numbers`` of lines by result and side; ``lines`` are the first of the result that was asked for. ``creatable``
    records of ``source``, the side that looks for partners, would be created with Create New."""

    source: Side
    numbers: Mapping[tuple[Result, Side], int]
    lines: Sequence[Line]
    creatable: int
    fields: Sequence[str]

    def total(self, result: Result) -> int:
        return sum(number for (one, _side), number in self.numbers.items() if one is result)


def review(mapping: TableMapping, wanted: Result) -> Review:
    """Match both tables now, and write nothing. Raises ``Refused`` (``no_match_fields``, ``too_many_to_match``, and the
    connectors' messages)."""
    try:
        check_size(mapping)
        with matching.preview(mapping) as found:
            return _read(found, wanted)
    except ConnectorError as error:
        raise Refused(error.code, **{"mapping": mapping.name, **error.params, "detail": error.detail}) from error


def check_size(mapping: TableMapping) -> None:
    """Nobody waits at a page while millions of records are read; a job and the command tell how far they are. Raises
    ``Refused`` and the connectors' errors."""
    counts = [systems.open_endpoint(mapping, side).count() for side in Side]
    number = sum(count or 0 for count in counts)
    if number > MOST:
        raise Refused("too_many_to_match", mapping=mapping.name, count=number)


def _read(found: matching.Preview, wanted: Result) -> Review:
    numbers: Counter[tuple[Result, Side]] = Counter()
    shown: list[Line] = []
    creatable = 0
    source = found.pairing.source
    for line in found.lines():
        numbers[line.result, line.side] += 1
        unmatched = line.result is Result.UNMATCHED
        creatable += unmatched and line.side is source and line.reason != matching.UNCOUPLED
        if line.result is wanted and len(shown) < SHOWN:
            shown.append(line)
    return Review(source, numbers, shown, creatable, found.fields)


def couple(
    mapping: TableMapping, pairs: Sequence[tuple[str, str]], *, user: User | None
) -> tuple[Imported, list[ImportLine]]:
    """Couple the chosen ``pairs`` (left key, right key), and say which were refused; the others are coupled.

    Raises ``Refused`` (``record_in_work``, ``coupled_meanwhile``, and the connectors' messages): nothing is coupled.
    """
    refused: list[ImportLine] = []
    lines = [ImportLine(number, left, right) for number, (left, right) in enumerate(pairs, 1)]
    try:
        done = importing.couple_all(mapping, lines, user=user, partial=True, tell=refused.append)
    except ConnectorError as error:
        params: dict[str, Any] = {"mapping": mapping.name, **error.params, "detail": error.detail}
        raise Refused(error.code, **params) from error
    return done, refused
