"""The pages and actions that Tell Me knows, by the names and other words people have for them in every language."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, override

from couplings.ranking import fold, rank, similar
from couplings.roles import AUDIT, CONFIGURE, CONNECT, DELETE, PEOPLE, SYNCHRONIZE, UNCOUPLE


@dataclass(frozen=True)
class Place:
    """A page or an action. ``name`` is a caption in English, ``query`` what leads to its part of the page,
    ``permission`` what it takes; ``also`` are other words for it in English, parted by commas."""

    name: str
    url_name: str
    query: str = ""
    permission: str = ""
    also: str = ""

    @property
    def label(self) -> str:
        return gettext(self.name)

    @property
    def url(self) -> str:
        return reverse(self.url_name) + self.query


PLACES = [
    Place(gettext_noop("Home"), "jobs:home", also=gettext_noop("status, overview, start, dashboard")),
    Place(
        gettext_noop("Coupled Data Synchronization Errors"),
        "couplings:errors",
        also=gettext_noop("errors, problems, conflicts, skipped records"),
    ),
    Place(
        gettext_noop("Errors assigned to me"), "couplings:errors", "?assigned=me", also=gettext_noop("my errors, to do")
    ),
    Place(gettext_noop("Retry"), "couplings:errors", permission=SYNCHRONIZE, also=gettext_noop("try again, repeat")),
    Place(gettext_noop("Retry All"), "couplings:errors", permission=SYNCHRONIZE),
    Place(gettext_noop("Synchronize"), "couplings:errors", permission=SYNCHRONIZE, also=gettext_noop("solve conflict")),
    Place(
        gettext_noop("Restore Records"),
        "couplings:errors",
        "?kind=deleted",
        SYNCHRONIZE,
        gettext_noop("bring back, create again"),
    ),
    Place(gettext_noop("Delete Records"), "couplings:errors", "?kind=deleted", DELETE, gettext_noop("remove records")),
    Place(gettext_noop("Broken couplings"), "couplings:errors", "?kind=deleted"),
    Place(
        gettext_noop("Find for Deleted"), "jobs:mappings", "", SYNCHRONIZE, gettext_noop("search for deleted records")
    ),
    Place(
        gettext_noop("Held deletions"), "jobs:held", also=gettext_noop("guard, approve deletions, discard deletions")
    ),
    Place(gettext_noop("Records"), "jobs:records", also=gettext_noop("customers, contacts, items, tables")),
    Place(gettext_noop("Coupled records"), "couplings:couplings", also=gettext_noop("couplings, pairs")),
    Place(
        gettext_noop("Set Up Coupling"),
        "jobs:set_up_coupling",
        "",
        SYNCHRONIZE,
        gettext_noop("couple, link records, connect records"),
    ),
    Place(gettext_noop("Remove Coupling"), "couplings:couplings", "", UNCOUPLE, gettext_noop("uncouple, unlink")),
    Place(gettext_noop("Synchronization Log"), "couplings:couplings", also=gettext_noop("history of a record")),
    Place(
        gettext_noop("Integration Table Mappings"), "jobs:mappings", also=gettext_noop("rules, fields, tables, filters")
    ),
    Place(gettext_noop("Map two tables"), "jobs:mapping_add", "", CONFIGURE, gettext_noop("add, new mapping")),
    Place(gettext_noop("Match-Based Coupling"), "jobs:mappings", "", SYNCHRONIZE, gettext_noop("match, find partners")),
    Place(gettext_noop("First synchronization"), "jobs:first", "", SYNCHRONIZE, gettext_noop("initial load, begin")),
    Place(gettext_noop("Preview"), "jobs:mappings", "", SYNCHRONIZE, gettext_noop("dry run, what would happen")),
    Place(gettext_noop("Synchronize Modified Records"), "jobs:mappings", "", SYNCHRONIZE, gettext_noop("run, start")),
    Place(gettext_noop("Run Full Synchronization"), "jobs:mappings", "", SYNCHRONIZE, gettext_noop("compare all")),
    Place(gettext_noop("Integration Synchronization Jobs"), "jobs:jobs", also=gettext_noop("runs, tasks, progress")),
    Place(gettext_noop("Failed jobs"), "jobs:jobs", "?state=failed"),
    Place(gettext_noop("Jobs in process"), "jobs:jobs", "?state=running", also=gettext_noop("running, cancel, pause")),
    Place(gettext_noop("Plans to be approved"), "jobs:jobs", "?state=planned", also=gettext_noop("apply a preview")),
    Place(gettext_noop("Undo"), "jobs:jobs", "?state=finished", SYNCHRONIZE, gettext_noop("take back, roll back")),
    Place(gettext_noop("Schedules"), "jobs:schedules", also=gettext_noop("when, next runs, run now, pause")),
    Place(gettext_noop("Connections"), "couplings:connections", also=gettext_noop("systems, databases, health")),
    Place(
        gettext_noop("Connect a system"), "jobs:connection_add", "", CONNECT, gettext_noop("add a connection, database")
    ),
    Place(gettext_noop("People"), "couplings:people", "", PEOPLE, gettext_noop("users, roles, permissions, rights")),
    Place(gettext_noop("Audit log"), "couplings:audit", "", AUDIT, gettext_noop("who did what, actions")),
    Place(gettext_noop("Change the password"), "password_change"),
]


@dataclass(frozen=True)
class Ranked:
    """A place that ``rank`` puts in its order: the smaller the better."""

    rank: int
    place: Place


def offered(user: Any) -> list[Place]:
    """The places that are open to ``user``."""
    return [place for place in PLACES if not place.permission or user.has_perm(place.permission)]


def find(text: str, user: Any) -> list[Ranked]:
    """The places that ``text`` can mean, in any language, the likeliest first. Only where it is the name of nothing,
    those with a name much like it."""
    wanted = fold(text)
    open_to = offered(user)
    found = [Ranked(best, place) for place in open_to if (best := _best(wanted, place)) is not None]
    found = found or [Ranked(near, place) for place in open_to if (near := similar(wanted, _names(place))) is not None]
    return sorted(found, key=lambda one: one.rank)


def _best(wanted: str, place: Place) -> int | None:
    """Its own names count more than other words for it."""
    ranks = [2 * rank(wanted, name) for name in _names(place) if rank(wanted, name) is not None]  # type: ignore[operator]
    ranks += [2 * found + 1 for word in _others(place) if (found := rank(wanted, word)) is not None]
    return min(ranks, default=None)


@cache
def _names(place: Place) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold(name) for name in _in_every_language(place.name)))


@cache
def _others(place: Place) -> tuple[str, ...]:
    lists = _in_every_language(place.also) if place.also else ()
    return tuple(dict.fromkeys(fold(word) for words in lists for word in words.split(",")))


def _in_every_language(text: str) -> Iterator[str]:
    for language, _name in settings.LANGUAGES:
        with override(language):
            yield gettext(text)
