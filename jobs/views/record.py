"""One record of one side by its key: what it is, why it is not in step, and what Synchronize would do with it."""

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from couplings.models import TableMapping
from couplings.roles import SYNCHRONIZE
from jobs.forms import RecordForm
from jobs.services import couplings, records, states
from jobs.services.couplings import compact
from jobs.services.errors import Refused
from jobs.services.explaining import Explanation, explain
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")


@login_required
@require_safe
def record(request: HttpRequest) -> HttpResponse:
    """The page of a record that is not coupled; a coupled one has its pair's."""
    mapping, side, key = asked(request)
    coupling = couplings.of_keys(mapping, side, [key]).first()
    if coupling is not None:
        return redirect("jobs:coupling", pk=coupling.pk)
    found = explain(mapping, key, side)
    context = about(mapping, side, key, found) | {"state": states.of_single(found)}
    try:
        context["record"] = next(iter(records.by_key(mapping, side, [key])), None)
    except Refused as refused:
        context["problem"] = (refused.code, refused.params)
    return render(request, "jobs/record.html", context)


@login_required
@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Everything that is known of why a record is, or is not, in step."""
    mapping, side, key = asked(request)
    return render(request, "jobs/why.html", about(mapping, side, key, explain(mapping, key, side)))


@login_required
@require_safe
@permission_required(SYNCHRONIZE, raise_exception=True)
def synchronize(request: HttpRequest) -> HttpResponse:
    """What Synchronize would write, before anything is asked of a job."""
    mapping, side, key = asked(request)
    use = request.GET.get("use", "")
    chosen = Side(use) if use in list(Side) else None
    found = explain(mapping, key, side, wanted=True, use=chosen)
    context = about(mapping, side, key, found) | {"use": chosen.value if chosen else ""}
    return render(request, "jobs/synchronize.html", context)


def asked(request: HttpRequest) -> tuple[TableMapping, Side, str]:
    form = RecordForm(request.GET)
    mappings = TableMapping.objects.select_related(*RELATED).prefetch_related("fields")
    mapping = mappings.filter(name=form.value("mapping").upper()).first()
    if mapping is None or not form.value("key"):
        raise Http404
    return mapping, form.side_chosen, compact(form.value("key"))


def about(mapping: TableMapping, side: Side, key: str, found: Explanation) -> dict[str, Any]:
    keys = {one.value: found.keys[one] for one in Side}
    return {"mapping": mapping, "side": side.value, "key": key, "found": found, "keys": keys}
