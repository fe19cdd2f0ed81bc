"""A job from its claim to its end."""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from couplings.configuration.scope import scope
from couplings.models import TableMapping
from couplings.rules import load_rules
from couplings.store import couplings
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import lease, sources, troubles
from jobs.runner.context import PAGE, LeaseLost, Run, Stopped
from jobs.runner.pages import work_off
from jobs.runner.sources import Page, Survey
from jobs.runner.systems import open_endpoint
from syncstatus.connectors.errors import ConnectorError, CursorExpired
from syncstatus.connectors.ports import Feed
from syncstatus.engine.guards import check_deletions
from syncstatus.engine.records import Side
from syncstatus.engine.rules import NO_INSTRUCTION, Instruction

logger = logging.getLogger(__name__)

# Looking at every coupling for vanished records costs about 5 seconds a million; up to this number a job does not
# feel it.
SWEPT_EACH_RUN = 50_000

# A job that stopped its worker so many times is not taken up again.
ATTEMPTS = 5

STORE_LOST = (OperationalError, InterfaceError)

OnPage = Callable[[Run], None]
Stop = Callable[[], bool]


def run(job_id: int, *, on_page: OnPage | None = None, stop: Stop | None = None) -> SyncJob | None:
    """Claim the job and run it to its end; None when it is not ours to run (finished, taken, or its mapping busy).

    ``on_page`` is called after each committed page; when ``stop`` returns true the run ends there and the job waits
    to be taken up again. Errors of systems and records are remembered, not raised.
    """
    holder = lease.new_holder()
    if not lease.claim(job_id, holder):
        return None
    return _run_claimed(job_id, holder, on_page, stop)


def run_orphan(job_id: int) -> SyncJob | None:
    """Take over a job whose worker is dead, and run it to its end; None when its worker lives."""
    holder = lease.new_holder()
    if not lease.take_over(job_id, holder):
        return None
    return _run_claimed(job_id, holder, None, None)


def preview(job: SyncJob, *, on_page: OnPage | None = None) -> SyncJob:
    """What ``job``, which is not saved, would do; nothing is written anywhere. Raises the connectors' errors."""
    state = open_run(job, "", preview=True, on_page=on_page)
    _work(state)
    for name, number in state.tally.as_dict().items():
        setattr(job, name, number)
    job.state = JobState.FINISHED
    return job


def _run_claimed(job_id: int, holder: str, on_page: OnPage | None, stop: Stop | None) -> SyncJob:
    job = SyncJob.objects.select_related("mapping").get(pk=job_id)
    if job.attempts > ATTEMPTS:
        _give_up(job, holder)
    else:
        names = bound_contextvars(job=job_id, mapping=job.mapping.name)
        with names, lease.renewed(job_id, holder), rare_garbage_collection():
            _run(job, holder, on_page, stop)
    return SyncJob.objects.get(pk=job_id)


