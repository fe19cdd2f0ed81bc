"""Where other applications link to: a record by its own key."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from couplings.models import SyncError, TableMapping
from jobs.services import couplings as service
from syncstatus.engine.records import Side


@login_required
@require_safe
def by_key(request: HttpRequest, mapping: str = "", side: str = "", key: str = "") -> HttpResponse:
    """The pair's page; without a coupling the record's open error, else the page of the record, which also says when
    there is none. The address names the record, or its query string does."""
    named = mapping or request.GET.get("mapping", "")
    where, key = _side(side or request.GET.get("side", "left")), key or request.GET.get("key", "")
    found = get_object_or_404(TableMapping, name=named.upper())
    keys = [key, service.compact(key)]
    coupling = service.of_keys(found, where, keys).first()
    if coupling is not None:
        return redirect("jobs:coupling", pk=coupling.pk)
    error = SyncError.objects.open().filter(**{"mapping": found, f"{where.value}_key__in": keys}).first()
    if error is not None:
        return redirect("jobs:error", pk=error.pk)
    if not key:
        raise Http404
    record = {"mapping": found.name, "side": where.value, "key": keys[1]}
    return redirect(f"{reverse('jobs:record')}?{urlencode(record)}")


def _side(name: str) -> Side:
    try:
        return Side(name)
    except ValueError:
        raise Http404 from None
