"""A preview that is kept: what a run would do to each record, stored page by page as a plan (DESIGN R12).

Nothing else is written anywhere. A preview that was interrupted begins anew, because only the run itself knows which
records it has given their outcome already.
"""

from collections.abc import Sequence

import orjson
from django.db import transaction

from couplings.store import clock
from jobs.models import OUTCOMES, Kind, PlannedChange, SyncJob
from jobs.runner import changes, lease, plans
from jobs.runner.candidates import Changes
from jobs.runner.context import Run
from jobs.runner.outcomes import Verdict
from jobs.runner.remembering import Judged
from jobs.runner.reports import details
from syncstatus.engine.decisions import Action
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side

# Nothing would be done to the others, and there may be as many of them as the tables have records.
_LISTED = frozenset(Outcome) - {Outcome.UNCHANGED, Outcome.EXCLUDED, Outcome.SKIPPED}


def begin(job: SyncJob, holder: str) -> None:
    """Forget what an attempt before has planned."""
    plans.drop(job.pk)
    nothing = dict.fromkeys(("read", *OUTCOMES), 0)
    lease.ours(job.pk, holder).update(progress={}, **nothing)
    for name, value in nothing.items():
        setattr(job, name, value)
    job.progress = {}


def store(run: Run, judged: Judged) -> None:
    """Add a page to the plan. Raises ``LeaseLost``."""
    now = str(clock.now())
    with transaction.atomic():
        plans.append([_row(run, found, now) for found in judged.verdicts if found.outcome in _LISTED])
        lease.keep(run.job.pk, run.holder, judged.counters, {}, judged.pace)


def told(run: Run, judged: Judged) -> list[PlannedChange]:
    """What a page of a preview would do, unsaved: also the records that it would leave out, and why."""
    now = clock.now()
    listed = [found for found in judged.verdicts if found.outcome is not Outcome.UNCHANGED]
    rows = (dict(zip(plans.COLUMNS, _row(run, found, str(now)), strict=True)) for found in listed)
    changes = [PlannedChange(**row | {"at": now}) for row in rows]
    for change, found in zip(changes, listed, strict=True):
        if not change.code:
            change.code, change.params = _left_out(run, found)
    return changes


def _left_out(run: Run, found: Verdict) -> tuple[str, str]:
    """The message (code, parameters as JSON) that says why nothing would be done to a record."""
    if found.outcome is Outcome.SKIPPED:
        return "why_next_skip", "{}"
    if found.outcome is not Outcome.EXCLUDED:
        return "", "{}"
    side = found.candidate.single_side
    records = [record for one in Side if (record := found.candidate.record(one)) is not None]
    if side is None or not all(record.included for record in records):
        return "why_next_excludes", "{}"
    if not run.rules.direction.writes(side.other):
        return "why_next_direction", orjson.dumps({"side": run.mapping.side_name(side.other)}).decode()
    return "why_next_only_coupled", "{}"


def previewed_kind(job: SyncJob) -> str:
    """The kind of job that ``job`` is about: its own, or that of the run a preview looks ahead to."""
    return str(job.parameters["of"]) if job.kind == Kind.PREVIEW else job.kind


def _row(run: Run, found: Verdict, now: str) -> Sequence[object]:
    candidate, problem, decision = found.candidate, found.problem, found.decision
    params = orjson.dumps(details(run, problem), default=str).decode() if problem is not None else "{}"
    deletes = decision.side if decision.action is Action.DELETE and problem is None else None
    return (
        run.job.pk,
        run.mapping.pk,
        candidate.coupling.id if candidate.coupling is not None else None,
        candidate.left_key,
        candidate.right_key,
        found.outcome.value,
        problem.code if problem is not None else "",
        params,
        changes.of_record(run, _planned(run, found)) if problem is None else "{}",
        now,
        deletes.value if deletes is not None else "",
    )


def _planned(run: Run, found: Verdict) -> dict[str, Changes]:
    """What would be written, in the form of what was."""
    candidate, decision = found.candidate, found.decision
    planned: dict[str, Changes] = {}
    for side in Side:
        record = candidate.record(side)
        before = record.values if record is not None else None
        if decision.action is Action.DELETE and decision.side is side:
            planned[side.value] = [(before, None)]
        elif written := decision.writes(side):
            names = run.endpoint_fields[side]
            values = {names[position]: value for position, value in written.items()}
            values |= decision.defaults
            planned[side.value] = [(before, values)]
    return planned
