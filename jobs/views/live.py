"""The parts of the pages of jobs that change while somebody looks: asked for every few seconds as long as there is
something to come, and never again when it is over. Whoever browses without scripts loads the page again instead."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh, HttpResponseStopPolling, reswap

from couplings import log
from couplings.paging import Page
from couplings.templatetags.records import outcomes
from jobs import progress
from jobs.forms import Ids
from jobs.models import OUTCOMES, JobState, SyncJob, Wish
from jobs.services import plans, undo
from jobs.tables import JobTable
from jobs.views.job_log import Counter, log_of

RELATED = ("mapping__left_connection", "mapping__right_connection", "requested_by")
MOVING = (JobState.QUEUED, JobState.RUNNING)
EVERY = {JobState.RUNNING: 2, JobState.QUEUED: 3}  # seconds
AT_ONCE = 100  # rows; a page of the list has fewer
STEPS = 10  # so many times is the progress of a step announced to those who listen

OF_THE_LOG = ("outcome", "written", "after", "before")

View = Callable[..., HttpResponse]


def fragment(view: View) -> View:
    """For what a script fetches: whoever is signed out by now is led to the sign-in page, instead of finding it in the
    middle of the page they are looking at."""

    @wraps(view)
    def wrapped(request: HttpRequest, **which: Any) -> HttpResponse:
        if getattr(request, "htmx", False) and not request.user.is_authenticated:
            return HttpResponseClientRefresh()
        return login_required(view)(request, **which)

    return wrapped


@fragment
@require_safe
def job_live(request: HttpRequest, pk: int) -> HttpResponse:
    """What has changed of a job's page since it was asked for last: ``said`` and ``offered`` tell what it shows."""
    job = SyncJob.objects.select_related(*RELATED).filter(pk=pk).first()
    if job is None:  # deleted, with its mapping perhaps
        return reswap(HttpResponseStopPolling(), "none")
    context = told(job, request)
    context["is_news"] = request.GET.get("said") != context["said"].key
    context["other_buttons"] = request.GET.get("offered") != context["offered"]
    return render(request, "jobs/job_changes.html", context | ({} if context["every"] else log_of(request, job)))


@fragment
@require_safe
def jobs_live(request: HttpRequest) -> HttpResponse:
    """The rows of the list that moved when they were shown, as they are now."""
    asked = Ids().to_python(request.GET.getlist("job"))[:AT_ONCE]
    rows = list(SyncJob.objects.select_related(*RELATED).filter(pk__in=asked).order_by("-pk"))
    table = JobTable(Page(rows, None, None), request, refreshed=True)
    cells = [row.get_cell(name) for row in table.rows for name in JobTable.LIVE]
    context = {"cells": cells, "moving": moving(rows), "here": request.GET.get("from", "")}
    return render(request, "jobs/rows_live.html", context)


def moving(jobs: Iterable[SyncJob]) -> list[int]:
    """The ids of those that are about to change by themselves."""
    return [job.pk for job in jobs if job.state in MOVING]


def told(job: SyncJob, request: HttpRequest) -> dict[str, Any]:
    """What a job's page tells beside its log. ``every`` is how often to ask again at ``poll``, in seconds, None when it
    is over."""
    actions = [*job.actions, *plans.actions(job)]
    may_be_undone = undo.may_be_undone(job)
    offered = " ".join([*actions, *(["undo"] if may_be_undone else [])])
    return {
        "job": job,
        "counters": [Counter(name, label, getattr(job, name)) for name, label in log.OUTCOMES.items()],
        "adds_up": job.read == sum(getattr(job, name) for name in OUTCOMES),
        "asked": Wish(job.asked).label,
        "progress": progress.of(job),
        "actions": actions,
        "offered": offered,
        "may_be_undone": may_be_undone,
        "said": said(job),
        "every": EVERY.get(JobState(job.state)),
        "poll": poll(job, request, said=said(job).key, offered=offered),
    }


@dataclass(frozen=True)
class Said:
    """What is announced to those who listen, and a ``key`` by which it is known whether it has been."""

    key: str
    text: str


def said(job: SyncJob) -> Said:
    """Each tenth of a step whose size is known, and each state."""
    far = progress.of(job)
    if far is not None and far.expected and job.state == JobState.RUNNING:
        tenth = min(STEPS * far.done // far.expected, STEPS)
        text = _("%(step)s: %(share)s percent") % {"step": far.phase.capitalize(), "share": 100 * tenth // STEPS}
        return Said(f"{job.phase}-{tenth}", text)
    return Said(job.state, f"{job.get_state_display()}: {outcomes(job)}")


def poll(job: SyncJob, request: HttpRequest, **seen: str) -> str:
    """Where to ask what has changed since the page told what it has ``seen``, with the same part of the log."""
    log = {name: request.GET[name] for name in OF_THE_LOG if name in request.GET}
    return f"{reverse('jobs:job_live', args=[job.pk])}?{urlencode(log | seen)}"
