"""A job from its claim to its end."""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from couplings.models import TableMapping
from jobs import circuits
from jobs.models import JobState, Kind, PlannedChange, SyncJob, Wish
from jobs.runner import kinds, lease, parts, planning, schema, sharing, troubles
from jobs.runner.ahead import ahead
from jobs.runner.context import STORE_LOST, Asked, Exhausted, Run, Stopped
from jobs.runner.holders import LeaseLost
from jobs.runner.interpreter import interpreter_for_runs
from jobs.runner.pages import work_off
from jobs.runner.resting import ring_waiting
from jobs.runner.systems import open_both
from syncstatus.connectors.errors import ConnectionFailed, ConnectorError, SchemaMismatch
from syncstatus.engine.records import Side
from syncstatus.engine.rules import NO_INSTRUCTION, Instruction

logger = logging.getLogger(__name__)

# A job that stopped its worker so many times without having changed a record is not taken up again. A long one that
# gets on may lose more workers than that, by bad luck or by updates of the program, but not any number of them: where
# fresh changes keep coming, it would get on for ever and never past the record that kills.
ATTEMPTS = 8
ATTEMPTS_AT_MOST = 25

NO_ATTEMPTS: dict[str, Any] = {"attempts": 0, "advanced_in": 0}

OnPage = Callable[[Run], None]
Tell = Callable[[Sequence[PlannedChange]], object]
Stop = Callable[[], bool]
Ring = Callable[[int], None]


def run(
    job_id: int,
    *,
    on_page: OnPage | None = None,
    stop: Stop | None = None,
    ring: Ring | None = None,
    call: Ring | None = None,
) -> SyncJob | None:
    """Claim the job and run it to its end; None when it is not ours to run (finished, taken, its mapping busy, or one
    of its systems left alone), or was deleted with its mapping while it ran.

    ``on_page`` is called after each committed page; when ``stop`` returns true the run ends there and the job waits
    to be taken up again. Errors of systems and records are remembered, not raised. ``ring`` is given by workers: it
    calls one for a job that waits. A job of theirs whose system fails waits for it in the queue; in the foreground,
    where a person wants to know, it fails. ``call`` calls another worker to a large job (``sharing``); without it the
    job is not shared.
    """
    holder = lease.new_holder()
    if not lease.claim(job_id, holder, early=ring is None):
        return None
    return _run_claimed(job_id, holder, on_page=on_page, stop=stop, ring=ring, call=call)


def run_parts(job_id: int) -> bool:
    """Work off parts of a large job that another worker runs, as long as there are any, at most for a while; whether
    there are more. What goes wrong is reported by the other worker, who meets it too."""
    job = SyncJob.objects.select_related("mapping").filter(pk=job_id, state=JobState.RUNNING, asked=Wish.NONE).first()
    if job is None or not parts.waiting(job_id):
        return False
    holder = lease.new_holder()
    names = bound_contextvars(job=job_id, mapping=job.mapping.name)
    with names, lease.renewed(job_id, holder), interpreter_for_runs():
        _run_parts(job, holder)
    return parts.waiting(job_id) > 0


def _run_parts(job: SyncJob, holder: str) -> None:
    try:
        state = open_run(job, holder, is_member=True)
        with state.locks.entered():
            work_off(state, ahead(sharing.taken(state)))
    except LeaseLost:
        logger.info("the job ended before its part")
    except (ConnectorError, *STORE_LOST):
        logger.warning("a part of the job failed; its own worker tries it", exc_info=True)
        connection.close()
        parts.give_back(holder)


def run_orphan(job_id: int) -> SyncJob | None:
    """Take over a job whose worker is dead, and run it to its end; None when its worker lives."""
    holder = lease.new_holder()
    if not lease.take_over(job_id, holder):
        return None
    return _run_claimed(job_id, holder)


def preview(job: SyncJob, *, on_page: OnPage | None = None, tell: Tell | None = None) -> SyncJob:
    """What ``job``, which is not saved, would do; nothing is written anywhere. ``tell`` gets each page's changes,
    unsaved. Raises the connectors' errors."""
    state = open_run(job, "", preview=True, on_page=on_page, tell=tell)
    kinds.work(state)
    for name, number in state.tally.as_dict().items():
        setattr(job, name, number)
    job.state = JobState.FINISHED
    return job


def _run_claimed(job_id: int, holder: str, **options: Any) -> SyncJob | None:
    job = SyncJob.objects.select_related("mapping").filter(pk=job_id).first()
    if job is None:
        return None
    with bound_contextvars(job=job_id, mapping=job.mapping.name):
        if job.asked or job.mapping.paused:
            _obey(job, holder, job.asked or Wish.WAIT)
        elif _is_hopeless(job):
            _give_up(job, holder)
        else:
            with lease.renewed(job_id, holder), interpreter_for_runs():
                _run_unless_deleted(job, holder, **options)
        return _as_it_is_now(job)


def _as_it_is_now(job: SyncJob) -> SyncJob | None:
    found = SyncJob.objects.filter(pk=job.pk).first()
    if found is None:
        logger.warning("the mapping was deleted while its job ran; what it had done stays")
    return found


def _is_hopeless(job: SyncJob) -> bool:
    return job.attempts - job.advanced_in > ATTEMPTS or job.attempts > ATTEMPTS_AT_MOST


