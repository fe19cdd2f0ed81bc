from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from couplings.models import Connection
from couplings.roles import SYNCHRONIZE
from jobs.services import connections as service
from jobs.views.answers import form_of


@login_required
@form_of("couplings:connections", same=False)
@permission_required(SYNCHRONIZE, raise_exception=True)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Check now."""
    found = get_object_or_404(Connection, pk=pk)
    if service.check(found).healthy:
        messages.success(request, _("%(connection)s answers.") % {"connection": found.name})
    else:
        messages.error(request, _("%(connection)s does not answer as it should.") % {"connection": found.name})
    return redirect("couplings:connections")
