"""The actions of Coupled Data Synchronization Errors."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings import error_actions
from couplings.filters import ErrorFilter
from couplings.messages import render as sentence
from couplings.models import SyncError, TableMapping
from couplings.shown import number
from jobs.forms import ErrorActionForm
from jobs.services import actions as service
from jobs.services import notes, unanswered
from jobs.services.actions import MoreThanConfirmed, Requested
from jobs.services.errors import Refused
from jobs.views import confirming
from jobs.views.answers import back, form_of, may_act, say_done, say_left_out, say_requested
from syncstatus.engine.decisions import ErrorKind

Ask = Callable[[ErrorActionForm, QuerySet[SyncError], User | None], Requested]


@login_required
@form_of("couplings:errors")
def actions(request: HttpRequest) -> HttpResponse:
    """Does what a button of the errors page says, to the selected rows or to everything in the filter.

    The filter stands in the query string, as on the page the form comes from.
    """
    form, chosen = ErrorActionForm(request.POST), ErrorFilter(request.GET, request.user)
    page = f"{reverse('couplings:errors')}?{chosen.query()}".removesuffix("?")
    if not may_act(request, form):
        return back(request, page)
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
    if not form.is_confirmed_request:  # whose statement finds out itself whether it is more than was confirmed
        reckoned = error_actions.reckon(errors, form.rule)
        too_many = form.is_more_than_confirmed(reckoned.fitting, reckoned.asked)
        if reckoned.fitting and (form.needs_confirmation or too_many):
            return confirming.confirm(request, form, errors, reckoned, page)
    try:
        say(request, form, ask(form, errors, request.user if isinstance(request.user, User) else None))
    except MoreThanConfirmed:
        return confirming.confirm(request, form, errors, error_actions.reckon(errors, form.rule), page)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
    return back(request, page)


def ask(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    special = SPECIAL.get(form.service_action)
    if special is not None:
        return special(form, errors, user)
    at_most = form.cleaned_data["confirmed"]
    return service.request(errors, form.service_action, user=user, use=form.use_side, at_most=at_most)


def create_again(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    return unanswered.create_again(errors, user=user)


def assign(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    name = form.cleaned_data["person"]
    person = User.objects.filter(username=name, is_active=True).first() if name else None
    if name and person is None:
        raise Refused("person_unknown")
    return notes.assign(errors, person, user=user)


def comment(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    return notes.comment(errors, form.cleaned_data["comment"], user=user)


def ignore(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    if form.until_moment is None:
        raise Refused("ignored_until_past")
    return notes.ignore(errors, form.until_moment, user=user)


def unignore(form: ErrorActionForm, errors: QuerySet[SyncError], user: User | None) -> Requested:
    return notes.unignore(errors, user=user)


SPECIAL: dict[str, Ask] = {
    service.CREATE_AGAIN: create_again,
    error_actions.ASSIGN: assign,
    error_actions.COMMENT: comment,
    error_actions.IGNORE: ignore,
    error_actions.UNIGNORE: unignore,
}


def one_to_compare(form: ErrorActionForm, errors: QuerySet[SyncError]) -> int | None:
    """Synchronize for a single conflict without saying which data to use: that is asked side by side."""
    if form.action_name != "synchronize" or form.use_side or form.everything:
        return None
    found = errors.values_list("pk", "kind")[:2]
    return found[0][0] if len(found) == 1 and found[0][1] == ErrorKind.CONFLICT else None


def say(request: HttpRequest, form: ErrorActionForm, done: Requested) -> None:
    """What was done at once is told as done; anything else was handed to a job."""
    text = None if done.jobs else said(form, done.accepted)
    if text is None:
        say_requested(request, done)
        return
    say_done(request, text, done)
    say_left_out(request, done)


def said(form: ErrorActionForm, count: int) -> str | None:
    values: dict[str, Any] = {"count": number(count), "person": form.cleaned_data["person"]}
    match form.service_action:
        case error_actions.ASSIGN if values["person"]:
            text = ngettext(
                "%(count)s error is assigned to %(person)s.", "%(count)s errors are assigned to %(person)s.", count
            )
        case error_actions.ASSIGN:
            text = ngettext("%(count)s error is assigned to nobody.", "%(count)s errors are assigned to nobody.", count)
        case error_actions.COMMENT:
            text = ngettext("%(count)s error has a new comment.", "%(count)s errors have a new comment.", count)
        case error_actions.IGNORE:
            text = ngettext("%(count)s error is ignored.", "%(count)s errors are ignored.", count)
        case error_actions.UNIGNORE:
            text = ngettext("%(count)s error is back in the list.", "%(count)s errors are back in the list.", count)
        case service.UNCOUPLE:
            text = ngettext("%(count)s coupling was removed.", "%(count)s couplings were removed.", count)
        case _:
            return None
    return text % values


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
