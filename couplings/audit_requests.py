"""What people do on pages, for the audit log: every form that was sent, whatever view it was for."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch
from structlog.contextvars import get_contextvars

from couplings import audit
from couplings.audit import Act, Actor
from couplings.audit_in_words import ACTIONS
from couplings.models.audit import Origin, Result
from syncstatus.client_address import client_address

READING: Final = {"GET", "HEAD", "OPTIONS", "TRACE"}
# Signing in is told by signals, with the name of whoever tried; the language changes nothing but what one reads.
ELSEWHERE: Final = {"login", "couplings:preferences"}
SUBJECTS: Final = {
    "actions": "errors",
    "error": "errors.choose",
    "coupling_actions": "couplings",
    "record_actions": "couplings",
    "set_up_coupling": "couplings.add",
    "mapping_actions": "mappings",
    "job_actions": "jobs",
    "held_actions": "held",
    "adopt": "errors.adopt",
    "cancel_bulk": "errors.cancel",
    "remove_couplings": "couplings.remove_coupling",
    "matches": "couplings.match",
    "mapping_import": "couplings.import",
    "first": "mappings.first",
    "mapping_add": "mappings.add",
    "mapping_review": "mappings.save",
    "mapping_delete": "mappings.delete",
    **dict.fromkeys(("mapping_edit", "mapping_rules", "mapping_field", "mapping_side"), "mappings.draft"),
    **dict.fromkeys(("mapping_constant", "mapping_default", "mapping_version"), "mappings.draft"),
    "logout": "sign_out",
    "password_change": "password",
}
"""What a view's actions are called in the log, where that is not the view's own name: commands use the same words."""
FIELDS: Final = ("use", "scope", "mapping", "left", "right", "side", "key")
"""Parts of forms that say what is meant. Others may be secrets, so they are never looked at."""

SAID_DONE: Final = {messages.SUCCESS, messages.INFO}


class AuditRequests:
    """Puts down each form of somebody who is signed in once it is answered. A question that is asked back (a page under
    status 200, where nothing was noted) was no act yet."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in READING or not request.user.is_authenticated:
            return self.get_response(request)
        with audit.acting(actor_of(request)) as act:
            response = self.get_response(request)
        match = request.resolver_match
        result = result_of(request, response, act)
        if match is not None and match.view_name not in ELSEWHERE and result is not None:
            describe(act, request, match)
            audit.write(act, result)
        return response


def actor_of(request: HttpRequest, who: str = "") -> Actor:
    """Whoever is signed in, or named by ``who``."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return Actor(
        who=who or (user.get_username() if user is not None and signed_in else ""),
        origin=Origin.PAGE,
        address=client_address(request),
        user=user.pk if user is not None and signed_in else None,
        request=str(get_contextvars().get("request", "")),
    )


def result_of(request: HttpRequest, response: HttpResponse, act: Act) -> Result | None:
    """What became of it, None when nothing was done and nothing refused."""
    match response.status_code:
        case 403:
            return Result.FORBIDDEN
        case 409 | 422:
            return Result.REFUSED
        case status if status >= 500:
            return Result.FAILED
        case 301 | 302 | 303 | 307 | 308:
            return Result.REFUSED if was_refused(request, act) else Result.DONE
        case status if status < 300 and act.noted:
            return Result.DONE
    return None


def was_refused(request: HttpRequest, act: Act) -> bool:
    """Whether the person is only told why not."""
    said = messages.get_messages(request)
    levels = {message.level for message in said}
    if isinstance(said, BaseStorage):
        said.used = False  # they are still to be shown
    return bool(levels) and not levels & SAID_DONE and not act.accepted


def describe(act: Act, request: HttpRequest, match: ResolverMatch) -> None:
    """What the address and the form say about it; what the services noted counts more."""
    act.action = act.action or action_of(match.url_name or "", request.POST.get("action", ""))
    sent: dict[str, Any] = {**match.kwargs, **{name: text for name in FIELDS if (text := request.POST.get(name))}}
    selected = request.POST.getlist("selected")
    if selected:
        sent["selected"] = selected[: audit.KEPT]
        act.asked = act.asked if act.asked is not None else len(selected)
    if sent.get("scope") == "filter":
        sent["filter"] = request.GET.dict()
    mapping = sent.pop("mapping", "") or (sent.pop("name", "") if match.route.startswith("mappings/") else "")
    if mapping and not act.mappings:
        act.mappings.append(str(mapping).upper())
    act.subject = sent | act.subject


def action_of(view: str, action: str) -> str:
    """``errors.retry`` for the action ``retry`` of the view ``actions``. A view without actions is one itself, and what
    else the button of a form may have said is no name of ours."""
    subject = SUBJECTS.get(view, view)
    named = f"{subject}.{action}"
    return named if named in ACTIONS else subject
