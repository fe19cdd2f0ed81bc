"""How far a job is, as its readers see it: the step it is in, the rate of its last pages, and what is left of the step.

Only a step can be foretold, and only one whose size is known before: nobody knows how much a change feed will list.
There is no estimate then, rather than a guess.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from couplings.shown import number, rate, span
from jobs.models import JobState, SyncJob


class Phase(StrEnum):
    """The steps of jobs, in the order in which they are taken; which of them depends on the job's kind."""

    UNANSWERED = "unanswered"
    SURVEY = "survey"
    RETRIES = "retries"
    CHANGED = "changed"
    MISSING = "missing"
    LEFT_FEED = "left_feed"
    RIGHT_FEED = "right_feed"
    LEFT_UNCOUPLED = "left_uncoupled"
    RIGHT_UNCOUPLED = "right_uncoupled"
    PAIRING = "pairing"
    MATCHED = "matched"
    NAMED = "named"
    UNDO = "undo"
    PLANNED = "planned"


_CAPTIONS = {
    Phase.UNANSWERED: gettext_lazy("looking for records whose creation was never confirmed"),
    Phase.SURVEY: gettext_lazy("looking through the coupled records"),
    Phase.RETRIES: gettext_lazy("retrying records with errors"),
    Phase.CHANGED: gettext_lazy("comparing coupled records"),
    Phase.MISSING: gettext_lazy("looking at deleted records"),
    Phase.LEFT_FEED: gettext_lazy("reading what changed in %(left)s"),
    Phase.RIGHT_FEED: gettext_lazy("reading what changed in %(right)s"),
    Phase.LEFT_UNCOUPLED: gettext_lazy("reading records of %(left)s that are not coupled"),
    Phase.RIGHT_UNCOUPLED: gettext_lazy("reading records of %(right)s that are not coupled"),
    Phase.PAIRING: gettext_lazy("reading both tables to match their records"),
    Phase.MATCHED: gettext_lazy("coupling the records that match"),
    Phase.NAMED: gettext_lazy("working off the chosen records"),
    Phase.UNDO: gettext_lazy("undoing what was done"),
    Phase.PLANNED: gettext_lazy("working off the plan"),
}


@dataclass(frozen=True)
class Progress:
    """``done`` records of ``expected`` in the step ``phase``; ``rate`` in records a second, ``remaining`` in seconds to
    the end of the step. None: nobody knows."""

    phase: str
    done: int
    expected: int | None
    rate: float | None
    remaining: float | None


def of(job: SyncJob) -> Progress | None:
    """How far ``job`` is, which must have its mapping and connections at hand; None unless it has begun and not ended.
    A job on hold has a place but no rate."""
    if job.state not in (JobState.RUNNING, JobState.PAUSED) or not job.phase:
        return None
    rate = job.rate if job.state == JobState.RUNNING and job.rate > 0 else None
    expected = job.phase_expected
    remaining = max(expected - job.phase_done, 0) / rate if expected is not None and rate is not None else None
    return Progress(caption(job.phase, job.mapping), job.phase_done, expected, rate, remaining)


def in_short(progress: Progress) -> str:
    """“2,500/10,000 · 1,250 records/s · about 6 s left in this step”, for lists."""
    done = number(progress.done)
    parts = [done if progress.expected is None else f"{done}/{number(progress.expected)}"]
    if progress.rate is not None:
        parts.append(rate(progress.rate))
    if progress.remaining is not None:
        parts.append(_("about %(time)s left in this step") % {"time": span(progress.remaining)})
    return " · ".join(parts)


def caption(phase: str, mapping: Any) -> str:
    """The step in the reader's language, with the systems' names; a step of another version by its own name."""
    known = {step.value: text for step, text in _CAPTIONS.items()}
    if phase not in known:
        return phase
    return str(known[phase]) % {"left": mapping.side_name("left"), "right": mapping.side_name("right")}
