"""What a job of each kind looks at, and in which order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from couplings.configuration.scope import scope
from couplings.models import TableMapping
from couplings.store import couplings
from jobs.models import Kind
from jobs.runner import sources
from jobs.runner.context import PAGE, Run
from jobs.runner.pages import work_off
from jobs.runner.sources import Page, Survey
from syncstatus.connectors.errors import CursorExpired
from syncstatus.connectors.ports import Feed
from syncstatus.engine.guards import check_deletions
from syncstatus.engine.records import Side

# Looking at every coupling for vanished records costs about 5 seconds a million; up to this number a job does not
# feel it.
SWEPT_EACH_RUN = 10_000


def work(run: Run) -> None:
    """Do what the run's job is for. Raises ``LeaseLost``, ``Stopped`` and the connectors' errors."""
    kinds: dict[str, Callable[[Run], None]] = {
        Kind.MODIFIED: _modified,
        Kind.FULL: _full,
        Kind.RECORDS: _records,
        Kind.RETRY: _retry,
        Kind.FIND_DELETED: _find_deleted,
        Kind.MATCH: _match,
    }
    work_off(run, sources.unanswered(run))
    kinds[run.job.kind](run)


def _retry(run: Run) -> None:
    work_off(run, sources.retries(run))


def _records(run: Run) -> None:
    side = Side(run.job.parameters.get("side", "left"))
    keys = list(dict.fromkeys(run.job.parameters["keys"]))
    pages = (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))
    work_off(run, (sources.of_keys(run, side, page) for page in pages))


def _modified(run: Run) -> None:
    """The retry set, then what both feeds list; everything when the feeds cannot tell."""
    cursors: dict[Side, Any] = {Side.LEFT: run.mapping.left_cursor, Side.RIGHT: run.mapping.right_cursor}
    same_scope = run.mapping.cursor_scope == scope(run.mapping)
    feeds = all(run.endpoints[side].capabilities.feed is not Feed.NONE for side in Side)
    if not (same_scope and feeds and all(cursors.values())):
        _full(run)
        return
    if _sweep_is_due(run):
        _missing(run, _survey(run))
    _retry(run)
    try:
        for side, cursor in cursors.items():
            work_off(run, sources.feed(run, side, cursor))
    except CursorExpired:
        _full(run)


def _full(run: Run) -> None:
    """Compare every coupling, then look for records that have none.

    The cursors for the next run are taken before anything is read, so that what changes meanwhile is listed again.
    """
    now = scope(run.mapping)
    changed_scope = bool(run.mapping.cursor_scope) and run.mapping.cursor_scope != now
    run.deep = run.deep or changed_scope
    cursors = {
        side: run.endpoints[side].start_cursor()
        for side in Side
        if run.endpoints[side].capabilities.feed is not Feed.NONE
    }
    survey = _survey(run, changed_scope)
    _retry(run)
    if not run.job.progress.get("surveyed"):  # a job that was interrupted has counted them already
        run.job.progress = {"surveyed": True}
        settled = Page([], progress=run.job.progress, unchanged=survey.unchanged, excluded=survey.excluded)
        work_off(run, [settled])
    work_off(run, sources.of_ids(run, survey.changed))
    _missing(run, survey)
    for side in Side:
        work_off(run, sources.uncoupled(run, side))
    if not run.preview:
        _start_feeds(run, cursors, now)


def _start_feeds(run: Run, cursors: dict[Side, Any], scope_now: str) -> None:
    fields: dict[str, Any] = {f"{side.value}_cursor": cursors.get(side) for side in Side}
    TableMapping.objects.filter(pk=run.mapping.pk).update(cursor_scope=scope_now, **fields)


def _sweep_is_due(run: Run) -> bool:
    if all(run.endpoints[side].capabilities.reports_deletes for side in Side):
        return False
    last = run.mapping.last_sweep
    if last is None or last < timezone.now() - timedelta(seconds=settings.SWEEP_INTERVAL):
        return True
    return not couplings.more_than(run.mapping.pk, SWEPT_EACH_RUN)


def _survey(run: Run, changed_scope: bool = False) -> Survey:
    """Look at every coupling's stamps, and hold deletions that break a guard, before the first write (DESIGN R9)."""
    survey = sources.survey(run)
    for side in Side:
        missing = survey.missing_on[side]
        problem = check_deletions(
            run.rules.delete_guard,
            survey.coupled,
            missing - survey.left_out_on[side],
            source_empty=missing == survey.coupled and survey.coupled > 2,
            scope_changed=changed_scope,
            side=side.other,
        )
        if problem is not None:
            run.holds[side] = problem
    if not run.preview:
        TableMapping.objects.filter(pk=run.mapping.pk).update(last_sweep=Now())
    return survey


def _missing(run: Run, survey: Survey) -> None:
    work_off(run, sources.of_ids(run, survey.missing))


def _find_deleted(run: Run) -> None:
    run.report_deletions = True
    _missing(run, _survey(run))


def _match(run: Run) -> None:
    run.only_match = True
    side = Side.LEFT if run.rules.direction.writes(Side.RIGHT) else Side.RIGHT
    work_off(run, sources.uncoupled(run, side))
