"""Undo, asked and done: of one entry of the Synchronization Log, or of a whole job."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from couplings.messages import render as sentence
from couplings.models import Coupling, SyncLogEntry, TableMapping
from jobs.models import SyncJob
from jobs.services import undo as service
from jobs.services.errors import Refused
from jobs.services.undo import Plan
from syncstatus.engine.records import Side

RELATED = ("mapping__left_connection", "mapping__right_connection")


@login_required
def undo_job(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(SyncJob.objects.select_related(*RELATED), pk=pk)
    title = _("Undo job %(job)s?") % {"job": job.pk}
    page = reverse("jobs:job", args=[pk])
    plan = service.plan_of_job(job)
    return asked(
        request,
        plan,
        page,
        {"title": title, "systems": systems(job.mapping, plan)},
        check=lambda: service.check_job(job),
        act=lambda user: service.undo_job(job, user=user),
    )


@login_required
def undo_entry(request: HttpRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(SyncLogEntry.objects.select_related(*RELATED), pk=pk)
    title = _("Undo what was done to the record %(record)s?") % {"record": entry.left_key or entry.right_key or ""}
    plan = service.plan_of_entry(entry)
    return asked(
        request,
        plan,
        page_of(entry),
        {"title": title, "systems": systems(entry.mapping, plan)},
        check=lambda: service.check_entry(entry),
        act=lambda user: service.undo_record(entry, user=user),
    )


def asked(
    request: HttpRequest,
    plan: Plan,
    page: str,
    context: dict[str, Any],
    *,
    check: Callable[[], None],
    act: Callable[[User | None], SyncJob],
) -> HttpResponse:
    """The question, or after the button of its page the undo's own job."""
    if not request.user.has_perms(plan.permissions):
        raise PermissionDenied
    try:
        if request.method == "POST":
            undo = act(request.user if isinstance(request.user, User) else None)
            text = _("Job %(job)s undoes it. Its log says what became of each record.")
            messages.success(request, text % {"job": undo.pk})
            return redirect("jobs:job", pk=undo.pk)
        check()
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
        return redirect(page)
    return render(request, "jobs/undo.html", {"plan": plan, "back": page, **context})


def systems(mapping: TableMapping, plan: Plan) -> list[dict[str, Any]]:
    """What would be written in each system."""
    numbers = {"changed": plan.changed, "deleted": plan.deleted, "created": plan.created}
    return [
        {"name": mapping.side_name(side)} | {what: number[side] for what, number in numbers.items()} for side in Side
    ]


def page_of(entry: SyncLogEntry) -> str:
    """The record's page, or the job's for a pair that is not coupled any more."""
    if entry.coupling is not None and Coupling.objects.filter(pk=entry.coupling).exists():
        return reverse("jobs:coupling", args=[entry.coupling])
    return reverse("jobs:job", args=[entry.job])
