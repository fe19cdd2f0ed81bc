from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from couplings.models import Connection, SyncError


@login_required
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    error = SyncError.objects.open().filter(connection=OuterRef("pk"), mapping=None)
    found = Connection.objects.annotate(attempts=Subquery(error.values("attempts")[:1]))
    context = {"connections": found, "now": timezone.now()}
    return render(request, "couplings/connections.html", context)
