"""Deletions that nobody approved are held before the first of them (DESIGN R9): those who are missing are counted
first, by a look at every coupling or, where a feed reports deletions, by listing the rest of it once more."""

from collections.abc import Iterator, Sequence

from couplings.models import TableMapping
from couplings.models.error import State
from couplings.store import couplings, errors
from jobs.runner.context import PAGE, Run
from syncstatus.connectors.ports import ChangePage
from syncstatus.engine.guards import Listed, check_deletions
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side


def judge(
    run: Run,
    side: Side,
    *,
    coupled: int,
    missing: int,
    left_out: int = 0,
    scope_changed: bool = False,
    full: bool = False,
) -> None:
    """Hold the deletions that follow from ``missing`` of ``coupled`` records on ``side``, if a guard says so.

    ``left_out`` counts those of the missing whose error waits for a person: no run deletes them. What the side lists is
    counted when any are to be deleted, and in a ``full`` run, for later ones to compare with.
    """
    listed = _listed(run, side) if full or missing > left_out else None
    problem = check_deletions(
        run.rules.delete_guard,
        coupled,
        missing - left_out,
        source_empty=missing == coupled and coupled > 2,
        scope_changed=scope_changed,
        listed=listed,
        side=side.other,
    )
    if problem is not None:
        run.holds[side] = problem


def _listed(run: Run, side: Side) -> Listed | None:
    """How many records the side lists, and how many when they were counted last; None where nobody can tell."""
    name = f"{side.value}_listed"
    before, now = getattr(run.mapping, name), run.endpoints[side].count()
    if now is not None:
        run.counted[side] = now - run.tally.outcomes[Outcome.INSERTED]
    if now is not None and not run.preview:
        TableMapping.objects.filter(pk=run.mapping.pk).update(**{name: now})
    return Listed(now, before) if now is not None and before is not None else None


def judge_reported(run: Run, side: Side, page: ChangePage) -> None:
    """``judge`` what a feed reports as deleted, on ``page``, the first that has any, and on all that follow it."""
    missing = left_out = 0
    for keys in _reported(run, side, page):
        ids = [row.id for row in couplings.by_key(run.mapping.pk, side, keys, with_base=False).values()]
        missing += len(ids)
        left_out += sum(
            error.state in (State.SKIPPED, State.IGNORED) for error in errors.of_couplings(run.mapping.pk, ids)
        )
    judge(run, side, coupled=couplings.count(run.mapping.pk), missing=missing, left_out=left_out)


def _reported(run: Run, side: Side, page: ChangePage) -> Iterator[Sequence[str]]:
    yield page.deleted
    while page.more:
        page = run.endpoints[side].changes(page.cursor, PAGE)
        yield page.deleted
