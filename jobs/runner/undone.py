"""Remember a page of an undo in one transaction: couplings, marks, errors, log entries, counters and progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction

from couplings.models.error import Resolution
from couplings.store import clock, couplings, errors, log
from couplings.store.couplings import Agreement
from jobs.models import CreateIntent
from jobs.runner import changes, lease, references
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.outcomes import Verdict, verdict
from jobs.runner.reports import details, report
from jobs.runner.undo_items import Item
from syncstatus.connectors.ports import Outcome as WriteOutcome
from syncstatus.connectors.ports import WriteResult
from syncstatus.engine.base import dump_base
from syncstatus.engine.decisions import Action, Problem
from syncstatus.engine.plan import Outcome, Tally
from syncstatus.engine.records import UNKNOWN, Record, Side, Values, has_unknown
from syncstatus.engine.undo import DELETION_UNDONE, REVERSED, UNDONE, positions_of, settle_undone, undone_problem

_PARTING = (Outcome.DELETED, Outcome.UNCOUPLED)


@dataclass(slots=True)
class Undone:
    """What became of one entry: ``sides`` are those on which its work is undone; ``left`` tells what is left open."""

    item: Item
    found: Verdict
    sides: tuple[Side, ...]
    agreement: Agreement | None = None
    left: Problem | None = None

    @property
    def candidate(self) -> Candidate:
        return self.item.candidate

    @property
    def parts(self) -> bool:
        """Whether the pair is uncoupled by this."""
        return self.found.problem is None and self.found.outcome in _PARTING

    @property
    def stays_coupled(self) -> bool:
        """Whether there is a coupling that has to learn of it."""
        if self.found.problem is None:
            return not self.parts
        # One side was written before the other refused.
        return bool(self.sides) and self.candidate.coupling is not None


def remember(run: Run, items: Sequence[Item], progress: dict[str, Any]) -> None:
    """Count the page and, unless it is a preview, commit it. Raises ``LeaseLost``."""
    done = [_judged(run, item) for item in items]
    tally = Tally(len(done))
    for one in done:
        tally.count(one.found.outcome)
    run.tally.add(tally)
    if run.preview:
        return
    written = {f"{side.value}_written": number for side, number in run.written.items()}
    run.written = dict.fromkeys(Side, 0)
    references.learn(run, [one.candidate for one in done])
    for one in done:
        _settle(run, one)
    with transaction.atomic():
        _couple(run, [one for one in done if one.agreement is not None])
        _part(run, [one for one in done if one.parts])
        _report(run, done)
        now = str(clock.now())
        log.append([_entry(run, one, now) for one in done])
        _answer_intents(done)
        lease.keep(run.job.pk, run.holder, tally.as_dict() | written, progress, run.pace.fields())
        run.locks.release(run.locks.hand_over())


def _judged(run: Run, item: Item) -> Undone:
    """Its outcome is the reverse of what was done; a refusal is skipped, and leaves the record as it is."""
    candidate = item.candidate
    found = verdict(run, candidate)
    if found.problem is None:
        found.outcome = REVERSED[item.done.outcome]
        return Undone(item, found, tuple(side for side in Side if item.done.changes.get(side)))
    return Undone(item, found, tuple(side for side in Side if side.value in candidate.changes))


# What the pair holds and agrees on now


def _settle(run: Run, one: Undone) -> None:
    for side in Side:
        _bring_up_to_date(run, one, side)
    if one.stays_coupled:
        one.agreement = _agreement(run, one)


def _bring_up_to_date(run: Run, one: Undone, side: Side) -> None:
    """The record as it is after our write."""
    candidate, decision = one.candidate, one.found.decision
    result, record = candidate.result(side), candidate.record(side)
    if result is None or result.outcome is not WriteOutcome.OK:
        return
    if decision.action is Action.DELETE:
        candidate.set_record(side, None)
        return
    key = result.key or candidate.key(side) or ""
    candidate.set_key(side, key)
    before = record.values if record is not None else (None,) * len(run.rules.fields)
    values = result.values or _overlaid(before, decision.writes(side))
    candidate.set_record(side, Record(key, result.version or "", values))


def _overlaid(values: Values, sent: Mapping[int, Any]) -> Values:
    return tuple(sent.get(position, value) for position, value in enumerate(values))


def _agreement(run: Run, one: Undone) -> Agreement:
    """What the coupling remembers. Where the pair does not agree on everything, or something moved that was not
    undone, the versions are unknown, so that the next run looks at both records."""
    candidate = one.candidate
    bases, versions = _bases(run, one), ("", "")
    if candidate.error is None and not has_unknown(bases[0]) and not _moved(run, candidate, bases):
        versions = (_version(candidate.left), _version(candidate.right))
    base, base_right = dump_base(run.rules, *bases)
    return Agreement(
        one.item.entry.coupling or 0,
        candidate.left_key or "",
        candidate.right_key or "",
        *versions,
        base.decode(),
        base_right.decode() if base_right is not None else None,
        *(one.found.outcome.value if side in one.sides else "" for side in Side),
    )


def _bases(run: Run, one: Undone) -> tuple[Values, Values]:
    candidate = one.candidate
    memory = candidate.memory if candidate.coupling is not None else None
    left, right = candidate.left, candidate.right
    if left is None or right is None:
        one.left = undone_problem((), _by(run), Side.LEFT if left is None else Side.RIGHT)
        return _base_of_one(run, left, right)
    undone = positions_of(run.rules, one.item.done, one.sides) | _undone_before(candidate)
    bases, apart = settle_undone(run.rules, memory, undone, left.values, right.values)
    one.left = undone_problem(apart, _by(run), None)
    return bases


def _undone_before(candidate: Candidate) -> frozenset[int]:
    """The fields on which the pair does not agree because of an earlier undo that nobody has settled."""
    memory, error = candidate.memory, candidate.error
    if memory is None or error is None or error.code != UNDONE:
        return frozenset()
    return frozenset(position for position, value in enumerate(memory.left_base) if value is UNKNOWN)


def _base_of_one(run: Run, left: Record | None, right: Record | None) -> tuple[Values, Values]:
    """A pair of which one record is deleted last agreed on what the other holds."""
    canonical = run.rules.compiled.canonical
    if left is not None:
        base = canonical[Side.LEFT](left.values)
    else:
        base = canonical[Side.RIGHT](right.values) if right is not None else (UNKNOWN,) * len(run.rules.fields)
    return base, base


def _moved(run: Run, candidate: Candidate, bases: tuple[Values, Values]) -> bool:
    pairs = zip(Side, bases, strict=True)
    return any(
        (record := candidate.record(side)) is not None and run.rules.compiled.canonical[side](record.values) != base
        for side, base in pairs
    )


def _version(record: Record | None) -> str:
    return record.version if record is not None else ""


def _by(run: Run) -> dict[str, Any]:
    user = run.job.requested_by
    return {"job": run.job.pk} | ({"by": user.get_username(), "reason": "person"} if user is not None else {})


# What is written into the store


def _couple(run: Run, done: Sequence[Undone]) -> None:
    couplings.update([one.agreement for one in done if one.agreement and one.candidate.coupling is not None])
    again = [one for one in done if one.agreement is not None and one.candidate.coupling is None]
    if not again:
        return
    restored = couplings.restore(run.mapping.pk, [one.agreement for one in again if one.agreement is not None])
    couplings.unmark(run.mapping.pk, [mark for one in again for mark in _records(one.candidate)])
    rows = couplings.by_id(restored)
    for one in again:
        one.candidate.coupling = rows.get(one.item.entry.coupling or 0)


def _part(run: Run, done: Sequence[Undone]) -> None:
    """Records that live on uncoupled are marked, so that nothing couples or creates them again by itself."""
    if not done:
        return
    survivors = [
        (side, key) for one in done for side, key in _records(one.candidate) if one.candidate.record(side) is not None
    ]
    couplings.mark_uncoupled(run.mapping.pk, survivors, run.job.requested_by_id)
    couplings.remove([one.candidate.coupling.id for one in done if one.candidate.coupling is not None])


def _records(candidate: Candidate) -> list[tuple[Side, str]]:
    return [(side, key) for side in Side if (key := candidate.key(side)) is not None]


def _report(run: Run, done: Sequence[Undone]) -> None:
    """Open the errors that keep undone records out until a person chooses; close those that the undo settles."""
    now = clock.now()
    # Where somebody was faster in coupling one of the records, there is no coupling, and nothing to keep out.
    left = [one for one in done if one.left is not None and one.candidate.coupling is not None]
    found = [(Verdict(one.candidate, one.found.decision, one.found.outcome), one.left) for one in left]
    rows = [report(run, verdict, problem, now) for verdict, problem in found if problem is not None]
    errors.refresh([row for row in rows if row.id is not None])
    errors.open_new(run.mapping.pk, [row for row in rows if row.id is None])
    settled = [(error.id, how) for one in done if (error := one.candidate.error) and (how := _settles(one, error.code))]
    errors.resolve([(id, how, run.job.requested_by_id) for id, how in settled])


def _settles(one: Undone, code: str) -> Resolution | None:
    if one.parts:
        return Resolution.UNCOUPLED
    in_step = one.found.problem is None and one.left is None
    return Resolution.SYNCHRONIZED if in_step and code in (UNDONE, DELETION_UNDONE) else None


def _entry(run: Run, one: Undone, now: str) -> tuple[object, ...]:
    problem, candidate = one.found.problem, one.candidate
    params = orjson.dumps(details(run, problem), default=str).decode() if problem is not None else "{}"
    return (
        run.job.pk,
        run.mapping.pk,
        one.item.entry.coupling,
        candidate.left_key,
        candidate.right_key,
        one.found.outcome.value,
        problem.code if problem is not None else "",
        params,
        changes.as_text(run, {side.value: _written_back(run, one, side) for side in one.sides}),
        now,
    )


def _written_back(run: Run, one: Undone, side: Side) -> dict[str, tuple[Any, Any]]:
    """The entry's fields the other way round; where the system stored something else than was sent, that."""
    stored = _stored(one.candidate.result(side))
    written = one.item.done.changes[side]
    positions = run.positions[side]
    return {
        name: (new, stored[positions[name]] if stored is not None and name in positions else old)
        for name, (old, new) in written.items()
    }


def _stored(result: WriteResult | None) -> Values | None:
    return result.values if result is not None and result.outcome is WriteOutcome.OK else None


def _answer_intents(done: Sequence[Undone]) -> None:
    """An intent goes when it is known what became of its create."""
    answered = [
        one.candidate.intent.pk
        for one in done
        if one.candidate.intent is not None and one.candidate.intent.pk is not None and one.found.answered
    ]
    if answered:
        CreateIntent.objects.filter(pk__in=answered).delete()
