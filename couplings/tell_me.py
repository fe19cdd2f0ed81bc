"""Tell Me: finds pages and actions by their name in every language, mappings by name, records by key or description."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, override

from couplings.filters import text_condition
from couplings.models import Coupling, SyncError, TableMapping

SHOWN = 20


@dataclass(frozen=True)
class Place:
    """A page or an action; ``name`` is a caption in English, ``query`` what leads to its part of the page."""

    name: str
    url_name: str
    query: str = ""

    @property
    def label(self) -> str:
        return gettext(self.name)

    @property
    def url(self) -> str:
        return reverse(self.url_name) + self.query


PLACES = [
    Place(gettext_noop("Home"), "jobs:home"),
    Place(gettext_noop("Coupled Data Synchronization Errors"), "couplings:errors"),
    Place(gettext_noop("Records"), "couplings:couplings"),
    Place(gettext_noop("Integration Table Mappings"), "jobs:mappings"),
    Place(gettext_noop("Integration Synchronization Jobs"), "jobs:jobs"),
    Place(gettext_noop("Connections"), "couplings:connections"),
    Place(gettext_noop("Retry All"), "couplings:errors"),
    Place(gettext_noop("Retry"), "couplings:errors"),
    Place(gettext_noop("Synchronize"), "couplings:errors"),
    Place(gettext_noop("Restore Records"), "couplings:errors", "?kind=deleted"),
    Place(gettext_noop("Delete Records"), "couplings:errors", "?kind=deleted"),
    Place(gettext_noop("Find for Deleted"), "jobs:mappings"),
    Place(gettext_noop("Broken couplings"), "couplings:errors", "?kind=deleted"),
    Place(gettext_noop("Held deletions"), "jobs:held"),
    Place(gettext_noop("Preview"), "jobs:mappings"),
    Place(gettext_noop("Set Up Coupling"), "jobs:set_up_coupling"),
    Place(gettext_noop("Remove Coupling"), "couplings:couplings"),
    Place(gettext_noop("Synchronization Log"), "couplings:couplings"),
    Place(gettext_noop("Synchronize Modified Records"), "jobs:mappings"),
    Place(gettext_noop("Run Full Synchronization"), "jobs:mappings"),
    Place(gettext_noop("Failed jobs"), "jobs:jobs", "?state=failed"),
]


@dataclass(frozen=True)
class Answer:
    places: list[Place]
    mappings: list[TableMapping]
    couplings: list[Coupling]
    errors: list[SyncError]

    def __bool__(self) -> bool:
        return bool(self.places or self.mappings or self.couplings or self.errors)


def tell(text: str) -> Answer:
    """What ``text`` can mean; nothing for an empty text but the pages themselves."""
    if not text:
        return Answer(list(PLACES), [], [], [])
    mappings = TableMapping.objects.filter(name__icontains=text)[:SHOWN]
    return Answer(list(_places(text)), list(mappings), _couplings(text), _errors(text))


def _places(text: str) -> Iterator[Place]:
    wanted = text.casefold()
    for place in PLACES:
        if any(wanted in name.casefold() for name in _names(place)):
            yield place


def _names(place: Place) -> Iterator[str]:
    for language, _name in settings.LANGUAGES:
        with override(language):
            yield place.label


def _couplings(key: str) -> list[Coupling]:
    # Named one by one, the mappings let the unique indexes on (mapping, key) answer; so does a query for each side.
    mappings = list(TableMapping.objects.values_list("pk", flat=True))
    related = ("mapping__left_connection", "mapping__right_connection")
    found = Coupling.objects.filter(mapping__in=mappings).select_related(*related).defer("base", "base_right")
    by_id = {row.pk: row for side in ("left_key", "right_key") for row in found.filter(**{side: key})[:SHOWN]}
    return [by_id[pk] for pk in sorted(by_id, reverse=True)]


def _errors(text: str) -> list[SyncError]:
    found = SyncError.objects.open().filter(text_condition(text)).order_by("-last_seen", "-pk")
    related = ("mapping__left_connection", "mapping__right_connection", "connection")
    return list(found.select_related(*related)[:SHOWN])
