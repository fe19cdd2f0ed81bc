"""Where other applications link to: a record by its own key."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couplings.models import SyncError, TableMapping
from jobs.services import couplings as service
from syncstatus.engine.records import Side


@login_required
@require_safe
def by_key(request: HttpRequest) -> HttpResponse:
    """The record's page; without a coupling its open error, else Set Up Coupling with the record chosen."""
    side, key = _side(request.GET.get("side", "left")), request.GET.get("key", "")
    mapping = get_object_or_404(TableMapping, name=request.GET.get("mapping", "").upper())
    keys = [key, service.compact(key)]
    coupling = service.of_keys(mapping, side, keys).first()
    if coupling is not None:
        return redirect("jobs:coupling", pk=coupling.pk)
    error = SyncError.objects.open().filter(**{"mapping": mapping, f"{side.value}_key__in": keys}).first()
    if error is not None:
        return redirect("jobs:error", pk=error.pk)
    told = {"side": mapping.side_name(side), "key": key}
    messages.info(request, _("The record %(key)s in %(side)s is not coupled.") % told)
    return redirect(f"{reverse('jobs:set_up_coupling')}?{urlencode({'mapping': mapping.name, side.value: keys[1]})}")


def _side(name: str) -> Side:
    try:
        return Side(name)
    except ValueError:
        raise Http404 from None
