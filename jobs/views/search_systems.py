from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from jobs.models import SyncJob
from jobs.services import search_systems as service
from jobs.services.records import FoundRecord
from jobs.services.search_systems import Table
from jobs.views.live import fragment

LONGEST = 200
LARGEST = 2**63 - 1


@fragment
@require_safe
@vary_on_headers("HX-Request")
def search_systems(request: HttpRequest) -> HttpResponse:
    """The part of Tell Me that asks the systems; a page of its own without scripts."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    tables = service.search(text) if text else []
    found = [(table, [(record, url(table, record)) for record in table.found or []]) for table in tables]
    context = {
        "q": text,
        "found": [(table, rows) for table, rows in found if rows],
        "unanswered": [table for table in tables if table.found is None],
        "job": job(text),
    }
    name = "jobs/found_in_systems.html" if getattr(request, "htmx", False) else "jobs/search_systems.html"
    return render(request, name, context)


def url(table: Table, record: FoundRecord) -> str:
    if record.coupling is not None:
        return reverse("jobs:coupling", args=[record.coupling])
    asked = {"mapping": table.mapping.name, "side": table.side.value, "key": record.key}
    return f"{reverse('jobs:record')}?{urlencode(asked)}"


def job(text: str) -> SyncJob | None:
    """The job with this number."""
    is_number = text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST
    return SyncJob.objects.select_related("mapping").filter(pk=int(text)).first() if is_number else None
