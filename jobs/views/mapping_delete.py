"""Delete a mapping, asked and done."""

import time
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from couplings.facets import Facets
from couplings.filters import ErrorFilter
from couplings.messages import render as sentence
from couplings.models import Coupling, TableMapping
from couplings.roles import DELETE_MAPPING
from couplings.shown import number
from jobs.services import mapping_deletion as service
from jobs.services import mapping_needs
from jobs.services.errors import Refused
from jobs.views.remove_couplings import confirmed
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")
PATIENCE: Final = 15.0
"""Seconds that a person waits for an answer, well below what a web server allows."""


@login_required
@permission_required(DELETE_MAPPING, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_delete(request: HttpRequest, name: str) -> HttpResponse:
    """The question with the number; it is asked again when there are more couplings by now than a person has read, or
    other mappings go along than they were told."""
    found = get_object_or_404(TableMapping, name=name)
    names = mapping_needs.going_together(found.name) or [found.name]
    going = list(TableMapping.objects.select_related(*RELATED).filter(name__in=names).order_by("name"))
    count = Coupling.objects.filter(mapping__in=going).count()
    read = request.POST.getlist("going") == names and "confirmed" in request.POST
    if request.method == "POST" and read and count <= confirmed(request):
        return end(request, found, going)
    return render(request, "jobs/mapping_delete.html", question(found, going, count))


def question(mapping: TableMapping, going: list[TableMapping], count: int) -> dict[str, Any]:
    """What goes with each mapping, and what keeps ``mapping`` as long as nobody changes it."""
    facets, names = Facets(ErrorFilter({}), going), [one.name for one in going]
    systems = list(dict.fromkeys(one.side_name(side) for one in going for side in Side))
    return {
        "mapping": mapping,
        "going": [(one, one.couplings.count(), facets.total(mapping=one.name)) for one in going],
        "names": get_text_list(names, _("and")),
        "systems": get_text_list(systems, _("or")),
        "count": count,
        "needs": mapping_needs.needs_of_others([mapping.name]),
        "kept": bool(mapping_needs.needs_of_others(names)),
    }


def end(request: HttpRequest, mapping: TableMapping, going: list[TableMapping]) -> HttpResponse:
    until = time.monotonic() + PATIENCE
    user = request.user if isinstance(request.user, User) else None
    try:
        gone = service.delete(*going, user=user, enough=lambda: time.monotonic() > until)
    except Refused as refused:
        messages.warning(request, sentence(refused.code, refused.params))
        return redirect("jobs:mapping_delete", name=mapping.name)
    names = get_text_list([one.name for one in going], _("and"))
    if gone:
        text = ngettext("The mapping %(mapping)s is deleted.", "The mappings %(mapping)s are deleted.", len(going))
        messages.success(request, text % {"mapping": names})
        return redirect("jobs:mappings")
    text = _(
        "It is many, which go in steps: %(count)s couplings are left, and the mapping is disabled. Confirm once more."
    )
    messages.success(request, text % {"count": number(Coupling.objects.filter(mapping__in=going).count())})
    return redirect("jobs:mapping_delete", name=mapping.name)
