"""Adding, changing and deleting connections, for administrators. A form never comes back with a password in it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from couplings import audit
from couplings.configuration.problems import ConfigurationRefused, Problem
from couplings.configuration.sentences import render as told
from couplings.connection_forms import DatabaseForm, SecretForm, UrlForm, form_class
from couplings.connection_uses import users
from couplings.messages import render as sentence
from couplings.models import Connection
from couplings.roles import CONNECT
from jobs.services import connection_editing as service
from jobs.services import connections
from jobs.services.configuration import ConnectionsUnusable
from jobs.services.connection_editing import Tried
from jobs.services.errors import Refused
from syncstatus.connectors import registry

FORM = ["GET", "HEAD", "POST"]
SAVE, SAVE_ANYWAY, TEST = "save", "save_anyway", "test"
FIELDS = {"url": ("url", "host"), "auth": ("password",), "limit": ("limit_per",), "jobs": ("jobs",)}
"""The fields in which a setting of the file is put right, the first one that a form has."""


@login_required
@permission_required(CONNECT, raise_exception=True)
@require_http_methods(FORM)
@sensitive_post_parameters("password")
def connection_add(request: HttpRequest) -> HttpResponse:
    kinds = registry.kinds()
    kind = request.GET.get("kind") or (kinds[0] if len(kinds) == 1 else "")
    if kind and kind not in kinds:
        raise Http404
    if not kind:
        return render(request, "jobs/connection_kinds.html", {"kinds": kinds})
    form = form_class(kind)(request.POST or None, kind=kind)
    return answered(request, form, {"title": _("Add a connection"), "kind": kind})


@login_required
@permission_required(CONNECT, raise_exception=True)
@require_http_methods(FORM)
@sensitive_post_parameters("password")
def connection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Connection, pk=pk)
    form = form_class(found.kind, found)(request.POST or None, kind=found.kind, connection=found)
    title = _("Change %(connection)s") % {"connection": found.name}
    return answered(request, form, {"title": title, "kind": found.kind, "connection": found})


def answered(request: HttpRequest, form: DatabaseForm | UrlForm, context: dict[str, Any]) -> HttpResponse:
    """The form with what the system answered, or the page of the connection when it is saved."""
    tried = act(request, form) if request.method == "POST" and form.is_valid() else None
    if tried is not None and tried.saved:
        name = tried.check.connection.name
        messages.success(request, _("%(connection)s is saved.") % {"connection": name})
        return redirect("couplings:connection", pk=tried.check.connection.pk)
    asks_again = tried is not None and not request.headers.get("HX-Request") and bool(request.POST.get("password"))
    context |= {"form": form, "answer": answer(tried), "can_wait": can_wait(request, tried), "asks_again": asks_again}
    return render(request, "jobs/connection_form.html", context)


@sensitive_variables("entry")
def act(request: HttpRequest, form: DatabaseForm | UrlForm) -> Tried | None:
    """Test or Save; None with the problems at the fields of the form when the settings make no sense."""
    wish, name, entry = request.POST.get("action", SAVE), form.settled_name, form.entry()
    try:
        if wish == TEST:
            audit.named("connection_test")
            return Tried(service.try_out(name, entry))
        return service.save(name, entry, user=user_of(request), anyway=wish == SAVE_ANYWAY)
    except ConfigurationRefused as refused:
        for problem in refused.problems:
            form.add_error(field_of(form, problem), told(problem))
    except ConnectionsUnusable as unusable:
        for failed, error in unusable.failed.items():
            form.add_error(None, connections.sentence(failed, error))
    return None


def field_of(form: DatabaseForm | UrlForm, problem: Problem) -> str | None:
    setting = problem.path[2] if len(problem.path) > 2 else ""
    return next((name for name in FIELDS.get(setting, ()) if name in form.fields), None)


def answer(tried: Tried | None) -> dict[str, Any] | None:
    """What a system said, in words."""
    if tried is None:
        return None
    check = tried.check
    name, health = check.connection.name, check.health
    if check.error is not None:
        return {"healthy": False, "text": connections.sentence(name, check.error)}
    version, latency = (health.version, health.latency) if health else ("", 0.0)
    told = {"connection": name, "version": version, "latency": f"{latency * 1000:.0f}"}
    return {"healthy": True, "text": _("%(connection)s answers: %(version)s, in %(latency)s ms.") % told}


def can_wait(request: HttpRequest, tried: Tried | None) -> bool:
    """Whether it was to be saved, and may be although nobody answers."""
    return tried is not None and request.POST.get("action", SAVE) != TEST


@login_required
@permission_required(CONNECT, raise_exception=True)
@require_http_methods(FORM)
@sensitive_post_parameters("password")
def connection_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace the password; the old one stays until the system accepts the new one."""
    found = get_object_or_404(Connection, pk=pk)
    form = SecretForm(request.POST or None)
    tried = replace(request, found, form) if request.method == "POST" and form.is_valid() else None
    if tried is not None and tried.saved:
        text = _("%(connection)s accepts the new password, and it is used from now on.")
        messages.success(request, text % {"connection": found.name})
        return redirect("couplings:connection", pk=found.pk)
    context = {"form": form, "connection": found, "answer": answer(tried)}
    return render(request, "jobs/connection_secret.html", context)


def replace(request: HttpRequest, found: Connection, form: SecretForm) -> Tried | None:
    try:
        return service.replace_secret(found, form.cleaned_data["password"], user=user_of(request))
    except Refused as refused:
        form.add_error("password", sentence(refused.code, refused.params))
    except ConfigurationRefused as refused:
        for problem in refused.problems:
            form.add_error("password", told(problem))
    return None


@login_required
@permission_required(CONNECT, raise_exception=True)
@require_http_methods(FORM)
def connection_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """The question, or after its button the end of the connection."""
    found = get_object_or_404(Connection, pk=pk)
    if request.method != "POST":
        context = {"connection": found, "users": users().get(found.pk, [])}
        return render(request, "jobs/connection_delete.html", context)
    try:
        service.delete(found, user=user_of(request))
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
        return redirect("couplings:connection", pk=found.pk)
    messages.success(request, _("%(connection)s is deleted.") % {"connection": found.name})
    return redirect("couplings:connections")


def user_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
