"""What became of a candidate: its outcome (DESIGN R4), and what is to be remembered of it."""

from dataclasses import dataclass

from couplings.models.error import State
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.references import children_of
from syncstatus.connectors.ports import Outcome as WriteOutcome
from syncstatus.connectors.ports import WriteResult
from syncstatus.engine import plan
from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Record, Side

_KINDS = {
    WriteOutcome.INVALID: ErrorKind.VALIDATION,
    WriteOutcome.EXISTS: ErrorKind.DUPLICATE,
    WriteOutcome.DENIED: ErrorKind.PERMISSION,
    WriteOutcome.TRANSIENT: ErrorKind.TRANSIENT,
    WriteOutcome.UNKNOWN: ErrorKind.UNKNOWN_OUTCOME,
    WriteOutcome.CONFLICT: ErrorKind.TRANSIENT,
    WriteOutcome.GONE: ErrorKind.TRANSIENT,
}
_CODES = {
    WriteOutcome.INVALID: "refused",
    WriteOutcome.EXISTS: "key_exists",
    WriteOutcome.DENIED: "denied",
    WriteOutcome.TRANSIENT: "transient",
    WriteOutcome.UNKNOWN: "answer_lost",
}
REFERENCED = "referenced"
"""A deletion that a system refused because other records refer to it: where those are children, they go first."""

_LOGGED = frozenset(
    {Outcome.INSERTED, Outcome.MODIFIED, Outcome.DELETED, Outcome.COUPLED, Outcome.UNCOUPLED, Outcome.FAILED}
)
_OPEN_STILL = frozenset({Outcome.SKIPPED, Outcome.HELD, Outcome.WAITING, Outcome.FAILED})


@dataclass(slots=True)
class Verdict:
    """``coupling_id`` is filled in for a coupling that is made by this page."""

    candidate: Candidate
    decision: Decision
    outcome: Outcome
    problem: Problem | None = None
    coupling_id: int | None = None

    @property
    def left_key(self) -> str | None:
        return self.candidate.left_key if self.decision.action is not Action.CREATE else self._key(Side.LEFT)

    @property
    def right_key(self) -> str | None:
        return self.candidate.right_key if self.decision.action is not Action.CREATE else self._key(Side.RIGHT)

    def _key(self, side: Side) -> str | None:
        """The record's key; the new one when a record was created."""
        result = self.candidate.result(side)
        if self.decision.side is side and result is not None and result.key is not None:
            return result.key
        return self.candidate.key(side)

    @property
    def versions(self) -> tuple[str, str]:
        """Left and right, after our write, else as they were read."""
        of = self.candidate
        return _version(of.left_result, of.left), _version(of.right_result, of.right)

    @property
    def told(self) -> Problem | None:
        """What an open error says: why it failed, or which link follows when its parent is coupled."""
        if self.problem is None and self.outcome not in _OPEN_STILL:
            return self.decision.follows
        return self.problem

    @property
    def agreed(self) -> bool:
        """Whether the pair is in step now and its coupling remembers it."""
        if self.problem is not None:
            return False
        return self.decision.left_base is not None

    @property
    def partly_agreed(self) -> bool:
        """One side was written before the other refused: what was written is remembered, so that it is not undone."""
        return self.problem is not None and self.candidate.coupling is not None and bool(_done(self.candidate))

    @property
    def parted(self) -> bool:
        return self.problem is None and self.outcome in (Outcome.DELETED, Outcome.UNCOUPLED)

    @property
    def closes(self) -> bool:
        """Whether an open error of the record is over (DESIGN R11)."""
        return self.told is None and self.outcome not in _OPEN_STILL

    @property
    def answered(self) -> bool:
        """Whether it is known by now what became of the announced create: the system answered, or the search for it
        found a record that is settled, or none although none is to be created any more."""
        side = Side(self.candidate.intent.side) if self.candidate.intent is not None else Side.LEFT
        result = self.candidate.result(side)
        return self.closes if result is None else result.outcome is not WriteOutcome.UNKNOWN

    @property
    def logged(self) -> bool:
        return self.outcome in _LOGGED or bool(self.candidate.changes)


def _version(result: WriteResult | None, record: Record | None) -> str:
    if result is not None and result.version is not None:
        return result.version
    return record.version if record is not None else ""


def verdict(run: Run, candidate: Candidate) -> Verdict:
    """Judge a candidate whose writes, if any, are done."""
    decision = candidate.decision or Decision(Action.ERROR)
    problem = candidate.problem or _refusal(run, candidate) or decision.problem
    if problem is not None:
        return Verdict(candidate, decision, _left_out(candidate, decision, problem), problem)
    outcome = plan.outcome(decision)
    if outcome is Outcome.UNCHANGED and candidate.changes:
        outcome = Outcome.MODIFIED  # written in a round before the last
    if outcome is Outcome.SKIPPED and candidate.error is not None and candidate.error.state == State.HELD:
        outcome = Outcome.HELD
    return Verdict(candidate, decision, outcome)


def _left_out(candidate: Candidate, decision: Decision, problem: Problem) -> Outcome:
    if decision.action is Action.SKIP and not candidate.requested:
        return Outcome.SKIPPED
    return plan.problem_outcome(problem.kind)


def _refusal(run: Run, candidate: Candidate) -> Problem | None:
    for side, result in ((Side.LEFT, candidate.left_result), (Side.RIGHT, candidate.right_result)):
        if result is not None and result.outcome is not WriteOutcome.OK:
            return _problem(run, side, result)
    return None


def _problem(run: Run, side: Side, result: WriteResult) -> Problem:
    """A refused write in the words of an error; the system's own words stand in ``detail``."""
    code = result.code or _CODES.get(result.outcome, "moved_meanwhile")
    params = {**result.params, "side": side.value, "detail": result.detail, "field": result.field, "key": result.key}
    position = run.positions[side].get(result.field or "")
    kind = ErrorKind.TRANSIENT if code == REFERENCED and children_of(run) else _KINDS[result.outcome]
    return Problem(kind, code, params, () if position is None else (position,))


def _done(candidate: Candidate) -> list[Side]:
    results = [(side, candidate.result(side)) for side in Side]
    return [side for side, result in results if result is not None and result.outcome is WriteOutcome.OK]


def partly_done(candidate: Candidate) -> Side | None:
    """The side that was written although the other refused."""
    return next(iter(_done(candidate)), None)
