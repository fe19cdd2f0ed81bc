"""Carry out decisions: creates announced first, then conditional writes, in bulk, one side after the other."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jobs.runner import creating, overruling
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from syncstatus.connectors.ports import Create, Delete, Outcome, Update, WriteResult
from syncstatus.engine.decisions import Action, Decision, ErrorKind
from syncstatus.engine.records import Side

Operation = Create | Update | Delete
OK = Outcome.OK

_WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.COUPLE, Action.DELETE})


def write(run: Run, candidates: Sequence[Candidate]) -> None:
    """Write what was decided; each candidate keeps its results. A refusal on the first side spares the second."""
    acting = [(c, c.decision) for c in candidates if c.problem is None and c.decision and c.decision.action in _WRITES]
    creates = [candidate for candidate, decision in acting if decision.action is Action.CREATE]
    if creates:
        creating.announce(run, creates)
    overruling.announce(run, acting)
    for side in Side:
        endpoint = run.endpoints[side]
        ready = [(c, decision) for c, decision in acting if c.left_result is None or c.left_result.outcome is OK]
        _carry_out(run, side, endpoint.delete, [_delete(c, side) for c in _whose(ready, side, Action.DELETE)])
        _carry_out(run, side, endpoint.create, [_create(run, c, side) for c in _whose(ready, side, Action.CREATE)])
        _carry_out(run, side, endpoint.update, _updates(run, ready, side))


def _whose(ready: Iterable[tuple[Candidate, Decision]], side: Side, action: Action) -> list[Candidate]:
    return [candidate for candidate, decision in ready if decision.action is action and decision.side is side]


def _carry_out(
    run: Run, side: Side, call: Callable[[Sequence[Any]], list[WriteResult]], batch: list[tuple[Candidate, Any]]
) -> None:
    for part in _calls(batch):
        results = call([operation for _, operation in part])
        for (candidate, operation), result in zip(part, results, strict=True):
            candidate.set_result(side, result)
            if result.outcome is OK:
                run.written[side] += 1
                _note(run, candidate, side, operation, result)


def _calls(batch: list[tuple[Candidate, Any]]) -> list[list[tuple[Candidate, Any]]]:
    """All in one call, but alone what once got no answer: a record that breaks the connection must not take its
    neighbours along again (DESIGN R4)."""
    alone = [[item] for item in batch if _got_no_answer(item[0])]
    together = [item for item in batch if not _got_no_answer(item[0])] if alone else batch
    return [together, *alone] if together else alone


def _got_no_answer(candidate: Candidate) -> bool:
    return candidate.error is not None and candidate.error.kind == ErrorKind.UNKNOWN_OUTCOME


def _note(run: Run, candidate: Candidate, side: Side, operation: Operation, result: WriteResult) -> None:
    """Remember what changed, for the synchronization log: what the system stored, where that is not what was sent."""
    record = candidate.record(side)
    before = record.values if record is not None else None
    sent = None if isinstance(operation, Delete) else operation.values
    if sent is not None and result.values is not None:
        places = run.positions[side]  # a default may have been sent for a field that is not mapped
        sent = {name: result.values[places[name]] if name in places else value for name, value in sent.items()}
    candidate.changes.setdefault(side.value, []).append((before, sent))


def _delete(candidate: Candidate, side: Side) -> tuple[Candidate, Delete]:
    record = candidate.record(side)
    if record is None:
        raise ValueError("there is nothing to delete")
    return candidate, Delete(record.key, record.version)


def _create(run: Run, candidate: Candidate, side: Side) -> tuple[Candidate, Create]:
    decision, intent = candidate.decision, candidate.intent
    if decision is None or intent is None:
        raise ValueError("a create is announced first")
    names = run.endpoint_fields[side]
    values = {names[position]: value for position, value in decision.writes(side).items()}
    values |= decision.defaults
    return candidate, Create(str(intent.idempotency_key), values, intent.target_key)


def _updates(run: Run, ready: Iterable[tuple[Candidate, Decision]], side: Side) -> list[tuple[Candidate, Update]]:
    names, batch = run.endpoint_fields[side], []
    for candidate, decision in ready:
        values = decision.writes(side)
        if not values or decision.action is Action.CREATE:
            continue
        record = candidate.record(side)
        if record is not None:
            fields = dict(zip(map(names.__getitem__, values), values.values(), strict=True))
            batch.append((candidate, Update(record.key, record.version, fields)))
    return batch
