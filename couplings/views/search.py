from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from couplings import tell_me

LONGEST = 200
AT_ONCE = 5  # of each kind, while somebody is typing


@login_required
@require_safe
@vary_on_headers("HX-Request")
def search(request: HttpRequest) -> HttpResponse:
    """Tell Me; to a script that asks while somebody is typing, the first answers alone."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    typing = bool(getattr(request, "htmx", False))
    sections = tell_me.tell(text, request.user, AT_ONCE) if typing else tell_me.tell(text, request.user)
    context = {"q": text, "sections": sections, "count": tell_me.count(sections), "errors_url": tell_me.more(text)}
    return render(request, "couplings/told.html" if typing else "couplings/search.html", context)
