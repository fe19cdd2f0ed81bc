"""Undo what a job did, a page of its log entries after the other: look up, read, decide, write, remember.

What undoes an entry is the engine's answer (``syncstatus.engine.undo``); the writes are the ordinary ones: conditional,
and announced where a record is created. A page is remembered in one transaction with the job's progress, so that an
undo that was interrupted goes on with the next page. What was written before the interruption holds its old value by
then and is remembered without being written again.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from couplings.store import log
from couplings.store.log import Logged
from jobs.models import CreateIntent
from jobs.progress import Phase
from jobs.runner import creating, loading, references, writing
from jobs.runner.candidates import Candidate
from jobs.runner.context import PAGE, Run
from jobs.runner.locks import NEW, mark
from jobs.runner.undo_items import Item, looked_up
from jobs.runner.undone import remember
from jobs.runner.wishes import heed
from syncstatus.engine import undo as engine
from syncstatus.engine.decisions import Action, Decision
from syncstatus.engine.records import Pair, Side

ROUNDS = 3  # as for other jobs: a record that moves under our hands is read and decided again
PAUSE = 0.2  # seconds between looks at records that another job has
OUTCOMES = tuple(engine.REVERSED)


def undo(run: Run) -> None:
    """Undo the entry or the job that the run's job names. Raises ``LeaseLost``, ``Stopped``, ``Asked`` and the
    connectors' errors."""
    run.pace.enter(Phase.UNDO, _expected(run))
    for entries, progress in _pages(run):
        run.pace.advance(len(entries))
        if not run.preview:
            _await_turn(run, entries)
        references.turn(run)
        items = looked_up(run, entries)
        _carry_out(run, items)
        remember(run, items, progress)
        if run.on_page is not None:
            run.on_page(run)
        heed(run)


def _expected(run: Run) -> int | None:
    """How many entries there are; unknown for a job that goes on after an interruption."""
    what, id = run.job.parameters["undoes"]
    if run.job.progress:
        return None
    return 1 if what == "entry" else sum(group.number for group in log.census(job=id))


def _pages(run: Run) -> Iterator[tuple[list[Logged], dict[str, Any]]]:
    """Entries with what the job's progress is once they are done."""
    what, id = run.job.parameters["undoes"]
    progress = run.job.progress
    if what == "entry":
        if not progress:
            yield log.by_id(id), {"undone": id}
        return
    begun = progress.get("outcome", OUTCOMES[0])
    for outcome in OUTCOMES[OUTCOMES.index(begun) :]:
        before = progress.get("before") if outcome == begun else None
        while entries := _of_different_records(log.of_job(id, outcome, before, PAGE)):
            before = entries[-1].id
            yield entries, {"outcome": outcome.value, "before": before}


def _of_different_records(entries: list[Logged]) -> list[Logged]:
    """The entries before one record comes up again, which its job wrote twice: what it did last is undone first."""
    seen: set[int | None] = set()
    for number, entry in enumerate(entries):
        if entry.coupling is not None and entry.coupling in seen:
            return entries[:number]
        seen.add(entry.coupling)
    return entries


def _await_turn(run: Run, entries: Sequence[Logged]) -> None:
    """Lock the page's records, once no other job works on them. Nothing is held meanwhile. Raises ``LeaseLost``."""
    keys = [(side, getattr(entry, f"{side.value}_key")) for entry in entries for side in Side]
    records = {mark(side, key) for side, key in keys if key is not None}
    while not run.locks.take(records, NEW.values()).locked:
        heed(run)
        time.sleep(PAUSE)


def _carry_out(run: Run, items: Sequence[Item]) -> None:
    pending = list(items)
    for _ in range(ROUNDS):
        if not pending:
            break
        pending = _round(run, pending)


def _round(run: Run, items: Sequence[Item]) -> list[Item]:
    """Those whose record was changed by somebody else between our reading and our write (DESIGN R6)."""
    candidates = [item.candidate for item in items]
    for candidate in candidates:
        candidate.forget_results()
    loading.read(run, candidates)
    creating.settle_unanswered(run, [item.candidate for item in items if item.candidate.intent is not None])
    for item in items:
        item.candidate.decision = _decide(run, item)
    if run.preview:
        return []
    writing.write(run, candidates)
    return [item for item in items if item.candidate.overtaken]


def _decide(run: Run, item: Item) -> Decision:
    if item.refused is not None:
        return item.refused
    candidate = item.candidate
    memory = candidate.memory if candidate.coupling is not None else None
    pair = Pair(candidate.left, candidate.right, memory)
    decision = engine.undo(run.rules, item.done, pair, touched=item.touched, adopted=item.adopted)
    if decision.action is Action.CREATE and decision.side is not None and candidate.intent is None:
        candidate.intent = _with_its_key(run, candidate, decision.side)
    return decision


def _with_its_key(run: Run, candidate: Candidate, side: Side) -> CreateIntent | None:
    """Whoever points at a deleted record points at its key, so it gets it back where the system lets us choose."""
    endpoint = run.endpoints[side]
    mapped = all(name in run.rules.compiled.mapped[side] for name in endpoint.key)
    if mapped or not endpoint.capabilities.chooses_keys:
        return None
    return CreateIntent(side=side.value, target_key=candidate.key(side))
