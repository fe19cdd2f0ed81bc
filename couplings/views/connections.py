from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from couplings.configuration import history
from couplings.connection_uses import users
from couplings.models import Connection, SyncError

VERSIONS = 10


@login_required
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    rows = list(with_attempts(Connection.objects.all()))
    used = users()
    shown = [{"connection": row, "users": used.get(row.pk, [])} for row in rows]
    return render(request, "couplings/connections.html", {"rows": shown, "now": timezone.now()})


@login_required
@require_safe
def connection(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection: its health, what uses it, and how it came to be as it is."""
    found = get_object_or_404(with_attempts(Connection.objects.all()), pk=pk)
    error = SyncError.objects.open().filter(connection=found, mapping=None).first()
    context: dict[str, Any] = {
        "connection": found,
        "users": users().get(found.pk, []),
        "error": error,
        "versions": history.versions("connection", found.name)[:VERSIONS],
        "now": timezone.now(),
    }
    return render(request, "couplings/connection.html", context)


def with_attempts(rows: QuerySet[Connection]) -> QuerySet[Connection]:
    error = SyncError.objects.open().filter(connection=OuterRef("pk"), mapping=None)
    return rows.annotate(attempts=Subquery(error.values("attempts")[:1]))
