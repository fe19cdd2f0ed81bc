"""One job on several workers: its own worker lists the records, and whoever is free works off a page of them.

The worker that holds the job lists records in key order, or as their feed does, and puts each page down as a part
(``JobPart``). It calls others and takes parts itself, so the job needs nobody else. A worker is a holder of its own: it
locks the records of its page like any job (``turns``), and its part is deleted in the transaction that remembers them.
A part whose worker died is taken by another when its lease has run out; one that stopped every worker that took it
ends the job (SCENARIOS T6). Cursors move when all parts before them are done (DESIGN R5). When the job ends before,
parts that nobody has begun are withdrawn, and listed again by whoever goes on with it.

What is not shared: the look at all couplings for the guards, and deletions, so that nobody passes a limit together
with another (DESIGN R9).
"""

import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from django.conf import settings

from jobs.models import JobPart
from jobs.runner import parts
from jobs.runner.ahead import ahead
from jobs.runner.context import STORE_LOST, Exhausted, Run
from jobs.runner.holders import TERM, LeaseLost
from jobs.runner.keys import is_storable
from jobs.runner.pages import work_off
from jobs.runner.sources import Listed, Listing, Page, look_up
from jobs.runner.wishes import heed
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.records import Side

ALONE = 2
"""Pages that are worked off before others are called: most runs have no more."""

AT_MOST = 16
"""Parts that wait at a time, however many there will be."""

PATIENCE = 1.0
"""Seconds a called worker waits for the next part."""

AT_A_TIME = 30.0
"""Seconds after which a called worker lets other jobs of its queue have their turn."""

_PAUSE = 0.02


def share(run: Run, listed: Iterable[Listed]) -> None:
    """Work off what is ``listed``, with the help of others when it is much. Raises what ``work_off`` raises."""
    try:
        work_off(run, ahead(_pages(run, iter(listed))))
    except (LeaseLost, *STORE_LOST):
        raise
    except Exception:
        _end(run)
        raise


def _pages(run: Run, listed: Iterator[Listed]) -> Iterator[Page]:
    for some in islice(listed, ALONE if _may_be_shared(run) else None):
        yield look_up(run, some)
    if (first := next(listed, None)) is not None:
        _end(run)  # nothing of a worker before us is left
        yield from _shared(run, first, listed)


def _may_be_shared(run: Run) -> bool:
    return run.call is not None and not run.preview and settings.WORKERS_PER_JOB > 1


def _shared(run: Run, first: Listed, listed: Iterator[Listed]) -> Iterator[Page]:
    end, called = Page([]), False
    for some in chain([first], listed):
        end.cursors, end.progress = end.cursors | some.cursors, some.progress or end.progress
        if not _can_be_put_down(some):
            some.cursors, some.progress = {}, {}
            yield look_up(run, some)
            continue
        run.pace.advance(len(some))
        parts.put(_part(run, some))
        called = called or _call(run)
        if parts.waiting(run.job.pk) >= AT_MOST:
            yield from _one(run)
    yield from _rest(run)
    yield end


def _call(run: Run) -> bool:
    for _ in range(settings.WORKERS_PER_JOB - 1):
        if run.call is not None:
            run.call(run.job.pk)
    return True


def _rest(run: Run) -> Iterator[Page]:
    """What is left to take; then until the others are done with theirs."""
    while True:
        page = _taken(run)
        if page is not None:
            yield page
        elif not parts.others(run.job.pk, run.holder):
            return
        elif parts.exhausted(run.job.pk):
            raise Exhausted
        else:
            heed(run)
            time.sleep(_PAUSE)


def _one(run: Run) -> Iterator[Page]:
    page = _taken(run)
    if page is not None:
        yield page


def _can_be_put_down(some: Listed) -> bool:
    """Deletions are not shared, and a key that the store cannot hold is nothing for it to keep."""
    return not some.deleted and all(map(is_storable, some.keys))


def _part(run: Run, some: Listed) -> JobPart:
    return JobPart(
        job=run.job,
        listing=some.listing.value,
        side=some.side.value if some.side is not None else "",
        keys=list(some.keys),
        versions=list(some.versions),
        ids=list(some.ids),
        terms=_terms(run),
    )


def _taken(run: Run) -> Page | None:
    part = parts.take(run.job.pk, run.holder)
    if part is None:
        return None
    side = Side(part.side) if part.side else None
    if run.is_member:
        _accept(run, part.terms)
    page = look_up(run, Listed(Listing(part.listing), side, part.keys, part.versions, part.ids))
    page.parts, page.listed = [part.pk], None
    return page


def _end(run: Run) -> None:
    """Withdraw what nobody has begun, and wait for what others have: they remember what they wrote."""
    deadline = time.monotonic() + TERM.total_seconds()
    parts.give_back(run.holder)
    parts.withdraw(run.job.pk)
    while parts.others(run.job.pk, run.holder) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
        parts.withdraw(run.job.pk)


# The workers that are called


def taken(run: Run) -> Iterator[Page]:
    """Parts of the job for a worker that was called to it, until there are none or others wait for the worker."""
    began = last = time.monotonic()
    while (now := time.monotonic()) - began < AT_A_TIME and now - last < PATIENCE:
        page = _taken(run)
        if page is not None:
            yield page
            last = time.monotonic()
        else:
            time.sleep(_PAUSE)


def _terms(run: Run) -> dict[str, Any]:
    """What the run has found out and others cannot see from the job."""
    holds = {side.value: [hold.kind.value, hold.code, dict(hold.params)] for side, hold in run.holds.items()}
    undecided = {side.value: sorted(keys) for side, keys in run.undecided.items()}
    return {"deep": run.deep, "only_match": run.only_match, "holds": holds, "undecided": undecided}


def _accept(run: Run, terms: dict[str, Any]) -> None:
    run.deep, run.only_match = terms["deep"], terms["only_match"]
    holds = terms["holds"].items()
    run.holds = {Side(side): Problem(ErrorKind(kind), code, params) for side, (kind, code, params) in holds}
    run.undecided = {Side(side): set(keys) for side, keys in terms["undecided"].items()}
