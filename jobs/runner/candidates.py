"""A pair that a run looks at, from the moment it was found until its outcome is remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from couplings.store.couplings import CouplingRow
from couplings.store.errors import ErrorRow
from couplings.store.matches import Sought
from jobs.models import CreateIntent
from jobs.runner.plans import PlanRow
from syncstatus.connectors.ports import Outcome, WriteResult
from syncstatus.engine.decisions import Decision, Problem
from syncstatus.engine.records import Memory, Record, Side, Values
from syncstatus.engine.rules import NO_INSTRUCTION, Instruction

_OVERTAKEN = (Outcome.CONFLICT, Outcome.GONE)

Changes = list[tuple[Values | None, Mapping[str, Any] | None]]
"""What was written on one side, write by write: the record's values before, if there was one, and the fields that were
sent, None for a deletion. The log's form is made of it when the page is remembered, and dropped at once."""


@dataclass(slots=True, eq=False)
class Candidate:
    """``memory`` is the coupling's, or without one that of a record adopted from an intent. ``marked`` says that a
    person uncoupled it, ``wanted`` that a person named it, ``refused`` why it can be no candidate, in every round.

    ``listed`` is the side whose feed listed it: the other one is believed to be as the coupling remembers it.
    ``by_error`` says that it was its open error that brought it up, ``found`` on which side its partner was found,
    ``planned`` what the plan that is applied says of it, ``matched`` what the matching of whole tables found for it,
    ``announced`` log entries of writes to come (``overruling``), ``newly_announced`` that the intent is of this page,
    ``taken_over`` that another mapping knew the partner, ``left_behind`` which coupling over there is over by that
    (``handing_over``).
    """

    left_key: str | None = None
    right_key: str | None = None
    coupling: CouplingRow | None = None
    error: ErrorRow | None = None
    intent: CreateIntent | None = None
    instruction: Instruction = NO_INSTRUCTION
    marked: bool = False
    wanted: bool = False
    refused: Problem | None = None
    listed: Side | None = None
    by_error: bool = False
    found: Side | None = None
    planned: PlanRow | None = None
    matched: Sought | None = None

    left: Record | None = None
    right: Record | None = None
    memory: Memory | None = None
    decision: Decision | None = None
    problem: Problem | None = None
    left_result: WriteResult | None = None
    right_result: WriteResult | None = None
    changes: dict[str, Changes] = field(default_factory=dict)
    announced: tuple[int, ...] = ()
    newly_announced: bool = False
    taken_over: bool = False
    left_behind: int | None = None

    def key(self, side: Side) -> str | None:
        return self.left_key if side is Side.LEFT else self.right_key

    def record(self, side: Side) -> Record | None:
        return self.left if side is Side.LEFT else self.right

    def result(self, side: Side) -> WriteResult | None:
        return self.left_result if side is Side.LEFT else self.right_result

    def set_key(self, side: Side, key: str | None) -> None:
        if side is Side.LEFT:
            self.left_key = key
        else:
            self.right_key = key

    def find_partner(self, side: Side, record: Record) -> None:
        self.set_key(side, record.key)
        self.set_record(side, record)
        self.found = side

    def set_record(self, side: Side, record: Record | None) -> None:
        if side is Side.LEFT:
            self.left = record
        else:
            self.right = record

    def set_result(self, side: Side, result: WriteResult) -> None:
        if side is Side.LEFT:
            self.left_result = result
        else:
            self.right_result = result

    def couple(self, coupling: CouplingRow) -> None:
        """The record turned out to have been coupled since it was listed."""
        self.coupling, self.left_key, self.right_key = coupling, coupling.left_key, coupling.right_key

    @property
    def single_side(self) -> Side | None:
        """The side of a record that has no partner yet."""
        if self.left_key is not None and self.right_key is not None:
            return None
        return Side.LEFT if self.left_key is not None else Side.RIGHT

    @property
    def requested(self) -> bool:
        """Whether a person asked for this record, which stands above its being skipped."""
        return self.wanted or bool(self.error and self.error.request)

    @property
    def overtaken(self) -> bool:
        """Whether somebody changed or deleted the record between our reading and our write (DESIGN R6)."""
        left, right = self.left_result, self.right_result
        return (left is not None and left.outcome in _OVERTAKEN) or (right is not None and right.outcome in _OVERTAKEN)

    def as_listed(self) -> "Candidate":
        """The same candidate as it was listed, without what was found out about it since."""
        error = self.error if self.by_error else None
        given = self.instruction if self.by_error or self.wanted else NO_INSTRUCTION
        again = Candidate(error=error, instruction=given, wanted=self.wanted, refused=self.refused)
        again.by_error, again.coupling, again.planned = self.by_error, self.coupling, self.planned
        again.left_key, again.right_key = self.left_key, self.right_key
        if self.found is not None:
            again.set_key(self.found, None)
        return again

    def forget_results(self) -> None:
        """Before the next round: what was decided was overtaken, what was written stands in ``changes``."""
        self.decision = self.left_result = self.right_result = None
        self.problem = self.refused
