"""Remember a page in one transaction: couplings, bases, errors, log entries, counters and cursors (DESIGN R5).

Nothing of a page is remembered when the job's lease was lost meanwhile; the next holder reads the records afresh and
finds what was written in step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from couplings.models import TableMapping
from couplings.models.error import Resolution
from couplings.store import clock, couplings, errors, log
from couplings.store.couplings import Agreement
from couplings.store.errors import ErrorRow
from jobs.models import CreateIntent
from jobs.runner import changes, handing_over, lease, overruling, parents, parts
from jobs.runner.context import Run
from jobs.runner.outcomes import Verdict, partly_done, verdict
from jobs.runner.reports import details, report
from jobs.runner.sources import Page
from syncstatus.engine.base import dump_base, is_whole
from syncstatus.engine.plan import Outcome, Tally
from syncstatus.engine.records import Side
from syncstatus.engine.settle import moved_meanwhile, settle


@dataclass(frozen=True)
class Judged:
    """A page whose writes are done: what became of each candidate, what it adds to the job's counters, how far the job
    is with it, and the locks it releases."""

    page: Page
    verdicts: Sequence[Verdict]
    counters: dict[str, int]
    pace: dict[str, Any]
    locks: Sequence[int] = ()


def judge(run: Run, page: Page) -> Judged:
    """Give each candidate its outcome and count it (DESIGN R4)."""
    verdicts = [verdict(run, candidate) for candidate in page.candidates]
    tally = Tally(len(verdicts) + page.unchanged + page.excluded)
    for found in verdicts:
        tally.count(found.outcome)
    tally.count(Outcome.UNCHANGED, page.unchanged)
    tally.count(Outcome.EXCLUDED, page.excluded)
    run.tally.add(tally)
    written = {f"{side.value}_written": number for side, number in run.written.items()}
    run.written = dict.fromkeys(Side, 0)
    return Judged(page, verdicts, tally.as_dict() | written, run.pace.fields(), run.locks.hand_over())


def remember(run: Run, judged: Judged) -> None:
    """Commit the page. Raises ``LeaseLost``."""
    page, verdicts = judged.page, judged.verdicts
    with transaction.atomic():
        agreements = [found for found in verdicts if found.agreed]
        _couple(run, agreements)
        agreed = _agree(run, agreements, verdicts)
        _part(run, verdicts)
        now = clock.now()
        _report(run, verdicts, now)
        parents.tell_children(run, verdicts)
        log.append([_entry(run, found, str(now)) for found in verdicts if found.logged])
        overruling.withdraw(verdicts)
        _answer_intents(verdicts)
        _move_cursors(run, page)
        parts.done(page.parts, run.holder)
        if run.is_member:
            lease.add(run.job.pk, judged.counters)
        else:
            lease.keep(run.job.pk, run.holder, judged.counters, page.progress, judged.pace)
        run.locks.release(judged.locks)
    run.own[Side.LEFT].add({row.left_key: row.left_version for row in agreed if row.left})
    run.own[Side.RIGHT].add({row.right_key: row.right_version for row in agreed if row.right})


def _couple(run: Run, agreements: Sequence[Verdict]) -> None:
    """Insert new couplings. One that somebody else coupled in the meantime stays as it is; it shows up again."""
    fresh = [found for found in agreements if found.candidate.coupling is None]
    if not fresh:
        return
    ids = couplings.insert(run.mapping.pk, [_agreement(run, v) for v in fresh])
    for found in fresh:
        found.coupling_id = ids.get((found.left_key or "", found.right_key or ""))
    handing_over.part([found.candidate for found in fresh if found.coupling_id is not None])


def _agree(run: Run, agreements: Sequence[Verdict], verdicts: Sequence[Verdict]) -> list[Agreement]:
    known = [_agreement(run, found) for found in agreements if found.candidate.coupling is not None]
    known += [_partial_agreement(run, v) for v in verdicts if v.partly_agreed]
    if known:
        couplings.update(known)
    return known


def _part(run: Run, verdicts: Sequence[Verdict]) -> None:
    """Remove couplings; records that live on uncoupled are marked, so that nothing couples them again by itself."""
    parted = [v for v in verdicts if v.parted and v.candidate.coupling is not None]
    if not parted:
        return
    survivors = [
        (side, key)
        for v in parted
        for side in Side
        if v.outcome is Outcome.UNCOUPLED and v.candidate.record(side) is not None and (key := v.candidate.key(side))
    ]
    if survivors:
        couplings.mark_uncoupled(run.mapping.pk, survivors, run.job.requested_by_id)
    couplings.remove([v.candidate.coupling.id for v in parted if v.candidate.coupling is not None])


def _report(run: Run, verdicts: Sequence[Verdict], now: datetime) -> None:
    failed = [report(run, v, told, now) for v in verdicts if (told := v.told) is not None]
    errors.refresh([row for row in failed if row.id is not None])
    errors.open_new(run.mapping.pk, [row for row in failed if row.id is None])
    known = [(v, v.candidate.error) for v in verdicts if v.candidate.error is not None and v.told is None]
    errors.keep([error for v, error in known if error.request and not v.closes])
    errors.resolve([_resolution(v, error) for v, error in known if v.closes])


def _resolution(found: Verdict, error: ErrorRow) -> tuple[int, Resolution, int | None]:
    by = error.requested_by if error.request else None
    return error.id, _RESOLUTIONS.get(found.outcome, Resolution.SYNCHRONIZED), by


_RESOLUTIONS = {
    Outcome.UNCHANGED: Resolution.IN_STEP,
    Outcome.INSERTED: Resolution.RESTORED,
    Outcome.DELETED: Resolution.DELETED,
    Outcome.UNCOUPLED: Resolution.UNCOUPLED,
    Outcome.EXCLUDED: Resolution.EXCLUDED,
}


def _agreement(run: Run, found: Verdict) -> Agreement:
    """What the coupling remembers: the versions after our writes, and as bases what was read back (DESIGN R7)."""
    left, right = found.candidate.left_result, found.candidate.right_result
    read_back = left.values if left is not None else None, right.values if right is not None else None
    stored = dump_base(run.rules, *settle(run.rules, found.decision, *read_back))
    settled = read_back == (None, None) and is_whole(stored[0])
    again = not settled and moved_meanwhile(run.rules, found.decision, *read_back)
    versions = ("", "") if again else found.versions
    return _remembered(found, versions, stored)


def _partial_agreement(run: Run, found: Verdict) -> Agreement:
    """One side was written before the other refused: those fields agree now, all others keep their base. The versions
    are unknown, so that the next run reads both records."""
    side, known = partly_done(found.candidate), found.candidate.memory
    agreed = found.decision.left_base
    if side is None or known is None or agreed is None:
        raise ValueError("nothing was written")
    sent = found.decision.writes(side)
    left, right = (
        tuple(agreed[position] if position in sent else value for position, value in enumerate(base))
        for base in (known.left_base, known.right_base)
    )
    return _remembered(found, ("", ""), dump_base(run.rules, left, right))


def _remembered(found: Verdict, versions: tuple[str, str], stored: tuple[bytes, bytes | None]) -> Agreement:
    candidate, (base, base_right) = found.candidate, stored
    return Agreement(
        candidate.coupling.id if candidate.coupling is not None else 0,
        found.left_key or "",
        found.right_key or "",
        *versions,
        base.decode(),
        base_right.decode() if base_right is not None else None,
        found.outcome.value if "left" in candidate.changes else "",
        found.outcome.value if "right" in candidate.changes else "",
    )


def _entry(run: Run, found: Verdict, now: str) -> tuple[object, ...]:
    candidate, problem = found.candidate, found.problem
    params = orjson.dumps(details(run, problem), default=str).decode() if problem is not None else "{}"
    return (
        run.job.pk,
        run.mapping.pk,
        candidate.coupling.id if candidate.coupling is not None else found.coupling_id,
        found.left_key,
        found.right_key,
        found.outcome.value,
        problem.code if problem is not None else "",
        params,
        changes.of_record(run, candidate.changes),
        now,
    )


def _answer_intents(verdicts: Sequence[Verdict]) -> None:
    """An intent goes when its create's outcome is known: remembered, or refused."""
    answered = [v.candidate.intent.pk for v in verdicts if v.candidate.intent is not None and v.answered]
    if answered:
        CreateIntent.objects.filter(pk__in=answered).delete()


def _move_cursors(run: Run, page: Page) -> None:
    if page.cursors:
        fields = {f"{side.value}_cursor": cursor for side, cursor in page.cursors.items()}
        TableMapping.objects.filter(pk=run.mapping.pk).update(**fields)