def _give_up(job: SyncJob, holder: str) -> None:
    """A job that stops its worker every time pauses its mapping, until a person has looked (SCENARIOS T6)."""
    params = {"attempts": job.attempts - 1}
    TableMapping.objects.filter(pk=job.mapping_id).update(paused=True)
    troubles.gave_up(job.mapping, code="attempts_exhausted", params=params)
    _finish(job, holder, JobState.FAILED, code="attempts_exhausted", params=params)


def _run_unless_deleted(job: SyncJob, holder: str, **options: Any) -> None:
    """A mapping that is deleted takes its job along, and the ground from under the run's feet."""
    try:
        _run(job, holder, **options)
    except Exception:
        if SyncJob.objects.filter(pk=job.pk).exists():
            logger.exception("job failed")
            _finish(job, holder, JobState.FAILED, code="internal_error")
            raise


def _run(job: SyncJob, holder: str, **options: Any) -> None:
    logger.info("job started", extra={"kind": job.kind})
    try:
        if is_plan := job.kind == Kind.PREVIEW:
            planning.begin(job, holder)
        state = open_run(job, holder, preview=is_plan, **options)
        # A plan works on no record; were it known to the others, they would keep for it what they release.
        with nullcontext() if is_plan else state.locks.entered():
            kinds.work(state)
        ring_waiting(troubles.recovered(job.mapping), options.get("ring"))
        _finish(job, holder, JobState.PLANNED if is_plan else JobState.FINISHED)
    except Stopped:
        # A person's wish, no attempt; nobody but a person goes on with it.
        _put_back(job, holder, **NO_ATTEMPTS, parameters=job.parameters | {"resume": "foreground"})
    except Asked as asked:
        _obey(job, holder, asked.wish)
    except Exhausted:
        _give_up(job, holder)
    except LeaseLost:
        logger.warning("job lost its lease")
    except STORE_LOST:
        logger.warning("the store was lost", extra={"job": job.pk}, exc_info=True)
        connection.close()
        _obey(job, holder, lease.wish(job.pk, holder))
    except ConnectionFailed as error:
        troubles.report(job.mapping, error, holder)
        _rest(job, holder, error, waits=options.get("ring") is not None)
    except ConnectorError as error:
        troubles.report(job.mapping, error, holder)
        _finish(job, holder, JobState.FAILED, code=error.code, params={**error.params, "detail": error.detail})


def _rest(job: SyncJob, holder: str, error: ConnectionFailed, *, waits: bool) -> None:
    """The system is left alone. A worker's job waits until it is asked again, and its attempts are not used up by that
    (SCENARIOS T16, T17); what else it was asked for meanwhile comes first."""
    wish = lease.wish(job.pk, holder)
    until = circuits.until(error.connection) if error.connection is not None else ""
    params = {**error.params, "detail": error.detail, "until": until}
    if wish:
        _obey(job, holder, wish)
    elif waits and error.connection is not None:
        _put_back(job, holder, code=circuits.WAITING, params=params, **NO_ATTEMPTS)
    else:
        _finish(job, holder, JobState.FAILED, code=error.code, params=params)


def open_run(job: SyncJob, holder: str, **options: Any) -> Run:
    mapping = job.mapping
    try:
        endpoints, rules = open_both(mapping, waits=True)
    except SchemaMismatch as error:
        raise schema.explained(mapping, error) from None
    state = Run(job, mapping, rules, endpoints, holder, **options)
    state.instruction = _instruction(job)
    state.tally.outcomes.update({outcome: getattr(job, outcome.value) for outcome in state.tally.outcomes})
    state.tally.read = job.read
    state.is_probe = circuits.is_probe(holder)
    state.bring = run
    return state


def _instruction(job: SyncJob) -> Instruction:
    use = job.parameters.get("use")
    return Instruction(use=Side(use)) if use else NO_INSTRUCTION


def _finish(job: SyncJob, holder: str, state: JobState, code: str = "", params: dict[str, Any] | None = None) -> None:
    _release(job, holder, state=state, finished=Now(), code=code, params=params or {})


def _obey(job: SyncJob, holder: str, wish: str) -> None:
    """End here as the job is asked to, without a wish to wait for the next worker. A wish costs no attempt; whose it
    was stands in ``params`` already."""
    no_attempt: dict[str, Any] = {"attempts": F("attempts") - 1}
    match wish:
        case Wish.PAUSE:
            _release(job, holder, state=JobState.PAUSED, code="paused", **no_attempt)
        case Wish.CANCEL:
            _release(job, holder, state=JobState.CANCELLED, code="cancelled", finished=Now())
        case Wish.WAIT:
            _put_back(job, holder, code="mapping_on_hold", **no_attempt)
        case Wish.RESTART:
            _put_back(job, holder, code="mapping_changed", **no_attempt)
        case _:
            _put_back(job, holder)


def _put_back(
    job: SyncJob, holder: str, *, code: str = "interrupted", params: dict[str, Any] | None = None, **fields: Any
) -> None:
    """The job waits again, to go on after the page before. One of the same kind that waits already stands for both."""
    try:
        with transaction.atomic():
            _release(job, holder, state=JobState.QUEUED, code=code, params=params or {}, **fields)
    except IntegrityError:  # one_queued_job_per_mapping_and_kind
        _finish(job, holder, JobState.CANCELLED, code=code)


def _release(job: SyncJob, holder: str, **fields: Any) -> None:
    lease.ours(job.pk, holder).update(lease_until=None, holder="", asked=Wish.NONE, **fields)
    logger.info("job ended", extra={"job": job.pk, "state": fields["state"].value, "code": fields["code"]})
