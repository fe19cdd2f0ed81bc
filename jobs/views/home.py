from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from couplings.filters import ErrorFilter
from couplings.models import Connection, Coupling, SyncError, TableMapping
from couplings.paging import Count, bounded_count
from jobs.forms import JobFilter
from jobs.models import SyncJob

SHOWN = 8


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    tiles = {name: errors_with(state=name) for name in ("needs_person", "by_itself")}
    tiles |= {"failed": jobs_with(state="failed", since="day"), "running": jobs_with(state="running")}
    connections = list(Connection.objects.all())
    mappings = list(TableMapping.objects.select_related("left_connection", "right_connection"))
    context = {
        "tiles": tiles,
        "held": errors_with(state="held"),
        "connections": connections,
        "mappings": mappings,
        "upcoming": upcoming(mappings),
        "jobs": SyncJob.objects.select_related("mapping", "requested_by").order_by("-pk")[:SHOWN],
        "coupled": Coupling.objects.exists(),
        "all_well": is_calm(tiles, connections),
        "now": timezone.now(),
    }
    return render(request, "jobs/home.html", context)


def errors_with(**chosen: str) -> Count:
    return bounded_count(ErrorFilter(chosen).apply(SyncError.objects.all()))


def jobs_with(**chosen: str) -> Count:
    return bounded_count(JobFilter(chosen).apply(SyncJob.objects.all()))


def upcoming(mappings: list[TableMapping]) -> list[TableMapping]:
    """What runs next, the soonest first."""
    planned = [mapping for mapping in mappings if mapping.next_run and mapping.enabled and not mapping.paused]
    return sorted(planned, key=next_run)[:SHOWN]


def next_run(mapping: TableMapping) -> datetime:
    return mapping.next_run or timezone.now()


def is_calm(tiles: dict[str, Count], connections: list[Connection]) -> bool:
    """Nothing waits for anybody: no error, no failed job, no system that does not answer."""
    troubles = [tiles[name].value for name in ("needs_person", "by_itself", "failed")]
    return not any(troubles) and all(connection.healthy is not False for connection in connections)
