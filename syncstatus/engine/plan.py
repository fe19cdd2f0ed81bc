"""What a run did or would do, counted: one record, one outcome (DESIGN R4, R12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from syncstatus.engine.decisions import Action, Decision, ErrorKind


class Outcome(StrEnum):
    INSERTED = "inserted"
    MODIFIED = "modified"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    COUPLED = "coupled"
    UNCOUPLED = "uncoupled"
    EXCLUDED = "excluded"
    WAITING = "waiting"
    HELD = "held"
    SKIPPED = "skipped"
    FAILED = "failed"


_BY_ACTION: Final[Mapping[Action, Outcome]] = {
    Action.NOTHING: Outcome.UNCHANGED,
    Action.REFRESH: Outcome.UNCHANGED,
    Action.COUPLE: Outcome.COUPLED,
    Action.CREATE: Outcome.INSERTED,
    Action.UPDATE: Outcome.MODIFIED,
    Action.DELETE: Outcome.DELETED,
    Action.UNCOUPLE: Outcome.UNCOUPLED,
    Action.EXCLUDE: Outcome.EXCLUDED,
    Action.SKIP: Outcome.SKIPPED,
}
_BY_KIND: Final[Mapping[ErrorKind, Outcome]] = {
    ErrorKind.DEPENDENCY: Outcome.WAITING,
    ErrorKind.HELD: Outcome.HELD,
}


def outcome(decision: Decision) -> Outcome:
    """The outcome of a decision that was carried out as it stands.

    A problem found in this run has FAILED (WAITING for a parent, HELD by a guard); a record left out because of a
    problem found earlier is SKIPPED.
    """
    if decision.action is Action.ERROR:
        return Outcome.FAILED if decision.problem is None else problem_outcome(decision.problem.kind)
    return _BY_ACTION[decision.action]


def problem_outcome(kind: ErrorKind) -> Outcome:
    return _BY_KIND.get(kind, Outcome.FAILED)


@dataclass
class Tally:
    """The counters of a job. ``read`` is counted when records are read, the outcomes when they are done."""

    read: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))

    def count(self, outcome: Outcome, number: int = 1) -> None:
        self.outcomes[outcome] += number

    def add(self, other: "Tally") -> None:
        self.read += other.read
        for outcome, number in other.outcomes.items():
            self.outcomes[outcome] += number

    @property
    def adds_up(self) -> bool:
        """Whether every record read has exactly one outcome; a job for which this is False must say so."""
        return self.read == sum(self.outcomes.values())

    def as_dict(self) -> dict[str, int]:
        """``read`` and the outcomes under their names, in the order of DESIGN 7.2."""
        return {"read": self.read, **{outcome.value: number for outcome, number in self.outcomes.items()}}
