"""Who changed a mapping, when and how."""

from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from couplings.configuration import history
from couplings.models import ConfigurationVersion, TableMapping
from couplings.paging import page
from couplings.roles import CONFIGURE
from jobs.services import drafts

SIZE = 25


@login_required
@require_safe
def mapping_history(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(TableMapping, name=name)
    shown = page(history.versions("mapping", name), "-pk", request.GET, SIZE)
    return render(request, "jobs/mapping_history.html", {"mapping": found, "versions": shown.rows, "page": shown})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_version(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """One version; a form begins to edit from it."""
    found = get_object_or_404(TableMapping, name=name)
    version = get_object_or_404(history.versions("mapping", name), pk=pk)
    if request.method == "POST":
        return edit(request, version)
    return render(request, "jobs/mapping_version.html", {"mapping": found, "version": version})


@permission_required(CONFIGURE, raise_exception=True)
def edit(request: HttpRequest, version: ConfigurationVersion) -> HttpResponse:
    assert isinstance(request.user, User)
    drafts.from_version(request.user, version)
    return redirect("jobs:mapping_edit", name=version.name)
