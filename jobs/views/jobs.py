from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couplings import log
from couplings.models import SyncLogEntry, TableMapping
from couplings.paging import page
from couplings.roles import SYNCHRONIZE
from jobs.forms import JobFilter
from jobs.models import OUTCOMES, JobState, SyncJob
from jobs.services import jobs as service
from jobs.tables import JobTable
from jobs.views.answers import form_of

RELATED = ("mapping__left_connection", "mapping__right_connection", "requested_by")
# They write no log entries one by one: there would be one for every record of the table.
UNLOGGED = {"unchanged", "excluded"}
LOG_SIZE = 50


@dataclass(frozen=True)
class Counter:
    name: str
    label: Any
    count: int

    @property
    def is_link(self) -> bool:
        return self.count > 0 and self.name not in UNLOGGED


@login_required
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    chosen = JobFilter(request.GET)
    listed = chosen.apply(SyncJob.objects.select_related("mapping", "requested_by"))
    shown = page(listed, JobTable.sorting(request)[1], request.GET)
    names = TableMapping.objects.values_list("name", flat=True)
    context = {"filter": chosen, "names": names, "table": JobTable(shown, request), "page": shown}
    return render(request, "jobs/jobs.html", context)


@login_required
@require_safe
def job(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SyncJob.objects.select_related(*RELATED), pk=pk)
    outcome = request.GET.get("outcome", "")
    entries = SyncLogEntry.objects.filter(job=pk)
    if outcome in OUTCOMES:
        entries = entries.filter(outcome=outcome)
    shown = page(entries, "pk", request.GET, LOG_SIZE)
    context = {
        "job": found,
        "counters": [Counter(name, label, getattr(found, name)) for name, label in log.OUTCOMES.items()],
        "adds_up": found.read == sum(getattr(found, name) for name in OUTCOMES),
        "outcome": outcome,
        "entries": [log.readable(entry, found.mapping) for entry in shown],
        "page": shown,
        "active": found.state in (JobState.QUEUED, JobState.RUNNING),
    }
    return render(request, "jobs/job.html", context)


@login_required
@form_of("jobs:job")
@permission_required(SYNCHRONIZE, raise_exception=True)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SyncJob, pk=pk)
    user = request.user if request.user.is_authenticated else None
    if service.cancel(found, user):
        messages.success(request, _("The job is being cancelled. What it has done so far stays."))
    else:
        messages.warning(request, _("The job had already ended."))
    return redirect("jobs:job", pk=pk)
