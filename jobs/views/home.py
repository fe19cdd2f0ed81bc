from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from couplings import counts
from couplings.models import Connection, Coupling, TableMapping
from couplings.models.error import BY_ITSELF, NEEDS_PERSON, State
from couplings.paging import Count, bounded_count
from couplings.roles import CONFIGURE, CONNECT, SYNCHRONIZE
from jobs import charts, history
from jobs.filters import JobFilter
from jobs.models import SyncJob

SHOWN = 8
# The one style sheet of a chart stands inside the image; everything else stays as forbidden as on a page.
OF_AN_IMAGE = {"script-src": [NONE], "style-src": [UNSAFE_INLINE]}


@dataclass(frozen=True)
class Step:
    """``command`` does the same as the page behind ``url_name``."""

    caption: str
    url_name: str
    command: str
    done: bool


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    tiles = open_errors()
    tiles |= {"failed": jobs_with(state="failed", since="day"), "running": jobs_with(state="running")}
    connections = list(Connection.objects.all())
    mappings = list(TableMapping.objects.select_related("left_connection", "right_connection"))
    context = {
        "tiles": tiles,
        "oldest": history.oldest_error(),
        "connections": connections,
        "mappings": mappings,
        "upcoming": upcoming(mappings),
        "jobs": SyncJob.objects.select_related("mapping", "requested_by").order_by("-pk")[:SHOWN],
        "steps": first_steps(request.user, connections, mappings),
        "all_well": is_calm(tiles, connections),
        "now": timezone.now(),
        **figures(tiles),
    }
    return render(request, "jobs/home.html", context)


@login_required
@require_safe
@csp_replace(OF_AN_IMAGE)
def outcomes_chart(request: HttpRequest) -> HttpResponse:
    """What jobs did on each of the last days, as an image."""
    return image(charts.outcomes(history.days(), narrow="narrow" in request.GET))


@login_required
@require_safe
@csp_replace(OF_AN_IMAGE)
def errors_chart(request: HttpRequest) -> HttpResponse:
    """How many errors were open in the last days, as an image."""
    return image(charts.errors(levels_until_now(open_errors()), timezone.localtime(), narrow="narrow" in request.GET))


def image(svg: str) -> HttpResponse:
    return HttpResponse(svg, content_type="image/svg+xml")


def figures(open_now: dict[str, Count]) -> dict[str, Any]:
    """The tables beside the charts, today first."""
    days, levels = history.days(), levels_until_now(open_now)
    shown = [(day.day, [day.outcomes.get(name, 0) for name in charts.DRAWN]) for day in reversed(days)]
    return {
        "outcome_names": charts.captions(),
        "days": shown,
        "any_outcome": any(count for _day, counts in shown for count in counts),
        "levels": list(reversed(history.by_day(levels))),
    }


def levels_until_now(open_now: dict[str, Count]) -> list[history.Level]:
    """The hourly figures, and what is open at this moment."""
    levels = history.levels()
    number = open_now["needs_person"].value + open_now["by_itself"].value
    return [*levels, history.Level(timezone.now(), number)]


def open_errors() -> dict[str, Count]:
    """Those a person is needed for, those that go on by themselves, and the held ones among the first."""
    by_state: Counter[str] = Counter()
    for group, number in counts.groups().items():
        by_state[group.state] += number
    states = {"needs_person": NEEDS_PERSON, "by_itself": BY_ITSELF, "held": (State.HELD,)}
    return {name: Count(sum(by_state[state] for state in group)) for name, group in states.items()}


def jobs_with(**chosen: str) -> Count:
    return bounded_count(JobFilter(chosen).apply(SyncJob.objects.all()))


def first_steps(user: Any, connections: list[Connection], mappings: list[TableMapping]) -> list[Step]:
    """From nothing to the first synchronization; empty when all of it is done. Both tables may be of one system. Each
    leads to where ``user`` can do it or, where that is for others, see it."""
    apply, run = "manage.py config apply FILE", "manage.py sync --all --first"
    add, list_ = "jobs:connection_add", "couplings:connections"
    map_, first, mapped = "jobs:mapping_add", "jobs:first", "jobs:mappings"
    connected = bool(mappings) or len(connections) > 1
    steps = [
        Step(_("Connect two systems"), add if user.has_perm(CONNECT) else list_, apply, connected),
        Step(_("Map a table"), map_ if user.has_perm(CONFIGURE) and connected else mapped, apply, bool(mappings)),
        Step(
            _("See what the first run would do, then let it run"),
            first if user.has_perm(SYNCHRONIZE) else mapped,
            run,
            Coupling.objects.exists(),
        ),
    ]
    return [] if all(step.done for step in steps) else steps


def upcoming(mappings: list[TableMapping]) -> list[TableMapping]:
    """What runs next, the soonest first."""
    planned = [mapping for mapping in mappings if mapping.next_run and mapping.enabled and not mapping.paused]
    return sorted(planned, key=next_run)[:SHOWN]


def next_run(mapping: TableMapping) -> datetime:
    return mapping.next_run or timezone.now()


def is_calm(tiles: dict[str, Count], connections: list[Connection]) -> bool:
    """Nothing waits for anybody: no error, no failed job, no system that does not answer."""
    troubles = [tiles[name].value for name in ("needs_person", "by_itself", "failed")]
    return not any(troubles) and all(connection.healthy is not False for connection in connections)
