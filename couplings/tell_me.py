"""Tell Me: finds pages and actions by their name in every language, mappings and connections by name, coupled records
by the beginning of a key, errors by any part of a record's name or key. The systems themselves are asked apart from
it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from couplings import lists, places, ranking
from couplings.filters import text_condition
from couplings.messages import of as message_of
from couplings.models import Connection, Coupling, SyncError, TableMapping
from couplings.models.error import State

SHOWN = 20  # of each kind
PATIENCE = 500  # milliseconds that a search may take in the store
SIDES = ("left_key", "right_key")


@dataclass(frozen=True)
class Found:
    """One answer: a link with what tells it from others."""

    label: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Answers of one kind, the likeliest first; ``rank`` says how well the first one fits, the smaller the better."""

    title: str
    answers: list[Found]
    rank: int = 2 * ranking.WORDS


def tell(text: str, user: Any, shown: int = SHOWN) -> list[Section]:
    """What ``text`` can mean to ``user``, at most ``shown`` of each kind; all pages and actions for an empty text."""
    if not ranking.fold(text):
        found = [places.Ranked(0, place) for place in places.offered(user)]
        return [_places(found, shown=len(found))]
    mappings = lists.mappings()
    sections = [
        _places(places.find(text, user), shown),
        _named(_("Mappings"), _mappings(text, mappings), shown),
        _named(_("Connections"), _connections(text), shown),
        Section(_("Coupled records"), list(_couplings(text, mappings, shown)), 2 * ranking.BEGINS - 1),
        Section(_("Errors"), list(_errors(text, mappings, shown))),
    ]
    return sorted((section for section in sections if section.answers), key=lambda section: section.rank)


def count(sections: Iterable[Section]) -> int:
    return sum(len(section.answers) for section in sections)


def _places(found: list[places.Ranked], shown: int) -> Section:
    answers = [Found(one.place.label, one.place.url) for one in found[:shown]]
    return Section(_("Pages and actions"), answers, found[0].rank if found else 2 * ranking.SIMILAR)


def _named(title: str, found: list[tuple[int, Found]], shown: int) -> Section:
    ordered = sorted(found, key=lambda pair: (pair[0], pair[1].label))
    return Section(title, [one for _rank, one in ordered[:shown]], 2 * ordered[0][0] if ordered else 0)


def _mappings(text: str, mappings: list[TableMapping]) -> list[tuple[int, Found]]:
    """By name or by that of a table; there are few, so they are looked through here."""
    wanted, found = ranking.fold(text), []
    for mapping in mappings:
        ranks = [ranking.rank(wanted, ranking.fold(name)) for name in _names(mapping)]
        known = [one for one in ranks if one is not None]
        if known:
            note = f"{mapping.side_name('left')} ↔ {mapping.side_name('right')}"
            found.append((min(known), Found(mapping.name, reverse("jobs:mapping", args=[mapping.name]), note)))
    return found


def _names(mapping: TableMapping) -> tuple[str, str, str]:
    return mapping.name, mapping.left_table, mapping.right_table


def _connections(text: str) -> list[tuple[int, Found]]:
    wanted = ranking.fold(text)
    ranked = ((ranking.rank(wanted, ranking.fold(one.name)), one) for one in Connection.objects.all())
    return [
        (found, Found(one.name, reverse("couplings:connection", args=[one.pk])))
        for found, one in ranked
        if found is not None
    ]


def _couplings(key: str, mappings: list[TableMapping], shown: int) -> Iterator[Found]:
    """Exact keys first. Named one by one, the mappings let the unique indexes on (mapping, key) answer; so does a query
    for each side."""
    known = {mapping.pk: mapping for mapping in mappings}
    rows = Coupling.objects.filter(mapping__in=list(known)).only("mapping", *SIDES)
    found = [row for side in SIDES for row in rows.filter(**{side: key})[:shown]]
    if len(found) < shown:
        found += _in_time(*(rows.filter(**{f"{side}__startswith": key})[:shown] for side in SIDES))
    for row in list(dict.fromkeys(found))[:shown]:
        mapping = known[row.mapping_id]
        left, right = (f"{mapping.side_name(key.partition('_')[0])} {getattr(row, key)}" for key in SIDES)
        yield Found(f"{left} ↔ {right}", reverse("jobs:coupling", args=[row.pk]), mapping.name)


def _in_time(*lists: Iterable[Any]) -> list[Any]:
    """All rows of ``lists``, or none where the store takes too long: in a store whose sort order is a language's, no
    index knows what a key begins with."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
            rows = [row for listed in lists for row in listed]
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            return rows
    except OperationalError:
        return []


def _errors(text: str, mappings: list[TableMapping], shown: int) -> Iterator[Found]:
    """Nothing is joined to them: beside wide rows the index of the search looks dear, and all errors would be read."""
    listed = SyncError.objects.open().exclude(state=State.IGNORED).filter(text_condition(text))
    newest = _in_time(listed.defer(*lists.UNSEEN).order_by("-last_seen", "-pk")[:shown])
    lists.attach(newest, mappings)
    for error in newest:
        known = error.description or error.left_key or error.right_key or str(error.mapping or error.connection)
        place = error.mapping.name if error.mapping else ""
        yield Found(known, reverse("jobs:error", args=[error.pk]), " · ".join(filter(None, [place, message_of(error)])))


def more(text: str) -> str:
    """Where all errors with ``text`` are listed."""
    return f"{reverse('couplings:errors')}?{urlencode({'q': text})}"
