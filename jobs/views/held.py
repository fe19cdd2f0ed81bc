"""Held deletions: the plans, one plan's records, and what a person decides about them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from couplings.models import SyncError
from couplings.paging import page
from couplings.shown import number
from jobs.forms import HeldActionForm
from jobs.services import held as service
from jobs.services import held_plans
from jobs.services.actions import Requested
from jobs.services.held import Plan
from jobs.tables import HeldTable
from jobs.views.answers import form_of, may_act, say_left_out
from syncstatus.engine.records import Side

RELATED = ("mapping__left_connection", "mapping__right_connection", "requested__by")


@login_required
@require_safe
def held(request: HttpRequest) -> HttpResponse:
    shown = held_plans.plans(request.GET)
    return render(request, "jobs/held.html", {"rows": shown.rows, "page": shown})


@login_required
@require_safe
def held_plan(request: HttpRequest, job: int, side: str, code: str) -> HttpResponse:
    records = records_of(job, side, code)
    plan = next(iter(service.plans(records)), None)
    if plan is None:
        messages.info(request, _("Nothing of this plan is held any more."))
        return redirect("jobs:held")
    shown = page(records.select_related(*RELATED), HeldTable.sorting(request)[1], request.GET)
    context = {"plan": plan, "table": HeldTable(shown, request), "page": shown}
    return render(request, "jobs/held_plan.html", context)


@login_required
@form_of("jobs:held_plan")
def held_actions(request: HttpRequest, job: int, side: str, code: str) -> HttpResponse:
    """Approves or discards the selected records of the plan, or all of them."""
    form, records = HeldActionForm(request.POST), records_of(job, side, code)
    where = redirect("jobs:held_plan", job=job, side=side, code=code)
    if not may_act(request, form):
        return where
    chosen = records if form.everything else records.filter(pk__in=form.cleaned_data["selected"])
    plan = next(iter(service.plans(chosen)), None)
    if plan is None:
        messages.warning(request, _("Select one or more records that are still held."))
        return where
    if form.must_be_confirmed(plan.records):
        return render(request, "jobs/held_confirm.html", {"plan": plan, "form": form, "answer": caption(form, plan)})
    decide(request, form, chosen)
    return where


def records_of(job: int, side: str, code: str) -> QuerySet[SyncError]:
    if side not in set(Side):
        raise Http404
    return service.of_plan(job, Side(side), code)


def caption(form: HeldActionForm, plan: Plan) -> str:
    """What the button does, with the number and the system."""
    if form.approves:
        text = ngettext("Delete %(count)s record in %(system)s", "Delete %(count)s records in %(system)s", plan.records)
    else:
        text = ngettext(
            "Discard %(count)s deletion in %(system)s", "Discard %(count)s deletions in %(system)s", plan.records
        )
    return text % {"count": number(plan.records), "system": plan.system}


def decide(request: HttpRequest, form: HeldActionForm, chosen: QuerySet[SyncError]) -> None:
    user = request.user if isinstance(request.user, User) else None
    done = service.approve(chosen, user=user) if form.approves else service.discard(chosen, user=user)
    say = messages.success if done.accepted else messages.warning
    say(request, said(form, done) % {"count": number(done.accepted), "asked": number(done.asked)})
    say_left_out(request, done)


def said(form: HeldActionForm, done: Requested) -> str:
    if form.approves:
        return ngettext(
            "%(count)s of %(asked)s deletion is approved. A job checks each record again and deletes it.",
            "%(count)s of %(asked)s deletions are approved. A job checks each record again and deletes it.",
            done.asked,
        )
    return ngettext(
        "%(count)s of %(asked)s deletion is discarded. The record stays; its error is listed among the others.",
        "%(count)s of %(asked)s deletions are discarded. The records stay; their errors are listed among the others.",
        done.asked,
    )
