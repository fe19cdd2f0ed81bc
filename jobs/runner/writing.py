"""Carry out decisions: creates announced first, then conditional writes, in bulk, one side after the other."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jobs.runner import creating
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from syncstatus.connectors.ports import Create, Delete, Outcome, Update, WriteResult
from syncstatus.engine.decisions import Action
from syncstatus.engine.records import Side

Operation = Create | Update | Delete


def write(run: Run, candidates: Sequence[Candidate]) -> None:
    """Write what was decided; each candidate keeps its results. A refusal on the first side spares the second."""
    creates = [c for c in candidates if c.decision and c.decision.action is Action.CREATE and not c.problem]
    if creates:
        creating.announce(run, creates)
    for side in Side:
        endpoint = run.endpoints[side]
        _carry_out(run, side, endpoint.delete, [(c, _delete(c, side)) for c in _ready(candidates)])
        _carry_out(run, side, endpoint.create, [(c, _create(run, c, side)) for c in _ready(candidates)])
        _carry_out(run, side, endpoint.update, [(c, _update(run, c, side)) for c in _ready(candidates)])


def _ready(candidates: Iterable[Candidate]) -> Iterable[Candidate]:
    return (c for c in candidates if c.decision is not None and c.problem is None and not _failed(c))


def _failed(candidate: Candidate) -> bool:
    results = (candidate.left_result, candidate.right_result)
    return any(result is not None and result.outcome is not Outcome.OK for result in results)


def _carry_out(
    run: Run,
    side: Side,
    call: Callable[[Sequence[Any]], list[WriteResult]],
    wanted: Iterable[tuple[Candidate, Operation | None]],
) -> None:
    batch = [(candidate, operation) for candidate, operation in wanted if operation is not None]
    if not batch:
        return
    results = call([operation for _, operation in batch])
    for (candidate, operation), result in zip(batch, results, strict=True):
        candidate.set_result(side, result)
        if result.outcome is Outcome.OK:
            _note(run, candidate, side, operation)


def _note(run: Run, candidate: Candidate, side: Side, operation: Operation) -> None:
    """Remember what changed, old and new, for the synchronization log."""
    run.written[side] += 1
    record = candidate.record(side)
    old = record.values if record is not None else None
    changes = candidate.changes.setdefault(side.value, {})
    if isinstance(operation, Delete):
        names = run.endpoint_fields[side]
        changes.update({name: [value, None] for name, value in zip(names, old or (), strict=False)})
        return
    positions = run.positions[side]
    for name, value in operation.values.items():
        changes[name] = [old[positions[name]] if old is not None else None, value]


def _delete(candidate: Candidate, side: Side) -> Delete | None:
    decision, record = candidate.decision, candidate.record(side)
    if decision is None or decision.action is not Action.DELETE or decision.side is not side or record is None:
        return None
    return Delete(record.key, record.version)


def _update(run: Run, candidate: Candidate, side: Side) -> Update | None:
    decision, record = candidate.decision, candidate.record(side)
    if decision is None or record is None or decision.action is Action.CREATE:
        return None
    values = decision.writes(side)
    if not values:
        return None
    names = run.endpoint_fields[side]
    return Update(record.key, record.version, {names[position]: value for position, value in values.items()})


def _create(run: Run, candidate: Candidate, side: Side) -> Create | None:
    decision, intent = candidate.decision, candidate.intent
    if decision is None or decision.action is not Action.CREATE or decision.side is not side or intent is None:
        return None
    names = run.endpoint_fields[side]
    values = {names[position]: value for position, value in decision.writes(side).items()}
    return Create(str(intent.idempotency_key), values, intent.target_key)
