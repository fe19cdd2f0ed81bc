"""An error's row: what is wrong, with which record, and what happens next (DESIGN R10)."""

import random
from datetime import datetime
from typing import Any

import orjson

from couplings.models.error import State
from couplings.store.errors import Report
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.keys import is_storable
from jobs.runner.outcomes import Verdict
from syncstatus.engine.backoff import RECORD
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.lookups import PARENT_MISSING
from syncstatus.engine.records import Record, Side
from syncstatus.engine.rules import Rules
from syncstatus.engine.values import Kind, Unreadable

MAX_ATTEMPTS = 5
_SHOWN = 200  # characters of a value that the error's row keeps

_RETRIED = (ErrorKind.TRANSIENT, ErrorKind.UNKNOWN_OUTCOME)


def report(run: Run, found: Verdict, problem: Problem, now: datetime) -> Report:
    candidate, error = found.candidate, found.candidate.error
    attempts = _attempts(candidate)
    state = State.IGNORED if _is_ignored(candidate) else _state(problem, attempts)
    later = now + RECORD.delay(attempts, random.random()) if state is State.RETRYING else None
    return Report(
        id=error.id if error is not None else None,
        coupling=candidate.coupling.id if candidate.coupling is not None else found.coupling_id,
        left_key=found.left_key,
        right_key=found.right_key,
        left_exists=_exists(candidate, Side.LEFT),
        right_exists=_exists(candidate, Side.RIGHT),
        description=description(run.rules, candidate.left, candidate.right),
        kind=problem.kind.value,
        code=problem.code,
        params=_json(details(run, problem)),
        fields=_json([run.rules.fields[position].left for position in problem.fields]),
        details=_json(_values(run, candidate, problem)),
        state=state.value,
        attempts=attempts,
        next_attempt=later.isoformat() if later is not None else None,
        job=run.job.pk,
        seen_request=error.request if error is not None else "",
        **_awaited(run, problem),
    )


def _awaited(run: Run, problem: Problem) -> dict[str, Any]:
    """The parent that the record waits for, as those know it who wake it (``parents``)."""
    if problem.code != PARENT_MISSING or not is_storable(problem.params["parent"]):
        return {}
    mappings = next((run.lookups.get(position, ()) for position in problem.fields), ())
    names = {"waits_side": problem.params["parent_side"], "waits_key": problem.params["parent"]}
    return names | {"waits_mapping": mappings[0]} if mappings else {}


def details(run: Run, problem: Problem) -> dict[str, Any]:
    """The message's parameters in JSON values, with the names of the systems and of the fields concerned."""
    params = run.side_params(problem.params)
    if problem.fields:
        fields = [run.rules.fields[position] for position in problem.fields]
        params["fields"] = [field.left for field in fields]
        params["right_fields"] = [field.right for field in fields]
        if problem.code == PARENT_MISSING and fields[0].lookup is not None:
            params["parents"] = list(fields[0].lookup.mappings)
    return params


def description(rules: Rules, *records: Record | None) -> str:
    """What people call the record: its first filled text field, as the first of ``records`` has it that can tell."""
    for record in records:
        if record is not None and (name := _name(rules, record)):
            return name[:_SHOWN]
    return ""


def _name(rules: Rules, record: Record) -> str:
    for rule, value in zip(rules.fields, record.values, strict=False):
        if rule.left_type.kind is Kind.TEXT and isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _attempts(candidate: Candidate) -> int:
    """A record that is only looked at again, because it is skipped, uses no attempt."""
    error = candidate.error
    if error is None:
        return 1
    tried = candidate.requested or error.state == State.RETRYING
    return error.attempts + 1 if tried else error.attempts


def _is_ignored(candidate: Candidate) -> bool:
    """What a person ignores until a date is updated and stays ignored, unless somebody asks for it before."""
    error = candidate.error
    return error is not None and error.state == State.IGNORED and not candidate.requested


def _state(problem: Problem, attempts: int) -> State:
    if problem.kind is ErrorKind.DEPENDENCY:
        return State.WAITING
    if problem.kind is ErrorKind.HELD:
        return State.HELD
    again = problem.kind in _RETRIED and problem.code != "unknown_outcome"
    return State.RETRYING if again and attempts < MAX_ATTEMPTS else State.SKIPPED


def _exists(candidate: Candidate, side: Side) -> bool | None:
    """None when the record has no key there, so that it never existed."""
    if candidate.key(side) is None:
        return None
    return candidate.record(side) is not None


def _values(run: Run, candidate: Candidate, problem: Problem) -> dict[str, Any]:
    """Both sides' values of the fields concerned, for a reader when the systems cannot be asked."""
    return {
        run.rules.fields[position].name: {
            side.value: shown(record.values[position]) if (record := candidate.record(side)) is not None else None
            for side in Side
        }
        for position in problem.fields
    }


def shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Unreadable):
        return value.text[:_SHOWN]
    return (value.hex() if isinstance(value, bytes) else str(value))[:_SHOWN]


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # text that is not Unicode
        return orjson.dumps(_cleaned(value), default=str).decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(part) for part in value]
    return value
