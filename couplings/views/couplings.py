from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from couplings import lists, sides
from couplings.filters import CouplingFilter
from couplings.models import SyncError, TableMapping
from couplings.paging import bounded_count, page
from couplings.tables import CouplingTable


@login_required
@require_safe
def couplings(request: HttpRequest) -> HttpResponse:
    """The list of coupled records."""
    chosen = CouplingFilter(request.GET)
    problems = Prefetch("errors", SyncError.objects.open(), to_attr="open_errors")
    wanted = chosen.apply(lists.couplings())
    shown = page(wanted.prefetch_related(problems), CouplingTable.sorting(request)[1], request.GET)
    mappings = list(TableMapping.objects.select_related("left_connection", "right_connection"))
    context = {
        "filter": chosen,
        "mappings": mappings,
        "total": bounded_count(wanted),
        "sides": sides.of(mappings, chosen.value("mapping")),
        "table": CouplingTable(shown, request),
        "page": shown,
    }
    return render(request, "couplings/couplings.html", context)
