"""Whose turn it is to work on a record: each page locks its records first, and puts off those that others have.

A run gives way: what another job has in work comes back with the next page or, when there is none, as soon as the
other one is through, and is looked up and read afresh. No attempt is used. Until then no cursor passes the record,
nor does the job's progress (DESIGN R5): both are kept back from the commits of the pages and written with the page
that has done it, so that a crash in between lists the record again.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence

from couplings.store import couplings, errors
from jobs.models import CreateIntent
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.locks import NEW, Taken, marks
from jobs.runner.sources import Page, of_errors, unanswered
from syncstatus.engine.records import Side

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2  # seconds between looks at records that another job has


def in_turn(run: Run, pages: Iterable[Page]) -> Iterator[Page]:
    """``pages``, each with what the ones before had to put off; at their end, until nothing is put off any more. (A
    look costs less than telling every run that waits of every page that ends.)"""
    for page in pages:
        yield from _left_by_others(run)
        yield _joined(run, page)
    pause = FIRST_PAUSE
    while run.put_off.candidates:
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
        yield from _left_by_others(run)
        yield _joined(run, Page([]))


def _left_by_others(run: Run) -> Iterator[Page]:
    """Creates without an answer that a holder left behind in the middle of this run."""
    if run.put_off.unanswered:
        run.put_off.unanswered = False
        yield from unanswered(run)


def begin(run: Run, page: Page) -> None:
    """Lock the page's records; those in other hands are put off. What others had in work since the page was listed is
    looked up again. Raises ``LeaseLost``."""
    if run.preview:
        return
    while page.candidates:
        taken = run.locks.take(*_records(page.candidates))
        if taken.locked:
            _catch_up(run, page, taken)
            break
        _put_off(run, page, _met(page.candidates, taken.held))
    if page.candidates and page.in_passing:
        run.locks.announce(Side)  # what is searched for was created, perhaps
    _keep_back(run, page)


def with_partners(run: Run, page: Page, candidates: list[Candidate]) -> list[Candidate]:
    """``candidates`` without those whose partner, found only now, is in other hands, or was after the page was
    locked. Raises ``LeaseLost``."""
    found = [candidate for candidate in candidates if candidate.found is not None and not candidate.changes]
    if run.preview or not found:
        return candidates
    refused = set(_not_added(run, found))
    if refused:
        _put_off(run, page, [candidate for candidate in candidates if candidate in refused])
        _keep_back(run, page)
    return [candidate for candidate in candidates if candidate not in refused]


def _joined(run: Run, page: Page) -> Page:
    """What was put off, looked up again, unless the page lists it anyway; and what was kept back for its sake."""
    waiting = run.put_off
    if waiting.candidates:
        listed = {(side, candidate.key(side)) for candidate in page.candidates for side in Side}
        fresh = _looked_up(run, waiting.candidates)
        page.candidates = [*(c for c in fresh if not _is_listed(c, listed)), *page.candidates]
        waiting.candidates = []
    page.cursors, page.progress = waiting.cursors | page.cursors, page.progress or waiting.progress
    page.parts = waiting.parts + page.parts
    waiting.cursors, waiting.progress, waiting.parts = {}, {}, []
    return page


def _is_listed(candidate: Candidate, listed: set[tuple[Side, str | None]]) -> bool:
    return any((side, key) in listed for side in Side if (key := candidate.key(side)) is not None)


def _put_off(run: Run, page: Page, candidates: Sequence[Candidate]) -> None:
    left_out = set(candidates)
    page.candidates = [candidate for candidate in page.candidates if candidate not in left_out]
    if not page.in_passing:
        run.put_off.candidates += [candidate.as_listed() for candidate in candidates]


def _keep_back(run: Run, page: Page) -> None:
    """What the page was to move on waits for the page that does the rest: the next one, or the last."""
    if run.put_off.candidates:
        run.put_off.cursors |= page.cursors
        run.put_off.progress = page.progress or run.put_off.progress
        run.put_off.parts += page.parts
        page.cursors, page.progress, page.parts = {}, {}, []


def _catch_up(run: Run, page: Page, taken: Taken) -> None:
    """Look up again what others were at since it was listed. A record that has got a partner meanwhile needs a lock on
    both; one that may have been created by somebody who did not live to remember it waits until that is settled."""
    stale = _met(page.candidates, taken.stale)
    if _left_unanswered(run, page, taken):
        run.put_off.unanswered = True
        _put_off(run, page, [candidate for candidate in stale if candidate.coupling is None])
        stale = [candidate for candidate in stale if candidate.coupling is not None]
    if not stale:
        return
    outdated = set(stale)
    fresh = _looked_up(run, stale)
    refused = set(_not_added(run, fresh))
    rest = [candidate for candidate in page.candidates if candidate not in outdated]
    page.candidates = rest + fresh
    _put_off(run, page, [candidate for candidate in fresh if candidate in refused])


def _left_unanswered(run: Run, page: Page, taken: Taken) -> bool:
    """Whether creates were announced that nobody is at any more: whoever is holds ``NEW``, and the page would not have
    been locked."""
    sides = [side.value for side in Side if NEW[side] in taken.stale]
    intents = CreateIntent.objects.filter(mapping=run.mapping, side__in=sides)
    return bool(sides) and not page.in_passing and intents.exists()


def _not_added(run: Run, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of ``candidates`` whose records cannot be added to the page's locks; all others are."""
    refused: list[Candidate] = []
    rest = list(candidates)
    while rest:
        taken = run.locks.add(*_records(rest))
        met = _met(rest, taken.held or taken.stale)
        refused += met
        if taken.locked:
            break
        left_out = set(met)
        rest = [candidate for candidate in rest if candidate not in left_out]
    return refused


def _looked_up(run: Run, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates as they are listed now. One whose coupling is gone, or whose error is closed or was worked off,
    needs nothing more: another job has just seen to it."""
    by_error = [candidate.error.id for candidate in candidates if candidate.by_error and candidate.error is not None]
    coupled = {c.coupling.id: c for c in candidates if c.coupling is not None and not c.by_error}
    single = [candidate for candidate in candidates if candidate.coupling is None and not candidate.by_error]
    fresh = of_errors(run, errors.due_among(run.mapping.pk, by_error))
    for id, row in couplings.by_id(coupled).items():
        coupled[id].coupling, coupled[id].listed = row, None
        fresh.append(coupled[id])
    for side in Side:
        keys = {key: candidate for candidate in single if (key := candidate.key(side)) is not None}
        for key, row in couplings.by_key(run.mapping.pk, side, keys, with_base=False).items():
            keys[key].couple(row)
    return fresh + single


def _records(candidates: Collection[Candidate]) -> tuple[list[int], set[int]]:
    """The records of the candidates as locks name them; and what could be one of them without bearing its name yet: a
    record without a coupling may have been created a moment ago."""
    left = [key for candidate in candidates if (key := candidate.left_key) is not None]
    right = [key for candidate in candidates if (key := candidate.right_key) is not None]
    single = [candidate for candidate in candidates if candidate.coupling is None]
    beside = {NEW[side] for side in Side if any(candidate.key(side) is not None for candidate in single)}
    return marks(Side.LEFT, left) + marks(Side.RIGHT, right), beside


def _names(candidate: Candidate) -> set[int]:
    """The records of one candidate; ``NEW`` stands for those that may have been created a moment ago."""
    records, beside = _records([candidate])
    return beside.union(records)


def _met(candidates: Iterable[Candidate], records: frozenset[int]) -> list[Candidate]:
    return [candidate for candidate in candidates if not records.isdisjoint(_names(candidate))] if records else []
