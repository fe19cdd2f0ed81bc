"""Entries of the synchronization log on their way to being undone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from couplings.store import couplings, log
from couplings.store.log import Logged
from jobs.models import Kind, SyncJob
from jobs.runner import loading
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from syncstatus.engine.decisions import Decision
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side
from syncstatus.engine.undo import Done, refusal


@dataclass(slots=True, eq=False)
class Item:
    """One entry of the log on its way to being undone. ``refused`` is why it cannot be, whatever the records hold."""

    entry: Logged
    done: Done
    candidate: Candidate
    touched: bool = False
    refused: Decision | None = None

    @property
    def adopted(self) -> bool:
        """Whether the record to be created is there because an earlier attempt created it."""
        intent = self.candidate.intent
        return intent is not None and intent.pk is not None and self.candidate.record(Side(intent.side)) is not None


def looked_up(run: Run, entries: Sequence[Logged]) -> list[Item]:
    """The entries with all that is known before their records are read, by a fixed number of queries."""
    ids = [entry.coupling for entry in entries if entry.coupling is not None]
    rows, newest, last = couplings.by_id(ids), log.newest(ids), couplings.written_last(ids)
    items = []
    for entry in entries:
        row = rows.get(entry.coupling or 0)
        candidate = Candidate(entry.left_key, entry.right_key, row)
        items.append(Item(entry, _done(entry), candidate, touched=_touched(last.get(entry.coupling or 0))))
    loading.load(run, [item.candidate for item in items])
    _refuse(run, items, newest)
    return items


def _done(entry: Logged) -> Done:
    changes = {Side(side): fields for side, fields in json.loads(entry.changes).items()}
    return Done(Outcome(entry.outcome), changes)


def _touched(times: tuple[datetime | None, datetime | None, datetime | None] | None) -> bool:
    """Whether the pair was found in step once more after its last write."""
    if times is None or times[0] is None:
        return False
    return all(written is None or times[0] > written for written in times[1:])


def _refuse(run: Run, items: Sequence[Item], newest: dict[int, tuple[int, int]]) -> None:
    taken = {side: _coupled(run, side, items) for side in Side}
    undos = _undos({job for _, job in newest.values()})
    for item in items:
        latest, job = newest.get(item.entry.coupling or 0, (item.entry.id, item.entry.job))
        if latest != item.entry.id and job != run.job.pk:
            item.refused = refusal(_overtaken(item.entry, undos.get(job)), job=job)
        else:
            item.refused = _without_coupling(item, taken)


def _overtaken(entry: Logged, undone: Any) -> str:
    """Something was done to the record since. What this very undo has done was to later work of the same job."""
    return "undo_done_already" if undone in (["job", entry.job], ["entry", entry.id]) else "undo_not_last"


def _without_coupling(item: Item, taken: Mapping[Side, set[str]]) -> Decision | None:
    """Only what uncoupled a pair can be undone without a coupling, and only while both records have none."""
    uncoupled = item.done.outcome in (Outcome.DELETED, Outcome.UNCOUPLED)
    if item.entry.coupling is None or (item.candidate.coupling is None and not uncoupled):
        return refusal("undo_not_coupled")
    if uncoupled and any(item.candidate.key(side) in taken[side] for side in Side):
        return refusal("undo_coupled_since")
    return None


def _coupled(run: Run, side: Side, items: Sequence[Item]) -> set[str]:
    """The keys of records to be coupled again that have a coupling by now."""
    keys = [key for item in items if item.candidate.coupling is None and (key := item.candidate.key(side)) is not None]
    return set(couplings.by_key(run.mapping.pk, side, keys, with_base=False))


def _undos(jobs: set[int]) -> dict[int, Any]:
    """What those of ``jobs`` undid that are undos."""
    found = SyncJob.objects.filter(pk__in=jobs, kind=Kind.UNDO)
    return {pk: parameters.get("undoes") for pk, parameters in found.values_list("pk", "parameters")}
