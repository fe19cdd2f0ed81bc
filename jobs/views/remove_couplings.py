"""Remove Couplings of a whole mapping, asked and done."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from couplings.models import TableMapping
from couplings.roles import UNCOUPLE
from couplings.shown import number
from jobs.services import mappings as service


@login_required
@permission_required(UNCOUPLE, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_couplings(request: HttpRequest, name: str) -> HttpResponse:
    """The question with the number; it is asked again when there are more by now than a person has read."""
    related = ("left_connection", "right_connection")
    found = get_object_or_404(TableMapping.objects.select_related(*related), name=name)
    count = found.couplings.count()
    if request.method != "POST" or count > confirmed(request):
        return render(request, "jobs/remove_couplings.html", {"mapping": found, "count": count})
    removed, left = service.remove_couplings(found, user=request.user if isinstance(request.user, User) else None)
    text = ngettext("%(count)s coupling was removed.", "%(count)s couplings were removed.", removed)
    messages.success(request, text % {"count": number(removed)})
    if not left:
        return redirect("jobs:mapping", name=name)
    text = _("%(count)s are left: either it is many, which go in steps, or jobs have them in work. Confirm once more.")
    messages.warning(request, text % {"count": number(left)})
    return redirect("jobs:remove_couplings", name=name)


def confirmed(request: HttpRequest) -> int:
    text = request.POST.get("confirmed", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else 0
