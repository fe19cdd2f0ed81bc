"""What a job of each kind looks at, and in which order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from couplings.configuration.scope import scope
from couplings.models import TableMapping
from couplings.store import clock, couplings, errors, matches, requests
from jobs.models import Kind
from jobs.progress import Phase
from jobs.runner import applying, matched, parents, place, plans, schema, sources
from jobs.runner.context import PAGE, Run
from jobs.runner.guarding import judge
from jobs.runner.pages import work_off
from jobs.runner.pairing import paired
from jobs.runner.planning import previewed_kind
from jobs.runner.sharing import share
from jobs.runner.sources import Survey
from jobs.runner.systems import behind_fresh_work
from jobs.runner.undoing import undo
from jobs.runner.wishes import checkpoint
from syncstatus.connectors.errors import CursorExpired
from syncstatus.connectors.ports import Feed
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side

# Looking at every coupling for vanished records costs about 5 seconds a million; up to this number a job does not
# feel it.
SWEPT_EACH_RUN = 10_000
# So many retries are likely to have been asked for by one click, which has just filled their table.
MANY_RETRIES = 10_000


def work(run: Run) -> None:
    """Do what the run's job is for. Raises ``LeaseLost``, ``Stopped`` and the connectors' errors."""
    kinds: dict[str, Callable[[Run], None]] = {
        Kind.MODIFIED: _modified,
        Kind.FULL: _full,
        Kind.RECORDS: _records,
        Kind.RETRY: _retry,
        Kind.FIND_DELETED: _find_deleted,
        Kind.MATCH: _match,
        Kind.UNDO: undo,
        Kind.APPLY: _apply,
    }
    schema.check(run)
    if run.job.kind != Kind.UNDO:  # it settles its own creates, and nobody else's
        run.pace.enter(Phase.UNANSWERED)
        work_off(run, sources.unanswered(run))
    kinds[previewed_kind(run.job)](run)
    _follow(run)


def _follow(run: Run) -> None:
    """What concerns parents and children of the records that the job has looked at."""
    if run.job.kind in (Kind.MODIFIED, Kind.FULL, Kind.RETRY) and not run.preview:
        for ids, pages in parents.of_moved_parents(run):
            work_off(run, pages)
            parents.forget_moved(ids)
    if run.job.kind not in (Kind.UNDO, Kind.FIND_DELETED):
        parents.follow(run, partial(_retry, run))
    parents.ring_children(run)


def _retry(run: Run) -> None:
    """The retry set comes after fresh changes, and sends its requests behind theirs (DESIGN R10)."""
    due = errors.count_due(run.mapping.pk)
    run.pace.enter(Phase.RETRIES, due)
    if due >= MANY_RETRIES:
        requests.refresh_statistics()
    with behind_fresh_work(run.endpoints):
        work_off(run, sources.retries(run))


def _records(run: Run) -> None:
    side = Side(run.job.parameters.get("side", "left"))
    keys = list(dict.fromkeys(run.job.parameters["keys"]))
    run.pace.enter(Phase.NAMED, len(keys))
    pages = (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))
    work_off(run, (sources.of_keys(run, side, page) for page in pages))


def _apply(run: Run) -> None:
    # What was told to be coupled is not created when its partner has gone meanwhile.
    run.only_match = run.job.parameters.get("of") == Kind.MATCH
    run.pace.enter(Phase.PLANNED, plans.count(run.job.parameters["plan"], run.job.progress))
    work_off(run, applying.pages(run))


def _modified(run: Run) -> None:
    """What both feeds list, then the retry set; everything when the feeds cannot tell."""
    cursors: dict[Side, Any] = {Side.LEFT: run.mapping.left_cursor, Side.RIGHT: run.mapping.right_cursor}
    same_scope = run.mapping.cursor_scope == scope(run.mapping)
    feeds = all(run.endpoints[side].capabilities.feed is not Feed.NONE for side in Side)
    if not (same_scope and feeds and all(cursors.values())):
        _full(run)
        return
    if _sweep_is_due(run):
        _missing(run, _survey(run))
    run.pace.enter(Phase.CHANGED)
    work_off(run, sources.never_in_step(run))
    try:
        for side, cursor in cursors.items():
            run.pace.enter(Phase(f"{side.value}_feed"))
            share(run, sources.feed(run, side, cursor))
    except CursorExpired:
        _full(run)
        return
    _retry(run)


def _full(run: Run) -> None:
    """Compare every coupling, then look for records that have none; a job that was interrupted goes on at its place.

    The cursors for the next run are taken before anything is read, so that what changes meanwhile is listed again.
    """
    now = scope(run.mapping)
    changed_scope = bool(run.mapping.cursor_scope) and run.mapping.cursor_scope != now
    run.deep = run.deep or changed_scope
    cursors = place.begin(run, now)
    if not (run.preview or run.mapping.cursor_scope):
        _first_scope(run, now)
    survey = _survey(run, full=True, changed_scope=changed_scope)
    work_off(run, place.settled(run, survey))
    run.pace.enter(Phase.CHANGED, len(survey.changed))
    share(run, place.comparing(run, sources.of_ids(survey.changed)))
    _missing(run, survey)
    for side in Side:
        _uncoupled(run, side)
    _retry(run)
    if not run.preview:
        _start_feeds(run, cursors, now)


def _first_scope(run: Run, scope_now: str) -> None:
    """Before anything is coupled: should the rules change before the first comparison has ended, the next one looks
    into what is coupled by then. There are no cursors yet, so it compares everything."""
    TableMapping.objects.filter(pk=run.mapping.pk, cursor_scope="").update(cursor_scope=scope_now)


def _start_feeds(run: Run, cursors: dict[Side, Any], scope_now: str) -> None:
    fields: dict[str, Any] = {f"{side.value}_cursor": cursors.get(side) for side in Side}
    TableMapping.objects.filter(pk=run.mapping.pk).update(cursor_scope=scope_now, **fields)


def _sweep_is_due(run: Run) -> bool:
    if all(run.endpoints[side].capabilities.reports_deletes for side in Side):
        return False
    last, now = run.mapping.last_sweep, clock.now()
    if last is None or not now - timedelta(seconds=settings.SWEEP_INTERVAL) <= last <= now:
        return True
    return not couplings.more_than(run.mapping.pk, SWEPT_EACH_RUN)


def _survey(run: Run, *, full: bool = False, changed_scope: bool = False) -> Survey:
    """Look at every coupling's stamps, and hold deletions that break a guard, before the first write (DESIGN R9)."""
    run.pace.enter(Phase.SURVEY, couplings.count(run.mapping.pk))
    survey = sources.survey(run)
    for side in Side:
        missing, left_out = survey.missing_on[side], survey.left_out_on[side]
        counted = {"coupled": survey.coupled, "missing": missing, "left_out": left_out}
        judge(run, side, **counted, scope_changed=changed_scope, full=full)
    if not run.preview:
        TableMapping.objects.filter(pk=run.mapping.pk).update(last_sweep=Now())
    return survey


