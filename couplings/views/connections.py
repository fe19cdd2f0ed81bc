from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from couplings.models import Connection


@login_required
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    context = {"connections": Connection.objects.all(), "now": timezone.now()}
    return render(request, "couplings/connections.html", context)
