from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from couplings import lists, sides
from couplings.facets import Facets
from couplings.filters import ErrorFilter
from couplings.models import TableMapping
from couplings.tables import ErrorTable


@login_required
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Coupled Data Synchronization Errors."""
    chosen = ErrorFilter(request.GET, request.user)
    _alias, order = ErrorTable.sorting(request)
    shown = lists.page_of_errors(chosen, order, request.GET)
    mappings = list(TableMapping.objects.select_related("left_connection", "right_connection"))
    facets = Facets(chosen, mappings)
    context = {
        "filter": chosen,
        "facets": facets,
        "total": facets.total(),
        "sides": sides.of(mappings, chosen.value("mapping")),
        "table": ErrorTable(shown, request),
        "page": shown,
    }
    return render(request, "couplings/errors.html", context)