def _missing(run: Run, survey: Survey) -> None:
    run.pace.enter(Phase.MISSING, len(survey.missing))
    work_off(run, (sources.look_up(run, some) for some in sources.of_ids(survey.missing)))


def _uncoupled(run: Run, side: Side) -> None:
    if not place.is_past(run, side):
        after = place.after(run, side)
        run.pace.enter(Phase(f"{side.value}_uncoupled"), _to_be_listed(run, side) if after is None else None)
        share(run, sources.uncoupled(run, side, after))


def _to_be_listed(run: Run, side: Side) -> int | None:
    """What was created meanwhile is listed, too: nearly all of it on the side that is looked through last."""
    counted = run.counted.get(side)
    if counted is None or not run.rules.direction.writes(side.other):
        return None
    return counted + run.tally.outcomes[Outcome.INSERTED]


def _find_deleted(run: Run) -> None:
    run.report_deletions = True
    _missing(run, _survey(run))


def _match(run: Run) -> None:
    """Couple what the values say. With ``create_new`` what has no match is created, even where only coupled records are
    synchronized otherwise: somebody asked for it."""
    if run.job.parameters.get("create_new"):
        run.rules = replace(run.rules, only_coupled=False)
    else:
        run.only_match = True

    def on_page(side: Side, number: int) -> None:
        run.pace.advance(number)
        checkpoint(run)

    run.pace.enter(Phase.PAIRING)
    with paired(run.mapping, on_page) as found:
        run.pace.enter(Phase.MATCHED, matches.counts()["sources"])
        work_off(run, matched.pages(run, found))
