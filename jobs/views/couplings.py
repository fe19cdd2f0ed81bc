"""The page of one record, and the actions on coupled records."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from couplings.filters import CouplingFilter
from couplings.messages import render as sentence
from couplings.models import Coupling, SyncError, SyncLogEntry
from couplings.paging import page
from couplings.shown import number
from jobs.forms import CouplingActionForm
from jobs.services import couplings as service
from jobs.services import record_log, states
from jobs.services.comparison import compare
from jobs.services.errors import Refused
from jobs.views.answers import back, form_of, may_act, say_resting, say_scheduled

RELATED = ("mapping__left_connection", "mapping__right_connection")
LOG_SIZE = 20


@login_required
@require_safe
def coupling(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Coupling.objects.select_related(*RELATED), pk=pk)
    entries = page(SyncLogEntry.objects.filter(coupling=pk), "-pk", request.GET, LOG_SIZE)
    error = SyncError.objects.open().filter(coupling=found).select_related(*RELATED, "connection").first()
    compared = compare(found.mapping, found.left_key, found.right_key, found)
    context = {
        "coupling": found,
        "error": error,
        "comparison": compared,
        "state": states.of_pair(found, error, compared),
        "lines": record_log.lines(entries.rows, found.mapping),
        "page": entries,
    }
    return render(request, "jobs/coupling.html", context)


@login_required
@form_of("couplings:couplings")
def coupling_actions(request: HttpRequest) -> HttpResponse:
    form, chosen = CouplingActionForm(request.POST), CouplingFilter(request.GET)
    listing = f"{reverse('couplings:couplings')}?{chosen.query()}".removesuffix("?")
    if not may_act(request, form):
        return back(request, listing)
    selected = Coupling.objects.filter(pk__in=form.cleaned_data["selected"])
    if not selected.exists():
        messages.warning(request, _("Select one or more records that are still coupled."))
        return back(request, listing)
    if form.action_name == "remove_coupling":
        return remove(request, form, selected, listing)
    return synchronize(request, form, selected, listing)


def synchronize(
    request: HttpRequest, form: CouplingActionForm, selected: QuerySet[Coupling], listing: str
) -> HttpResponse:
    count, mappings = selected.count(), set(selected.values_list("mapping", flat=True))
    user = request.user if request.user.is_authenticated else None
    try:
        service.synchronize(selected, user=user, use=form.use_side)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
    else:
        say_scheduled(request, count, count)
        say_resting(request, *mappings)
    return back(request, listing)


def remove(request: HttpRequest, form: CouplingActionForm, selected: QuerySet[Coupling], listing: str) -> HttpResponse:
    if not form.cleaned_data["confirm"]:
        count = selected.count()
        answer = ngettext("Remove %(count)s coupling", "Remove %(count)s couplings", count) % {"count": number(count)}
        context = {"action": form.action_name, "answer": answer, "count": count, "form": form, "back": listing}
        return render(request, "jobs/confirm.html", context)
    user = request.user if request.user.is_authenticated else None
    following = after_removal(request, selected)
    removed = service.remove(selected, user=user)
    text = ngettext(
        "%(count)s coupling was removed. Neither record was changed.",
        "%(count)s couplings were removed. None of the records was changed.",
        removed,
    )
    messages.success(request, text % {"count": number(removed)})
    return redirect(following) if following else back(request, listing)


def after_removal(request: HttpRequest, selected: QuerySet[Coupling]) -> str:
    """The page a coupling is removed from is gone with it: what follows is the choice of the right partner."""
    wanted = request.POST.get("next", "")
    for pair in selected.select_related("mapping")[:1]:
        if wanted == reverse("jobs:coupling", args=[pair.pk]):
            chosen = {"mapping": pair.mapping.name, "left": pair.left_key, "right": pair.right_key}
            return f"{reverse('jobs:set_up_coupling')}?{urlencode(chosen)}"
    return ""
