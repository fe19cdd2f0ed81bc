from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from couplings.tell_me import tell

LONGEST = 200


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Tell Me."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    return render(request, "couplings/search.html", {"q": text, "answer": tell(text)})
