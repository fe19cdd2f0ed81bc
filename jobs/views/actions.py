"""The actions of Coupled Data Synchronization Errors."""

from collections import Counter

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.filters import ErrorFilter
from couplings.models import SyncError, TableMapping
from couplings.shown import number
from jobs.forms import ErrorActionForm
from jobs.services import actions as service
from jobs.services import unanswered
from jobs.services.actions import Requested
from jobs.views.answers import back, form_of, say_requested
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side


@login_required
@form_of("couplings:errors")
def actions(request: HttpRequest) -> HttpResponse:
    """Does what a button of the errors page says, to the selected rows or to everything in the filter.

    The filter stands in the query string, as on the page the form comes from.
    """
    form, chosen = ErrorActionForm(request.POST), ErrorFilter(request.GET)
    page = f"{reverse('couplings:errors')}?{chosen.query()}".removesuffix("?")
    if not form.is_valid():
        messages.error(request, _("Choose one of the actions of the page."))
        return back(request, page)
    if not request.user.has_perm(form.permission):
        raise PermissionDenied
    if form.action_name == "find_deleted":
        return find_deleted(request, chosen, page)
    errors = selected(form, chosen)
    if not errors.exists():
        messages.warning(request, _("Select one or more errors that are still open."))
        return back(request, page)
    return act(request, form, errors, page)


def selected(form: ErrorActionForm, chosen: ErrorFilter) -> QuerySet[SyncError]:
    """The open errors that are meant. Ids of closed, deleted or invented rows are none of them."""
    if form.everything:
        return chosen.apply(SyncError.objects.open())
    return SyncError.objects.open().filter(pk__in=form.cleaned_data["selected"])


def act(request: HttpRequest, form: ErrorActionForm, errors: QuerySet[SyncError], page: str) -> HttpResponse:
    if (question := one_to_compare(form, errors)) is not None:
        messages.info(request, _("Choose which data to use, then synchronize."))
        return redirect("jobs:error", pk=question)
    if form.needs_confirmation or exceeds_confirmed(form, errors):
        return confirm(request, form, errors, page)
    user = request.user if request.user.is_authenticated else None
    say_requested(request, ask(form, errors, user))
    return back(request, page)


def ask(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    if form.service_action == service.CREATE_AGAIN:
        return unanswered.create_again(errors, user=user)
    return service.request(errors, form.service_action, user=user, use=form.use_side)


def one_to_compare(form: ErrorActionForm, errors: QuerySet[SyncError]) -> int | None:
    """Synchronize for a single conflict without saying which data to use: that is asked side by side."""
    if form.action_name != "synchronize" or form.use_side or form.everything:
        return None
    found = errors.values_list("pk", "kind")[:2]
    return found[0][0] if len(found) == 1 and found[0][1] == ErrorKind.CONFLICT else None


def exceeds_confirmed(form: ErrorActionForm, errors: QuerySet[SyncError]) -> bool:
    """Whether the filter has grown since a person read the number on the confirmation page."""
    confirmed = form.cleaned_data["confirmed"]
    return confirmed is not None and service.applicable(errors, form.service_action).count() > confirmed


def confirm(request: HttpRequest, form: ErrorActionForm, errors: QuerySet[SyncError], page: str) -> HttpResponse:
    applicable = service.applicable(errors, form.service_action)
    deletions = deletions_by_system(applicable) if form.action_name == "delete" else {}
    count = applicable.count()
    context = {
        "action": form.action_name,
        "answer": caption(form.action_name, count, list(deletions)),
        "deletions": [{"system": system, "count": records} for system, records in sorted(deletions.items())],
        "count": count,
        "others": errors.count() - count,
        "form": form,
        "back": page,
    }
    return render(request, "jobs/confirm.html", context)


def caption(action: str, count: int, systems: list[str]) -> str:
    """What the button does, with the number and, where something is deleted in one system only, its name."""
    match action, systems:
        case "delete", [_system]:
            text = ngettext("Delete %(count)s record in %(system)s", "Delete %(count)s records in %(system)s", count)
        case "delete", _systems:
            text = ngettext("Delete %(count)s record", "Delete %(count)s records", count)
        case "restore", _systems:
            text = ngettext("Restore %(count)s record", "Restore %(count)s records", count)
        case "create_again", _systems:
            text = ngettext("Create %(count)s record again", "Create %(count)s records again", count)
        case "remove_coupling", _systems:
            text = ngettext("Remove %(count)s coupling", "Remove %(count)s couplings", count)
        case "synchronize", _systems:
            text = ngettext("Synchronize %(count)s record", "Synchronize %(count)s records", count)
        case _:
            text = ngettext("Retry %(count)s record", "Retry %(count)s records", count)
    return text % {"count": number(count), "system": "".join(systems)}


def deletions_by_system(errors: QuerySet[SyncError]) -> Counter[str]:
    """How many records would be deleted in which system: the survivors' ones."""
    mappings = TableMapping.objects.select_related("left_connection", "right_connection").in_bulk()
    counted = errors.order_by().values_list("mapping", "left_exists").annotate(records=Count("pk"))
    names: Counter[str] = Counter()
    for mapping, left_exists, records in counted:
        names[mappings[mapping].side_name(Side.LEFT if left_exists else Side.RIGHT)] += records
    return names


def find_deleted(request: HttpRequest, chosen: ErrorFilter, page: str) -> HttpResponse:
    """Find for Deleted, in the mapping that is filtered by or in all of them."""
    wanted = {"name": chosen.value("mapping")} if chosen.value("mapping") else {}
    user = request.user if request.user.is_authenticated else None
    jobs = service.find_deleted(TableMapping.objects.filter(enabled=True, **wanted), user=user)
    text = ngettext(
        "Deleted records are searched for in %(count)s mapping.",
        "Deleted records are searched for in %(count)s mappings.",
        len(jobs),
    )
    messages.success(request, text % {"count": number(len(jobs))})
    return back(request, page)
