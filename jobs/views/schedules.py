from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.services import schedules as service


@login_required
@require_safe
def schedules(request: HttpRequest) -> HttpResponse:
    """What runs when."""
    return render(request, "jobs/schedules.html", {"rows": service.schedules()})
