"""What is wrong with a configuration file, and where."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
"""The keys that lead to a place in the file: ``("mappings", "CUSTOMER", "left", "table")``."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in the file; both count from 1, and 0 means the file as a whole."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, a message code and its parameters. Parameters never hold a secret."""

    line: int
    column: int
    path: Path
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Problems(list[Problem]):
    """Collects problems, so that all of them are reported at once."""

    def add(self, place: Place, path: Path, code: str, **params: Any) -> None:
        self.append(Problem(place.line, place.column, path, code, params))

    def in_order(self) -> list[Problem]:
        """As they stand in the file."""
        return sorted(self, key=lambda problem: (problem.line, problem.column))


class ConfigurationRefused(Exception):
    """The configuration cannot be applied; nothing was changed. ``problems`` are in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = Problems(problems).in_order()
        super().__init__(", ".join(f"{problem.line}: {problem.code}" for problem in self.problems))


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate that ``name`` was probably meant to be, "" when none is near."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""
