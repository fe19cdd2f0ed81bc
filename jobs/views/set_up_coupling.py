"""Set Up Coupling: a person chooses a record in each system, looks at both, and couples them."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from couplings.messages import named
from couplings.messages import render as sentence
from couplings.models import TableMapping
from couplings.roles import UNCOUPLE
from jobs.forms import SetUpCouplingForm
from jobs.services import couplings as service
from jobs.services import records
from jobs.services.comparison import compare
from jobs.services.errors import Refused
from jobs.services.records import FoundRecord
from jobs.views.answers import coupled
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side


@dataclass
class Half:
    """One side of the page: the record that was chosen there, or those to choose from.

    ``kept`` is what a form of this side sends along, so that choosing here forgets nothing on the other side;
    ``problem`` is a message (code, params) when the system cannot be asked.
    """

    side: Side
    key: str
    text: str
    kept: dict[str, str]
    record: FoundRecord | None = None
    found: list[FoundRecord] = field(default_factory=list)
    problem: tuple[str, dict[str, Any]] | None = None

    @property
    def ready(self) -> bool:
        return self.record is not None and self.record.coupling is None and self.record.included

    @property
    def limit(self) -> int | None:
        """The number of records that are offered, when there may be more."""
        return records.LIMIT if len(self.found) >= records.LIMIT else None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_coupling(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return couple(request)
    return show(request, SetUpCouplingForm(request.GET))


@permission_required(UNCOUPLE, raise_exception=True)
def couple(request: HttpRequest) -> HttpResponse:
    form = SetUpCouplingForm(request.POST)
    mapping = named_mapping(form.value("mapping"))
    left, right = form.value("left"), form.value("right")
    if mapping is None or not left or not right:
        messages.warning(request, _("Choose a record in both systems first."))
        return show(request, form, status=409)
    user = request.user if request.user.is_authenticated else None
    try:
        coupling = service.add(mapping, left, right, user=user, queue=True, use=form.use_side)
    except Refused as refused:
        return refuse(request, form, mapping, refused.code, refused.params)
    except ConnectorError as error:
        return refuse(request, form, mapping, error.code, {**error.params, "detail": error.detail})
    messages.success(request, coupled(mapping, left, right))
    return redirect("jobs:coupling", pk=coupling.pk)


def refuse(
    request: HttpRequest, form: SetUpCouplingForm, mapping: TableMapping, code: str, params: dict[str, Any]
) -> HttpResponse:
    """Says why not; what was chosen stays chosen."""
    messages.warning(request, sentence(code, {"mapping": mapping.name, **named(params, mapping)}))
    return show(request, form, status=409)


def show(request: HttpRequest, form: SetUpCouplingForm, status: int = 200) -> HttpResponse:
    mapping = named_mapping(form.value("mapping"))
    context: dict[str, Any] = {"mapping": mapping, "unknown": form.value("mapping")}
    if mapping is None:
        context["mappings"] = TableMapping.objects.select_related("left_connection", "right_connection")
    else:
        context |= chosen(form, mapping)
    return render(request, "jobs/set_up_coupling.html", context, status=status)


def named_mapping(name: str) -> TableMapping | None:
    related = ("left_connection", "right_connection")
    found = TableMapping.objects.select_related(*related).prefetch_related("fields").filter(name=name)
    return found.first() if name else None


def chosen(form: SetUpCouplingForm, mapping: TableMapping) -> dict[str, Any]:
    """Both sides, and the records side by side when both are chosen and can be coupled."""
    halves = [half(form, mapping, side) for side in Side]
    ready = all(one.ready for one in halves)
    compared = compare(mapping, form.value("left"), form.value("right"), None) if ready else None
    asked = [row for row in compared.rows if row.conflict] if compared else []
    return {"halves": halves, "comparison": compared, "asked": len(asked), "kept": form.chosen}


def half(form: SetUpCouplingForm, mapping: TableMapping, side: Side) -> Half:
    own = {side.value, f"q_{side.value}"}
    kept = {name: text for name, text in form.chosen.items() if name not in own}
    shown = Half(side, form.value(side.value), form.searched(side), kept)
    try:
        fill(shown, mapping, form.value(side.other.value))
    except Refused as refused:
        shown.problem = (refused.code, refused.params)
    return shown


def fill(shown: Half, mapping: TableMapping, partner: str) -> None:
    """The record with the key, else what the search finds, else what the partner's error names."""
    if shown.key:
        shown.record = next(iter(records.by_key(mapping, shown.side, [shown.key])), None)
        if shown.record is None:
            raise Refused("record_not_found", side=shown.side.value, key=shown.key)
    elif shown.text:
        shown.found = records.search(mapping, shown.side, shown.text)
    elif partner:
        shown.found = records.candidates(mapping, shown.side, partner)
