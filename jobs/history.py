"""How the last days went, for the home page: what jobs did day by day, and how many errors were open hour by hour.

Both are written as they come, so that the page reads a few hundred small rows however many records there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from couplings.models import SyncError
from couplings.models.error import BY_ITSELF, NEEDS_PERSON, State
from jobs.models import ENDED, OUTCOMES, DayTotal, Kind, OpenErrors, SyncJob

DAYS = 14
# What the errors page lists: whoever ignores an error does not want to hear of it until its date.
LISTED = (*NEEDS_PERSON, *BY_ITSELF)
KEPT = timedelta(days=400)

_SAMPLE = """
    INSERT INTO jobs_openerrors (at, count)
    SELECT date_trunc('hour', now()), (SELECT coalesce(sum(number), 0) FROM couplings_errorcount WHERE state = ANY(%s))
    WHERE NOT EXISTS (SELECT FROM jobs_openerrors WHERE at = date_trunc('hour', now()))
    ON CONFLICT (at) DO NOTHING
"""


@dataclass(frozen=True)
class Day:
    """What jobs did to records on a day of the installation's time zone: ``outcomes`` by name, without the zeros."""

    day: date
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Level:
    """How many errors were open ``at`` a moment."""

    at: datetime
    count: int


def sample() -> None:
    """Note how many errors are open, once in every hour in which this is called; another beat that does the same finds
    it done."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [list(LISTED)])


def forget() -> None:
    """Delete figures that no page shows any more."""
    OpenErrors.objects.filter(at__lt=Now() - KEPT).delete()
    DayTotal.objects.filter(day__lt=timezone.localdate() - KEPT).delete()


def days(count: int = DAYS) -> list[Day]:
    """What jobs did on each of the last ``count`` days, today last, also on days without any."""
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    shown = [today - timedelta(days=back) for back in reversed(range(count))]
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for day, name, value in [*_folded(shown[0]), *_fresh()]:
        found[day][name] = found[day].get(name, 0) + value
    return [Day(day, {name: found[day][name] for name in OUTCOMES if found[day].get(name)}) for day in shown]


def _folded(since: date) -> Iterator[tuple[date, str, int]]:
    yield from DayTotal.objects.filter(day__gte=since).values_list("day", "name", "value")


def _fresh() -> Iterator[tuple[date, str, int]]:
    """The few jobs that the totals do not have yet."""
    ended = SyncJob.objects.filter(counted=False, state__in=ENDED, finished__isnull=False).exclude(kind=Kind.PREVIEW)
    day = TruncDate("finished", tzinfo=timezone.get_default_timezone())
    by_day = ended.annotate(day=day).values_list("day").annotate(**{f"sum_{name}": Sum(name) for name in OUTCOMES})
    for row in by_day.values_list("day", *(f"sum_{name}" for name in OUTCOMES)):
        yield from ((row[0], name, value) for name, value in zip(OUTCOMES, row[1:], strict=True))


def levels(count: int = DAYS) -> list[Level]:
    """The numbers of open errors of the last ``count`` days, one an hour at most, the oldest first."""
    since = timezone.now() - timedelta(days=count)
    found = OpenErrors.objects.filter(at__gte=since).order_by("at")
    return [Level(at, number) for at, number in found.values_list("at", "count")]


def by_day(levels: Iterable[Level]) -> list[Level]:
    """The last of ``levels`` on each day, in their order."""
    return list({timezone.localtime(level.at).date(): level for level in levels}.values())


def oldest_error() -> SyncError | None:
    """The error that has been open longest, ignored ones aside."""
    related = ("mapping__left_connection", "mapping__right_connection", "connection")
    listed = SyncError.objects.open().exclude(state=State.IGNORED).select_related(*related)
    return listed.order_by("first_seen", "last_seen", "pk").first()
