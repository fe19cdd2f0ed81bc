"""The first synchronization of all mappings: what is there, what is recommended, and starting what was approved."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from couplings.first_in_words import ADVICE, reason
from couplings.messages import named
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.roles import SYNCHRONIZE
from jobs.models import SyncJob
from jobs.services import first as service
from jobs.services.first import Advice, Begun, Step
from jobs.services.match_review import MOST
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")


@login_required
@permission_required(SYNCHRONIZE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def first(request: HttpRequest) -> HttpResponse:
    """Both systems of each mapping are asked when ``?look=1`` says so."""
    mappings = TableMapping.objects.filter(enabled=True).select_related(*RELATED)
    if request.method == "POST":
        return begin(request)
    context: dict[str, Any] = {"count": mappings.count(), "looked": "look" in request.GET}
    if context["looked"]:
        plan = service.plan(mappings, most=MOST)
        waiting, jobs = service.waiting(plan), service.under_way(plan)
        names = [step.mapping.name for step in plan.steps]
        told = zip(plan.steps, map(waiting.__getitem__, names), map(jobs.get, names), strict=True)
        context["rows"] = [row(step, waits_for, job) for step, waits_for, job in told]
        context["circles"] = [" → ".join(circle) for circle in plan.circles]
        context["startable"] = any(one["startable"] for one in context["rows"])
    return render(request, "jobs/first.html", context)


def row(step: Step, waits_for: list[str], job: SyncJob | None) -> dict[str, Any]:
    facts, mapping = step.facts, step.mapping
    created = {mapping.side_name(side): facts.created[side] for side in Side} if facts is not None else {}
    told = reason(step.reason.value, pairs=facts.pairs if facts is not None else 0, created=created)
    sides = [{"name": mapping.side_name(side), "records": facts.records[side] if facts else None} for side in Side]
    problem = step.problem
    return {
        "mapping": mapping,
        "parents": step.parents,
        "sides": sides,
        "facts": facts,
        "advice": step.advice.value,
        "advised": ADVICE[step.advice.value],
        "reason": told,
        "by_job": problem is not None and problem.code == "too_many_to_match",
        "problem": sentence(problem.code, named(problem.params, mapping)) if problem is not None else "",
        "waits_for": waits_for,
        "job": job,
        "startable": step.advice is not Advice.NOTHING and not waits_for and job is None,
    }


def begin(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.getlist("mapping")
    mappings = TableMapping.objects.filter(enabled=True).select_related(*RELATED)
    plan = service.plan(mappings, most=MOST)
    user = cast(User, request.user)
    for begun in service.begin(plan, chosen, user=user, create_new="create_new" in request.POST):
        tell(request, begun)
    if not chosen:
        messages.warning(request, _("Choose one or more mappings first."))
    return redirect(f"{reverse('jobs:first')}?look=1")


def tell(request: HttpRequest, begun: Begun) -> None:
    name = begun.step.mapping.name
    if begun.job is not None:
        messages.success(request, _("%(mapping)s: job %(job)s has begun.") % {"mapping": name, "job": begun.job.pk})
    elif begun.problem is not None:
        text = sentence(begun.problem.code, named(begun.problem.params, begun.step.mapping))
        messages.warning(request, f"{name}: {text}")
    else:
        told = {"mapping": name, "parents": ", ".join(begun.held_by)}
        messages.warning(request, _("%(mapping)s comes after %(parents)s, and was not begun yet.") % told)
