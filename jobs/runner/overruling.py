"""What somebody wrote and the other side has never seen goes to the log before it is written over or deleted.

A worker that dies between the write and its commit, or an answer that is lost, would otherwise take the last trace of
it along: the next run finds both records in step and has nothing to tell (SCENARIOS 5: no lost update). The page that
remembers the write replaces the announcement by what was done. Few records need one: those for which a policy or a
person decided against one side.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from couplings.models import SyncLogEntry
from couplings.store import clock
from jobs.runner import changes
from jobs.runner.candidates import Candidate, Changes
from jobs.runner.context import Run
from jobs.runner.outcomes import Verdict
from syncstatus.connectors.ports import Outcome as WriteOutcome
from syncstatus.engine.decisions import Action, Decision
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side

ANNOUNCED = "write_announced"


def announce(run: Run, acting: Iterable[tuple[Candidate, Decision]]) -> None:
    """Commit a log entry for each candidate whose decision overrules one side."""
    now = clock.now()
    overruling = [(candidate, decision) for candidate, decision in acting if decision.overrules]
    entries = [_entry(run, candidate, decision, now) for candidate, decision in overruling]
    if not entries:
        return
    for (candidate, _), entry in zip(overruling, SyncLogEntry.objects.bulk_create(entries), strict=True):
        candidate.announced += (entry.pk,)


def withdraw(verdicts: Sequence[Verdict]) -> None:
    """Delete the announcements of writes whose outcome is known, together with which it is logged."""
    announced = (found.candidate for found in verdicts if found.candidate.announced)
    known = [pk for candidate in announced if _is_known(candidate) for pk in candidate.announced]
    if known:
        SyncLogEntry.objects.filter(pk__in=known).delete()


def _is_known(candidate: Candidate) -> bool:
    results = (candidate.left_result, candidate.right_result)
    return not any(result is not None and result.outcome is WriteOutcome.UNKNOWN for result in results)


def _entry(run: Run, candidate: Candidate, decision: Decision, now: datetime) -> SyncLogEntry:
    deletes = decision.action is Action.DELETE
    return SyncLogEntry(
        job=run.job.pk,
        mapping_id=run.mapping.pk,
        coupling=candidate.coupling.id if candidate.coupling is not None else None,
        left_key=candidate.left_key,
        right_key=candidate.right_key,
        outcome=(Outcome.DELETED if deletes else Outcome.MODIFIED).value,
        code=ANNOUNCED,
        changes=changes.of_record(run, _planned(run, candidate, decision)),
        at=now,
    )


def _planned(run: Run, candidate: Candidate, decision: Decision) -> dict[str, Changes]:
    """What will be written, as the log has it: the values that stand there now, and those that are sent."""
    planned: dict[str, Changes] = {}
    for side in Side:
        record, values = candidate.record(side), decision.writes(side)
        if record is None:
            continue
        names = run.endpoint_fields[side]
        if decision.action is Action.DELETE:
            planned[side.value] = [(record.values, None)]
        elif values:
            planned[side.value] = [(record.values, {names[position]: value for position, value in values.items()})]
    return planned
