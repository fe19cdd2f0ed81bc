"""Delete a mapping, asked and done."""

import time
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from couplings.facets import Facets
from couplings.filters import ErrorFilter
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.roles import DELETE_MAPPING
from couplings.shown import number
from jobs.services import mapping_deletion as service
from jobs.services.errors import Refused
from jobs.views.remove_couplings import confirmed

PATIENCE: Final = 15.0
"""Seconds that a person waits for an answer, well below what a web server allows."""


@login_required
@permission_required(DELETE_MAPPING, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_delete(request: HttpRequest, name: str) -> HttpResponse:
    """The question with the number; it is asked again when there are more couplings by now than a person has read."""
    found = get_object_or_404(TableMapping.objects.select_related("left_connection", "right_connection"), name=name)
    count = found.couplings.count()
    if request.method != "POST" or "confirmed" not in request.POST or count > confirmed(request):
        context = {
            "mapping": found,
            "count": count,
            "errors": Facets(ErrorFilter({}), [found]).total(mapping=name),
            "needed_by": service.needed_by(found),
        }
        return render(request, "jobs/mapping_delete.html", context)
    return end(request, found)


def end(request: HttpRequest, mapping: TableMapping) -> HttpResponse:
    until = time.monotonic() + PATIENCE
    user = request.user if isinstance(request.user, User) else None
    try:
        gone = service.delete(mapping, user=user, enough=lambda: time.monotonic() > until)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
        return redirect("jobs:mapping_delete", name=mapping.name)
    if gone:
        messages.success(request, _("The mapping %(mapping)s is deleted.") % {"mapping": mapping.name})
        return redirect("jobs:mappings")
    text = _(
        "It is many, which go in steps: %(count)s couplings are left, and the mapping is disabled. Confirm once more."
    )
    messages.success(request, text % {"count": number(mapping.couplings.count())})
    return redirect("jobs:mapping_delete", name=mapping.name)
