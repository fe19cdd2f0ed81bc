"""One error, side by side."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from couplings.messages import named
from couplings.messages import render as sentence
from couplings.models import SyncError
from couplings.roles import SYNCHRONIZE, UNCOUPLE
from jobs.services import comparison as service
from jobs.services import offers, unanswered
from jobs.services.actions import SYNCHRONIZE as TO_SYNCHRONIZE
from jobs.services.compared import Comparison
from jobs.services.errors import Refused
from jobs.views.answers import coupled, form_of, say_requested
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

RELATED = (
    "mapping__left_connection",
    "mapping__right_connection",
    "connection",
    "coupling",
    "assigned_to",
    "requested__by",
    "resolved_by",
)
FIELD = "field:"  # the choice of a field is sent as field:<name>=left|right
SIDES = {side.value: side for side in Side}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def error(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SyncError.objects.select_related(*RELATED), pk=pk)
    if request.method == "POST":
        return synchronize(request, found)
    return show(request, found)


def show(request: HttpRequest, error: SyncError, status: int = 200) -> HttpResponse:
    """``status`` is another one when a choice was refused: then the page marks what is new since it was shown."""
    compared = compare(error)
    if compared is not None and "seen" in request.POST:
        compared = compared.since(request.POST["seen"], chosen(request))
    offered = offers.offered(error, compared)
    context = {
        "error": error,
        "comparison": compared,
        "actions": offered,
        "may_choose": TO_SYNCHRONIZE in offered and request.user.has_perm(SYNCHRONIZE),
        "offered": unanswered.offered(error),
        "field": FIELD,
    }
    return render(request, "jobs/error.html", context, status=status)


def compare(error: SyncError) -> Comparison | None:
    """Both records as they are now; None for an error that is closed or is not about one record."""
    if error.mapping is None or not error.is_open or not (error.left_key or error.right_key):
        return None
    return service.compare(error.mapping, error.left_key, error.right_key, error.coupling)


@permission_required(SYNCHRONIZE, raise_exception=True)
def synchronize(request: HttpRequest, error: SyncError) -> HttpResponse:
    """Takes the side chosen for each field, unless either record has moved since the page was shown."""
    user = request.user if request.user.is_authenticated else None
    token = request.POST.get("token", "")
    try:
        done = service.choose(error, user=user, choices=choices(request, error), token=token)
    except Refused as refused:
        return refuse(request, error, refused.code, refused.params)
    say_requested(request, done)
    return redirect("jobs:error", pk=error.pk)


@login_required
@form_of("jobs:error")
@permission_required(UNCOUPLE, raise_exception=True)
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Couples the record with the candidate a person chose, as it is now."""
    found = get_object_or_404(SyncError.objects.select_related(*RELATED), pk=pk)
    user = request.user if request.user.is_authenticated else None
    try:
        coupling = unanswered.adopt(found, request.POST.get("key", ""), user=user)
    except Refused as refused:
        return refuse(request, found, refused.code, refused.params)
    except ConnectorError as error:
        return refuse(request, found, error.code, {**error.params, "detail": error.detail})
    messages.success(request, coupled(coupling.mapping, coupling.left_key, coupling.right_key))
    return redirect("jobs:coupling", pk=coupling.pk)


def refuse(request: HttpRequest, error: SyncError, code: str, params: dict[str, Any]) -> HttpResponse:
    messages.warning(request, sentence(code, named(params, error.mapping)))
    return show(request, error, status=409)


def choices(request: HttpRequest, error: SyncError) -> dict[str, Side]:
    """A side for each field that was chosen; ``use`` takes one side for all of them."""
    whole = SIDES.get(request.POST.get("use", ""))
    if whole and (compared := compare(error)):
        return {row.name: whole for row in compared.rows if row.choosable}
    return chosen(request)


def chosen(request: HttpRequest) -> dict[str, Side]:
    sent = {name.removeprefix(FIELD): value for name, value in request.POST.items() if name.startswith(FIELD)}
    return {name: SIDES[value] for name, value in sent.items() if value in SIDES}
