"""Coupled Data Synchronization Errors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from couplings import bulk, error_actions, lists, messages, saved_views, sides
from couplings.causes import Cause, causes
from couplings.facets import Facets, Option
from couplings.filters import ErrorFilter
from couplings.models import SyncError, TableMapping
from couplings.roles import CONFIGURE, DELETE, SYNCHRONIZE, UNCOUPLE
from couplings.shown import number
from couplings.tables import KIND_LABELS, ErrorTable

CAUSES = 12
# To how many of a whole view each action applies is counted as long as that takes no time; the confirmation says it.
COUNTED = 20_000


@dataclass(frozen=True)
class Menu:
    """One part of the filter: its values as links; ``without`` is the query string that takes it away."""

    label: str
    options: list[Option]
    chosen: Any
    without: str


@dataclass(frozen=True)
class Group:
    """The errors of one cause; ``query`` lists them."""

    cause: Cause
    query: str
    current: bool

    @property
    def whole(self) -> str:
        """What selects it."""
        text = ngettext("select it", "select all %(number)s", self.cause.count)
        return text % {"number": number(self.cause.count)}

    @property
    def title(self) -> str:
        """What tells it from the others at a glance: “CUSTOMER · conflict · phone / telephone”."""
        error = self.cause.example
        owner = self.cause.mapping or str(error.connection)
        return " · ".join([owner, str(KIND_LABELS[error.kind]), *messages.fields_of(error)])


@login_required
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """The page; without a query string, what its reader has chosen to open it with."""
    user = request.user if isinstance(request.user, User) else None
    views = saved_views.of(user, request.GET)
    if not request.GET and (query := saved_views.opening(views)):
        return redirect(f"{request.path}?{query}")
    chosen = ErrorFilter(request.GET, user)
    _alias, order = ErrorTable.sorting(request)
    mappings = lists.mappings()
    shown = lists.page_of_errors(chosen, order, request.GET, known_mappings=mappings)
    facets = Facets(chosen, mappings)
    total = facets.total()
    acts = any(request.user.has_perm(name) for name in (SYNCHRONIZE, UNCOUPLE, DELETE))
    context = {
        "filter": chosen,
        "facets": facets,
        "total": total,
        "menus": list(menus(chosen, facets)),
        "groups": groups(chosen, mappings),
        "sort": sort_of(request),
        "sides": sides.of(mappings, chosen.value("mapping")),
        "table": ErrorTable(shown, request, exclude=() if acts else ("selected",)),
        "page": shown,
        "acts": acts,
        "views": views,
        "current_view": next((view for view in views if view.current), None),
        "saved": saved_views.saved_query(request.GET),
        "shares": request.user.has_perm(CONFIGURE),
        **selection(request, chosen, total.value),
        **progress(),
    }
    return render(request, "couplings/errors.html", context)


@login_required
@require_safe
def errors_progress(request: HttpRequest) -> HttpResponse:
    """How far actions on many errors are, for a page that stays open."""
    return render(request, "couplings/error_progress.html", progress() | {"polled": True})


def progress() -> dict[str, Any]:
    running = bulk.running()
    return {"running": running, "pause": bulk.pause(running)}


def menus(chosen: ErrorFilter, facets: Facets) -> Iterator[Menu]:
    """The parts of the filter that have something to choose from."""
    parts = {
        "mapping": (_("Table"), facets.mappings),
        "kind": (_("Kind"), facets.kinds),
        "state": (_("State"), facets.each_state),
        "assigned": (_("Assigned"), facets.assigned),
        "age": (_("Age"), facets.ages),
    }
    for name, (label, options) in parts.items():
        current = next((option.label for option in options if option.current), None)
        if options:
            yield Menu(label, options, current, chosen.query(**{name: ""}))


def groups(chosen: ErrorFilter, mappings: list[TableMapping]) -> list[Group]:
    """The causes of what the rest of the filter shows; the one that is chosen, if any, is marked."""
    rest = ErrorFilter(chosen.chosen | {"cause": ""}, chosen.user) if chosen.value("cause") else chosen
    return [
        Group(
            cause,
            rest.query(cause=cause.key, mapping=cause.mapping or rest.value("mapping")),
            cause.key == chosen.value("cause"),
        )
        for cause in causes(rest, CAUSES, mappings)
    ]


def sort_of(request: HttpRequest) -> str:
    """The order as a part of a query string, for links that change the filter."""
    sort = request.GET.get("sort")
    return "&" + urlencode({"sort": sort}) if sort else ""


def selection(request: HttpRequest, chosen: ErrorFilter, total: int) -> dict[str, Any]:
    """Whether the whole view is selected, and to how many of it each action applies."""
    whole = request.GET.get("select") == "view" and total > 0
    counted = whole and total <= COUNTED
    return {
        "whole": whole,
        "fitting": error_actions.fitting(chosen.apply(SyncError.objects.open())) if counted else None,
    }
