from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.paging import page
from jobs.filters import JobFilter
from jobs.forms import JobActionForm
from jobs.models import SyncJob, Wish
from jobs.services import plans, stopping
from jobs.services.errors import Refused
from jobs.tables import JobTable
from jobs.views import live
from jobs.views.answers import back, form_of, may_act
from jobs.views.job_log import log_of

RELATED = ("mapping__left_connection", "mapping__right_connection", "requested_by")
ACTIONS: dict[str, Callable[..., SyncJob]] = {
    "pause": stopping.pause,
    "resume": stopping.resume,
    "cancel": stopping.cancel,
    "apply": plans.apply,
    "discard": plans.discard,
}
SAID = {
    "pause": gettext_lazy("Job %(job)s is on hold. It keeps its place until it is resumed."),
    "resume": gettext_lazy("Job %(job)s goes on after its last page."),
    "apply": gettext_lazy("Job %(job)s carries out the plan, each record checked again."),
    "discard": gettext_lazy("The plan of job %(job)s is discarded."),
    "cancel": gettext_lazy("Job %(job)s is cancelled. What it has done so far stays."),
}


@login_required
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    chosen = JobFilter(request.GET)
    listed = chosen.apply(SyncJob.objects.select_related(*RELATED))
    shown = page(listed, JobTable.sorting(request)[1], request.GET)
    context = {
        "filter": chosen,
        "names": TableMapping.objects.values_list("name", flat=True),
        "table": JobTable(shown, request),
        "page": shown,
        "moving": live.moving(shown.rows),
        "here": request.get_full_path(),
    }
    return render(request, "jobs/jobs.html", context)


@login_required
@require_safe
def job(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SyncJob.objects.select_related(*RELATED), pk=pk)
    return render(request, "jobs/job.html", live.told(found, request) | log_of(request, found))


@login_required
@form_of("jobs:job")
def job_actions(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SyncJob, pk=pk)
    form = JobActionForm(request.POST)
    if may_act(request, form):
        user = request.user if isinstance(request.user, User) else None
        try:
            messages.success(request, act(found, form.action_name, user))
        except Refused as refused:
            messages.warning(request, sentence(refused.code, refused.params))
    return back(request, reverse("jobs:job", args=[pk]))


def act(job: SyncJob, action: str, user: User | None) -> str:
    """Does it, and says so."""
    now = ACTIONS[action](job, user=user)
    if now.asked:
        return str(Wish(now.asked).label)
    return SAID[action] % {"job": now.pk}
