"""What a list page shows: the filter in its query string, as a form, a condition and links with counts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count as CountRows
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from couplings.models import Coupling, SyncError, TableMapping
from couplings.models.error import IS_OPEN, KINDS, State
from couplings.paging import Count

# Counting stops here; beyond it a number is told as "10,000+".
COUNTED = 10_000

STATES: dict[str, tuple[Any, frozenset[str]]] = {
    "needs_person": (_("waiting for a person"), frozenset({State.SKIPPED, State.HELD})),
    "by_itself": (_("retrying or waiting"), frozenset({State.RETRYING, State.WAITING})),
    **{state.value: (state.label, frozenset({state.value})) for state in State},
}


@dataclass(frozen=True)
class Option:
    """One value a filter can take, and what it would show."""

    value: str
    label: Any
    count: Count
    query: str
    current: bool


class ListFilter(forms.Form):
    """A filter from a query string. What it cannot read matches nothing: an action on "everything in this filter"
    must never reach further than the filter that was meant."""

    @property
    def chosen(self) -> dict[str, str]:
        return {name: text for name in self.fields if (text := str(self.data.get(name) or "").strip())}

    def query(self, **changes: str) -> str:
        """The query string of this filter with ``changes``; an empty text takes a part away."""
        parts = {name: text for name, text in (self.chosen | changes).items() if text}
        return urlencode(parts)

    def value(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "") if self.is_valid() else ""


class ErrorFilter(ListFilter):
    mapping = forms.CharField(required=False, label=_("Table"))
    kind = forms.ChoiceField(choices=[("", ""), *KINDS], required=False, label=_("Kind"))
    state = forms.ChoiceField(
        choices=[("", ""), *((name, label) for name, (label, _states) in STATES.items())],
        required=False,
        label=_("State"),
    )
    q = forms.CharField(required=False, label=_("Search in descriptions and keys"), max_length=200)

    def apply(self, errors: QuerySet[SyncError]) -> QuerySet[SyncError]:
        """Those of ``errors`` in the filter; only open ones, unless the filter names closed ones."""
        if not self.is_valid():
            return errors.none()
        for name, condition in self._conditions.items():
            errors = errors.filter(condition(self.value(name))) if self.value(name) else errors
        return errors.filter(self.openness())

    def openness(self) -> Q:
        return Q(state=State.RESOLVED) if self.value("state") == State.RESOLVED else IS_OPEN

    @property
    def _conditions(self) -> dict[str, Callable[[str], Q]]:
        return {
            "mapping": lambda name: Q(mapping__name=name),
            "kind": lambda kind: Q(kind=kind),
            "state": lambda state: Q(state__in=STATES[state][1]),
            "q": text_condition,
        }


class CouplingFilter(ListFilter):
    mapping = forms.CharField(required=False, label=_("Table"))
    q = forms.CharField(required=False, label=_("Key begins with"), max_length=200)

    def apply(self, couplings: QuerySet[Coupling]) -> QuerySet[Coupling]:
        if not self.is_valid():
            return couplings.none()
        if name := self.value("mapping"):
            couplings = couplings.filter(mapping__name=name)
        if key := self.value("q"):
            couplings = couplings.filter(Q(left_key__startswith=key) | Q(right_key__startswith=key))
        return couplings


def text_condition(text: str) -> Q:
    return Q(description__icontains=text) | Q(left_key__icontains=text) | Q(right_key__icontains=text)


class Facets:
    """What each value of the errors page's filter would show, from one query that never counts more than COUNTED rows:
    beyond that the newest of them give lower bounds."""

    def __init__(self, errors: ErrorFilter, mappings: Iterable[TableMapping]) -> None:
        self.errors = errors
        self.names = {mapping.pk: mapping.name for mapping in mappings}
        self.cells: Counter[tuple[str, str, str]] = Counter()
        for mapping, kind, state, count in self._counted() if errors.is_valid() else ():
            self.cells[self.names.get(mapping, ""), kind, state] += count
        self.exact = sum(self.cells.values()) < COUNTED

    def _counted(self) -> Iterable[tuple[int, str, str, int]]:
        rows = SyncError.objects.filter(self.errors.openness())
        if text := self.errors.value("q"):
            rows = rows.filter(text_condition(text))
        newest = rows.order_by("-last_seen", "-pk").values("pk")[:COUNTED]
        cells = SyncError.objects.filter(pk__in=newest).values_list("mapping", "kind", "state")
        return cells.annotate(count=CountRows("pk")).order_by()

    def total(self, **changes: str) -> Count:
        """How many errors the filter with ``changes`` shows."""
        wanted = {name: changes.get(name, self.errors.value(name)) for name in ("mapping", "kind", "state")}
        return Count(sum(n for cell, n in self.cells.items() if _fits(cell, wanted)), self.exact)

    def options(self, name: str, labels: Mapping[str, Any]) -> list[Option]:
        """The values of ``name`` that show something, and the current one."""
        current = self.errors.value(name)
        options = [
            Option(value, label, self.total(**{name: value}), self.errors.query(**{name: value}), value == current)
            for value, label in labels.items()
        ]
        return [option for option in options if option.count.value or option.current]

    @property
    def held(self) -> Count:
        return self.total(state=State.HELD)

    @property
    def mappings(self) -> list[Option]:
        return self.options("mapping", {name: name for name in sorted(self.names.values())})

    @property
    def kinds(self) -> list[Option]:
        return self.options("kind", dict(KINDS))

    @property
    def states(self) -> list[Option]:
        """Who has to act: the groups a reader starts from."""
        return self.options("state", {name: STATES[name][0] for name in ("needs_person", "by_itself")})


def _fits(cell: tuple[str, str, str], wanted: Mapping[str, str]) -> bool:
    mapping, kind, state = cell
    states = STATES[wanted["state"]][1] if wanted["state"] else {state}
    return wanted["mapping"] in ("", mapping) and wanted["kind"] in ("", kind) and state in states
