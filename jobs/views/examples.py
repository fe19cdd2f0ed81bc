"""What the two systems say to a mapping now: how many records it is about, and what it makes of one of them.

Both are asked after the mapping's page is there, so that a system which does not answer keeps nobody waiting.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from couplings import filters_in_words
from couplings.models import TableMapping
from jobs.services import counting
from jobs.services import examples as service
from syncstatus.engine.records import Side

RELATED = ("left_connection", "right_connection")


@login_required
@require_safe
def mapping_counts(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(TableMapping.objects.select_related(*RELATED), name=name)
    counts = [
        vars(count) | {"told": filters_in_words.conditions(count.filter)} for count in counting.counts(found).values()
    ]
    page = "jobs/mapping_counts_part.html" if is_part(request) else "jobs/mapping_counts.html"
    return render(request, page, {"mapping": found, "counts": counts})


@login_required
@require_safe
def mapping_example(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(TableMapping.objects.select_related(*RELATED).prefetch_related("fields"), name=name)
    page = "jobs/example_part.html" if is_part(request) else "jobs/example.html"
    return render(request, page, shown(request, found))


def shown(request: HttpRequest, mapping: TableMapping) -> dict[str, Any]:
    """The record that the query string asks for, else one that tells most."""
    side = Side.RIGHT if request.GET.get("side") == Side.RIGHT else Side.LEFT
    key = request.GET.get("key", "").strip()
    found = service.example(mapping, side=side, key=key)
    places = [{"side": one, "name": mapping.side_name(one), "key": found.keys[one]} for one in Side]
    return {"mapping": mapping, "example": found, "places": places, "side": side, "key": key}


def is_part(request: HttpRequest) -> bool:
    """Whether a page asks for this to be put into it."""
    return bool(getattr(request, "htmx", False))
