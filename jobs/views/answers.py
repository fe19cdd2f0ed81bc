"""What the action views have in common: where to go afterwards, and in which words."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import render
from couplings.models import TableMapping
from couplings.shown import number
from jobs.circuits import resting
from jobs.forms import ActionForm
from jobs.services.actions import Requested

# The wish stands, and is worked off when the mapping runs again.
LATER = {"mapping_paused", "mapping_disabled"}


View = Callable[..., HttpResponse]


def form_of(page: str, *, same: bool = True) -> Callable[[View], View]:
    """For views that only take forms: whoever comes without one, say through the sign-in page after their session
    had ended, is led to ``page`` (``same``: the one of the same record), and nothing is done."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, **which: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, **which)
            url = reverse(page, kwargs=which if same else None)
            return redirect(f"{url}?{request.GET.urlencode()}".removesuffix("?"))

        return wrapped

    return decorate


def back(request: HttpRequest, default: str) -> HttpResponse:
    """To the page the form stood on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return redirect(wanted if safe else default)


def may_act(request: HttpRequest, form: ActionForm) -> bool:
    """Whether what was sent names one of the page's actions, and says so where it does not.

    Raises ``PermissionDenied`` when it is an action that the user is not allowed.
    """
    if not form.is_valid():
        messages.error(request, _("Choose one of the actions of the page."))
        return False
    if not request.user.has_perm(form.permission):
        raise PermissionDenied
    return True


def say_scheduled(request: HttpRequest, asked: int, accepted: int) -> None:
    text = ngettext(
        "The synchronization has been scheduled for %(accepted)s of %(asked)s record.",
        "The synchronization has been scheduled for %(accepted)s of %(asked)s records.",
        asked,
    )
    say = messages.success if accepted else messages.warning
    say(request, text % {"accepted": number(accepted), "asked": number(asked)})


def say_resting(request: HttpRequest, *mappings: int) -> None:
    """Which systems have asked to be left alone, and until when: what was scheduled for ``mappings`` waits for them."""
    for connection in resting(mappings):
        until = connection.open_until.isoformat() if connection.open_until else ""
        messages.warning(request, render("connection_open", {"connection": connection.name, "until": until}))


def say_requested(request: HttpRequest, done: Requested) -> None:
    """How many were accepted, and why not the others."""
    say_scheduled(request, done.asked, done.accepted)
    say_resting(request, *(job.mapping_id for job in done.jobs))
    say_left_out(request, done)


def say_done(request: HttpRequest, text: str, done: Requested) -> None:
    """``text``, as a warning when nothing of what was asked could be done."""
    say = messages.success if done.accepted else messages.warning
    say(request, text)


def say_left_out(request: HttpRequest, done: Requested) -> None:
    for code, count in done.refused.items():
        if code in LATER:
            messages.warning(request, render(code, {}))
        else:
            reason = {"count": number(count), "reason": render(code, {})}
            messages.warning(request, _("Left out: %(count)s. %(reason)s") % reason)


def coupled(mapping: TableMapping, left: str, right: str) -> str:
    names = {"left": f"{mapping.side_name('left')} {left}", "right": f"{mapping.side_name('right')} {right}"}
    if mapping.paused or not mapping.enabled:
        return _("%(left)s and %(right)s are coupled, and will be synchronized when their mapping runs again.") % names
    return _("%(left)s and %(right)s are coupled, and will be synchronized now.") % names
