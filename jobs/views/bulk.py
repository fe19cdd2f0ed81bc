"""Cancel for actions on many errors."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import ngettext

from couplings.models import BulkRequest
from couplings.roles import SYNCHRONIZE
from couplings.shown import number
from jobs.services import bulk as service
from jobs.views.answers import back, form_of


@login_required
@form_of("couplings:errors", same=False)
@permission_required(SYNCHRONIZE, raise_exception=True)
def cancel_bulk(request: HttpRequest, pk: int) -> HttpResponse:
    withdrawn = service.cancel(get_object_or_404(BulkRequest, pk=pk))
    text = ngettext(
        "%(count)s error was not begun yet and stays as it is. What has begun is finished.",
        "%(count)s errors were not begun yet and stay as they are. What has begun is finished.",
        withdrawn,
    )
    messages.success(request, text % {"count": number(withdrawn)})
    return back(request, reverse("couplings:errors"))
