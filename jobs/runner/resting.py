"""A page that a system cut short, because it went away or asked for patience; and what follows when it answers again.

What was written of the page is remembered, so that the log tells it; the rest is left to the next run, without an error
and without an attempt. So the cursor stays before the page (DESIGN R5, R10).
"""

from collections.abc import Callable, Sequence

from jobs import queue
from jobs.runner import creating, troubles
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.sources import Page
from syncstatus.connectors.errors import ConnectionFailed, Throttled
from syncstatus.connectors.ports import WriteResult
from syncstatus.engine.decisions import Action
from syncstatus.engine.records import Side

THROTTLED = "throttled"
"""The code of an operation that a system left undone because it was asked too much (see ``ports.Endpoint``)."""


def answered_in_part(run: Run, page: Page) -> Throttled | None:
    """The system's wish for patience, where it has done only a part of what it was sent."""
    for side in Side:
        for candidate in page.candidates:
            result = candidate.result(side)
            if result is not None and result.code == THROTTLED:
                connection = run.mapping.connection(side)
                error = Throttled(
                    result.detail, retry_after=result.params.get("retry_after"), connection=connection.name
                )
                error.connection = connection.pk
                return error
    return None


def cut(page: Page, error: ConnectionFailed) -> Page:
    """The part of ``page`` that is written. A system that throttles has done nothing with the rest, so that creates
    which were announced need not be searched for."""
    written = [candidate for candidate in page.candidates if _is_written(candidate)]
    if isinstance(error, Throttled):
        done = set(written)
        creating.withdraw([candidate for candidate in page.candidates if candidate not in done])
    return Page(written)


def _is_written(candidate: Candidate) -> bool:
    decision = candidate.decision
    if decision is None or candidate.problem is not None or candidate.overtaken:
        return False
    sides: Sequence[Side] = [side for side in Side if decision.writes(side)]
    if decision.action in (Action.CREATE, Action.DELETE) and decision.side is not None:
        sides = [decision.side]
    return bool(sides) and all(_is_answered(candidate.result(side)) for side in sides)


def _is_answered(result: WriteResult | None) -> bool:
    return result is not None and result.code != THROTTLED


def probe_passed(run: Run) -> None:
    """The first page of the job that tries a system went through: the others may go on."""
    run.is_probe = False
    both = (run.mapping.left_connection_id, run.mapping.right_connection_id)
    ring_waiting(troubles.connections_answer(both), run.ring)


def ring_waiting(connections: Sequence[int], ring: Callable[[int], None] | None) -> None:
    """Call workers for what has waited for ``connections``; in the foreground beat does it."""
    if ring is not None and connections:
        for job in queue.waiting_for(connections):
            ring(job)
