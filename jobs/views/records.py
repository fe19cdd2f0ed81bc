"""The list of one system's records."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from couplings.models import TableMapping
from jobs.forms import RecordFilter
from jobs.services import record_lists as service
from jobs.services.errors import Refused
from jobs.services.record_lists import ListedRecord, Listing, Wanted
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction

RELATED = ("left_connection", "right_connection")
COLUMNS = 4  # values beside what a record is called


@login_required
@require_safe
def records(request: HttpRequest) -> HttpResponse:
    """The records of one side of a mapping; without a mapping, all there is to choose from."""
    chosen = RecordFilter(request.GET)
    mappings = list(TableMapping.objects.select_related(*RELATED).prefetch_related("fields"))
    if not chosen.data.get("mapping"):
        return render(request, "jobs/tables.html", {"rows": mappings})
    mapping = next((one for one in mappings if one.name == str(chosen.data["mapping"]).upper()), None)
    if mapping is None or not chosen.is_valid():
        raise Http404
    context = {"filter": chosen, "mapping": mapping, "mappings": mappings, "side": chosen.side_chosen.value}
    direction = Direction(mapping.direction)
    context["sides"] = {side.value: mapping.side_name(side) for side in Side if direction.writes(side.other)}
    return render(request, "jobs/records.html", context | listed(mapping, chosen))


def listed(mapping: TableMapping, chosen: RecordFilter) -> dict[str, Any]:
    try:
        page = service.page(mapping, chosen.side_chosen, wanted(chosen))
    except Refused as refused:
        return {"listing": Listing(), "problem": (refused.code, refused.params)}
    names = columns(page)
    return {"listing": page, "columns": names, "rows": [(row, cells(row, names)) for row in page.rows]}


def wanted(chosen: RecordFilter) -> Wanted:
    text, field, after, before = (chosen.value(name) for name in ("q", "field", "after", "before"))
    return Wanted(text[: chosen.LONGEST], field, chosen.coupled, after, before)


def columns(page: Listing) -> list[str]:
    """The first fields besides the one that records are called by, and the key, which stands beside that name."""
    called = next((field.name for field in page.fields if field.is_text), "")
    values = [(row.record.key, dict(row.record.values)) for row in page.rows]
    others = (field.name for field in page.fields if field.name != called)
    return [name for name in others if not all(str(known.get(name)) == key for key, known in values)][:COLUMNS]


def cells(row: ListedRecord, names: list[str]) -> list[tuple[str, str | bool | None]]:
    values = dict(row.record.values)
    return [(name, values.get(name)) for name in names]