def _give_up(job: SyncJob, holder: str) -> None:
    """A job that stops its worker every time pauses its mapping, until a person has looked (SCENARIOS T6)."""
    params = {"attempts": ATTEMPTS}
    TableMapping.objects.filter(pk=job.mapping_id).update(paused=True)
    troubles.gave_up(job.mapping, code="attempts_exhausted", params=params)
    _finish(job, holder, JobState.FAILED, code="attempts_exhausted", params=params)


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """A page allocates some hundred thousand objects that die with it and form no cycles; looking through them again
    and again for cycles took a quarter of a run's time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(job: SyncJob, holder: str, on_page: OnPage | None, stop: Stop | None) -> None:
    logger.info("job started", extra={"kind": job.kind})
    try:
        state = open_run(job, holder, on_page=on_page, stop=stop)
        _work(state)
        troubles.recovered(job.mapping)
        _finish(job, holder, JobState.FINISHED)
    except Stopped:
        # A person's wish, no attempt; nobody but a person goes on with it.
        _put_back(job, holder, attempts=0, parameters=job.parameters | {"resume": "foreground"})
    except LeaseLost:
        logger.warning("job lost its lease")
    except STORE_LOST:
        logger.warning("the store was lost", extra={"job": job.pk}, exc_info=True)
        connection.close()
        _put_back(job, holder)
    except ConnectorError as error:
        troubles.report(job.mapping, error)
        _finish(job, holder, JobState.FAILED, code=error.code, params={**error.params, "detail": error.detail})
    except Exception:
        logger.exception("job failed")
        _finish(job, holder, JobState.FAILED, code="internal_error")
        raise


def open_run(job: SyncJob, holder: str, **options: Any) -> Run:
    mapping = job.mapping
    endpoints = {side: open_endpoint(mapping, side) for side in Side}
    rules = load_rules(mapping, endpoints[Side.LEFT].info.fields, endpoints[Side.RIGHT].info.fields)
    state = Run(job, mapping, rules, endpoints, holder, **options)
    state.instruction = _instruction(job)
    state.tally.outcomes.update({outcome: getattr(job, outcome.value) for outcome in state.tally.outcomes})
    state.tally.read = job.read
    state.written = {Side.LEFT: job.left_written, Side.RIGHT: job.right_written}
    return state


def _instruction(job: SyncJob) -> Instruction:
    use = job.parameters.get("use")
    return Instruction(use=Side(use)) if use else NO_INSTRUCTION


def _finish(job: SyncJob, holder: str, state: JobState, code: str = "", params: dict[str, Any] | None = None) -> None:
    _release(job, holder, state=state, finished=Now(), code=code, params=params or {})


def _put_back(job: SyncJob, holder: str, **fields: Any) -> None:
    """The job waits again, to go on after the page before. One of the same kind that waits already stands for both."""
    try:
        with transaction.atomic():
            _release(job, holder, state=JobState.QUEUED, code="interrupted", params={}, **fields)
    except IntegrityError:  # one_queued_job_per_mapping_and_kind
        _finish(job, holder, JobState.CANCELLED, code="interrupted")


def _release(job: SyncJob, holder: str, **fields: Any) -> None:
    lease.ours(job.pk, holder).update(lease_until=None, holder="", **fields)
    logger.info("job ended", extra={"job": job.pk, "state": fields["state"].value, "code": fields["code"]})


# What a job of each kind looks at


def _work(run: Run) -> None:
    kinds: dict[str, Callable[[Run], None]] = {
        Kind.MODIFIED: _modified,
        Kind.FULL: _full,
        Kind.RECORDS: _records,
        Kind.RETRY: _retry,
        Kind.FIND_DELETED: _find_deleted,
        Kind.MATCH: _match,
    }
    _all(run, sources.unanswered(run))
    kinds[run.job.kind](run)


def _all(run: Run, pages: Iterator[Page]) -> None:
    for page in pages:
        work_off(run, page)


def _retry(run: Run) -> None:
    _all(run, sources.retries(run))


def _records(run: Run) -> None:
    side = Side(run.job.parameters.get("side", "left"))
    keys = list(dict.fromkeys(run.job.parameters["keys"]))
    for start in range(0, len(keys), PAGE):
        work_off(run, sources.of_keys(run, side, keys[start : start + PAGE]))


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
            _all(run, sources.feed(run, side, cursor))
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
        work_off(run, Page([], progress=run.job.progress, unchanged=survey.unchanged, excluded=survey.excluded))
    _all(run, sources.of_ids(run, survey.changed))
    _missing(run, survey)
    for side in Side:
        _all(run, sources.uncoupled(run, side))
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
            missing,
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
    _all(run, sources.of_ids(run, survey.missing))


def _find_deleted(run: Run) -> None:
    run.report_deletions = True
    _missing(run, _survey(run))


def _match(run: Run) -> None:
    run.only_match = True
    side = Side.LEFT if run.rules.direction.writes(Side.RIGHT) else Side.RIGHT
    _all(run, sources.uncoupled(run, side))
