"""Ask the engine about each candidate, and keep back the deletions that a guard holds (DESIGN R9)."""

from collections.abc import Sequence
from dataclasses import replace

from couplings.models.error import Request, State
from jobs.models import Trigger
from jobs.runner import parents, references
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.tokens import token_of
from syncstatus.engine.decide import EXCLUDE, decide
from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.records import Pair, Side
from syncstatus.engine.rules import NO_INSTRUCTION, DeletionPolicy, Instruction
from syncstatus.engine.undo import is_still_undone

_LEFT_OUT = (State.SKIPPED, State.HELD, State.IGNORED)


def decide_all(run: Run, candidates: Sequence[Candidate]) -> None:
    references.learn(run, candidates)  # also for partners that were found since the records were read
    for candidate in candidates:
        if candidate.problem is None:
            candidate.decision = _decide(run, candidate)
            _hold(run, candidate)
    parents.report_missing(run, candidates)


def _decide(run: Run, candidate: Candidate) -> Decision:
    if _is_left_alone(run, candidate):
        return EXCLUDE
    if _moved_since_shown(candidate):
        return Decision(Action.SKIP, problem=Problem(ErrorKind.CONFLICT, "moved_meanwhile"))
    pair = Pair(candidate.left, candidate.right, candidate.memory)
    if candidate.error is None:
        return decide(run.rules, pair, _instruction(run, candidate, pair))
    if _is_approval(candidate) and _missing(candidate) is not None:
        return _approved(run, pair)
    decision = decide(run.rules, pair, _instruction(run, candidate, pair), skipped=_left_out(run, candidate))
    return _unless_told(candidate, decision)


def _unless_told(candidate: Candidate, decision: Decision) -> Decision:
    """What an undo left open is no news as long as nothing else happens to the record: its error says it already."""
    error = candidate.error
    if decision.action is not Action.SKIP or decision.problem is None or error is None:
        return decision
    told = is_still_undone(error.code, decision.problem, candidate.memory)
    return replace(decision, problem=None) if told else decision


def _is_approval(candidate: Candidate) -> bool:
    """Whether somebody has approved the deletion of this record, which a guard had held."""
    error = candidate.error
    return error is not None and error.state == State.HELD and error.request == Request.DELETE


def _approved(run: Run, pair: Pair) -> Decision:
    """An approved deletion is checked again by the mapping's own rules: what was changed since it was held is deleted
    only where they say so, too, and its error says why it was not (DESIGN R9, R12)."""
    decision = decide(run.rules, pair)
    if decision.problem is not None and decision.problem.kind is ErrorKind.DELETED:
        return decide(run.rules, pair, Instruction(deletion=DeletionPolicy.DELETE))
    return decision


def _instruction(run: Run, candidate: Candidate, pair: Pair) -> Instruction:
    """A person's word for this record, else the one for the whole run, which is about two records that differ."""
    if _is_held_still(candidate):
        return NO_INSTRUCTION
    given = candidate.instruction
    none = given is NO_INSTRUCTION or given == NO_INSTRUCTION
    if none and pair.left is not None and pair.right is not None:
        return run.instruction
    return candidate.instruction


def _is_left_alone(run: Run, candidate: Candidate) -> bool:
    """A record that a person uncoupled, or one without a partner in a run that only looks for partners."""
    if candidate.coupling is not None or candidate.memory is not None:
        return False
    return candidate.marked or (run.only_match and candidate.single_side is not None)


def _left_out(run: Run, candidate: Candidate) -> bool:
    """Whether an open error keeps the record out: until a person acts, or until its next attempt. A run that a person
    started is an attempt, too."""
    error = candidate.error
    if error is None:
        return False
    if error.state == State.RETRYING:
        return not (error.due or candidate.requested or run.job.trigger == Trigger.MANUAL)
    return error.state in _LEFT_OUT and (not candidate.requested or _is_held_still(candidate))


def _is_held_still(candidate: Candidate) -> bool:
    """A Retry is no approval of a deletion that is held."""
    error = candidate.error
    return error is not None and error.state == State.HELD and error.request == Request.RETRY


def _moved_since_shown(candidate: Candidate) -> bool:
    """Whether the records are no longer those a person chose between, field by field."""
    error = candidate.error
    if error is None or error.request != Request.CHOOSE:
        return False
    return bool(error.choices.get("token") != token_of(candidate.left, candidate.right))


def _hold(run: Run, candidate: Candidate) -> None:
    decision, missing = candidate.decision, _missing(candidate)
    if missing is None or decision is None or candidate.coupling is None or _is_asked_for(candidate):
        return
    if candidate.planned is not None and decision.action is Action.DELETE and not _was_seen(candidate, decision):
        params = {"side": missing.other.value, "plan": run.job.parameters["plan"]}
        candidate.problem = Problem(ErrorKind.HELD, "deletion_not_planned", params)
    elif candidate.wanted:
        return
    elif run.report_deletions and decision.action in (Action.DELETE, Action.CREATE, Action.UNCOUPLE):
        candidate.problem = Problem(ErrorKind.DELETED, "record_deleted", {"deleted_side": missing.value})
    elif missing in run.holds and _is_held(run.holds[missing], decision):
        candidate.problem = run.holds[missing]
    elif decision.action is Action.DELETE and run.is_member:
        candidate.decision = EXCLUDE  # a deletion that was not listed as one: the job's own worker finds it next time
    elif decision.action is Action.DELETE:
        _count_deletion(run, candidate, missing.other)


def _is_asked_for(candidate: Candidate) -> bool:
    """Whether a person has asked for this very record, on its error."""
    return candidate.error is not None and bool(candidate.error.request)


def _was_seen(candidate: Candidate, decision: Decision) -> bool:
    """Whether the plan that is applied told the deletion."""
    planned = candidate.planned
    return planned is not None and decision.side is not None and planned.deletes == decision.side.value


def _count_deletion(run: Run, candidate: Candidate, side: Side) -> None:
    """Runs that meet deletions one by one, without having looked at all of them first, stop at the guard's number."""
    run.deletions[side] += 1
    limit = run.rules.delete_guard.count
    if run.deletions[side] > limit:
        params = {"planned": run.deletions[side], "limit": limit, "side": side.value}
        candidate.problem = Problem(ErrorKind.HELD, "mass_deletion", params)


def _missing(candidate: Candidate) -> Side | None:
    if (candidate.left is None) == (candidate.right is None):
        return None
    return Side.LEFT if candidate.left is None else Side.RIGHT


def _is_held(reason: Problem, decision: Decision) -> bool:
    """An empty source holds back whatever would follow from it, the other reasons only deletions."""
    if decision.action is Action.DELETE:
        return True
    return reason.code == "source_empty" and decision.action in (Action.CREATE, Action.UNCOUPLE, Action.ERROR)
