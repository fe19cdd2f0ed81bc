"""What the action views have in common: where to go afterwards, and in which words."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import render
from couplings.shown import number
from jobs.services.actions import Requested

# The wish stands, and is worked off when the mapping runs again.
LATER = {"mapping_paused", "mapping_disabled"}


def back(request: HttpRequest, default: str) -> HttpResponse:
    """To the page the form stood on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return redirect(wanted if safe else default)


def say_scheduled(request: HttpRequest, asked: int, accepted: int) -> None:
    text = ngettext(
        "The synchronization has been scheduled for %(accepted)s of %(asked)s record.",
        "The synchronization has been scheduled for %(accepted)s of %(asked)s records.",
        asked,
    )
    say = messages.success if accepted else messages.warning
    say(request, text % {"accepted": number(accepted), "asked": number(asked)})


def say_requested(request: HttpRequest, done: Requested) -> None:
    """How many were accepted, and why not the others."""
    say_scheduled(request, done.asked, done.accepted)
    for code, count in done.refused.items():
        if code in LATER:
            messages.warning(request, render(code, {}))
        else:
            reason = {"count": number(count), "reason": render(code, {})}
            messages.warning(request, _("Left out: %(count)s. %(reason)s") % reason)
