"""What a list page shows: the filter in its query string, as a form and a condition."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Now, Upper
from django.db.models.lookups import Contains
from django.utils.translation import gettext_lazy as _

from couplings import counts
from couplings.models import Coupling, SyncError, TableMapping
from couplings.models.error import BY_ITSELF, IS_OPEN, KINDS, NEEDS_PERSON, State

STATES: dict[str, tuple[Any, frozenset[str]]] = {
    "needs_person": (_("waiting for a person"), frozenset(NEEDS_PERSON)),
    "by_itself": (_("retrying or waiting"), frozenset(BY_ITSELF)),
    **{state.value: (state.label, frozenset({state.value})) for state in State},
}
# What is listed where no state is chosen: whoever ignores an error does not want to see it until its date.
LISTED = frozenset({*NEEDS_PERSON, *BY_ITSELF})
# The age of an error, which began when it was first seen.
DAY = timedelta(days=1)
AGES: dict[str, tuple[Any, str, timedelta]] = {
    "today": (_("up to a day"), "first_seen__gt", DAY),
    "day": (_("more than a day"), "first_seen__lte", DAY),
    "week": (_("more than a week"), "first_seen__lte", 7 * DAY),
    "month": (_("more than a month"), "first_seen__lte", 30 * DAY),
}
ME, NOBODY = "me", "nobody"
PEOPLE = {NOBODY: _("nobody"), ME: _("me")}


class ListFilter(forms.Form):
    """A filter from a query string. What it cannot read matches nothing: an action on "everything in this filter"
    must never reach further than the filter that was meant."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> dict[str, str]:
        """What a query string chooses, by the parts of the filter; what cannot be read among it."""
        return {name: text for name in cls.base_fields if (text := str(data.get(name) or "").strip())}

    @cached_property
    def chosen(self) -> dict[str, str]:
        return self.read(self.data)

    def query(self, **changes: str) -> str:
        """The query string of this filter with ``changes``; an empty text takes a part away."""
        parts = {name: text for name, text in (self.chosen | changes).items() if text}
        return urlencode(parts)

    def value(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "") if self.is_valid() else ""


class ErrorFilter(ListFilter):
    """``user`` is who "me" means in ``assigned``; without one, nothing is assigned to "me"."""

    mapping = forms.CharField(required=False, label=_("Table"))
    kind = forms.ChoiceField(choices=[("", ""), *KINDS], required=False, label=_("Kind"))
    state = forms.ChoiceField(
        choices=[("", ""), *((name, label) for name, (label, _states) in STATES.items())],
        required=False,
        label=_("State"),
    )
    cause = forms.RegexField(r"^[0-9a-f]{32}$", required=False, label=_("Cause"))
    assigned = forms.CharField(required=False, label=_("Assigned"))  # me, nobody, or a user's name
    age = forms.ChoiceField(
        choices=[("", ""), *((name, label) for name, (label, _lookup, _age) in AGES.items())],
        required=False,
        label=_("Age"),
    )
    q = forms.CharField(required=False, label=_("Search in names, keys and messages"), max_length=200)

    def __init__(self, data: Mapping[str, Any], user: Any = None) -> None:
        super().__init__(data)
        self.user = user

    def apply(self, errors: QuerySet[SyncError]) -> QuerySet[SyncError]:
        """Those of ``errors`` in the filter; no closed or ignored ones, unless the filter names them."""
        if not self.is_valid():
            return errors.none()
        return errors.filter(*self._conditions(), self.openness())

    def openness(self) -> Q:
        """The condition of the indexes, whatever states are chosen."""
        return Q(state=State.RESOLVED) if self.value("state") == State.RESOLVED else IS_OPEN

    @property
    def states(self) -> frozenset[str]:
        """The states it shows."""
        return STATES[self.value("state")][1] if self.value("state") else LISTED

    @property
    def is_counted(self) -> bool:
        """Whether the store keeps counts of what this filter shows, rather than of more than that."""
        return not (self.value("q") or self.value("age") or self.value("state") == State.RESOLVED)

    def groups(self) -> dict[str, Any]:
        """The filter as conditions on the store's counts, without ``q`` and ``age``, which they do not know."""
        found: dict[str, Any] = {}
        if self.value("mapping"):
            found["mapping"] = self.mapping_id
        if self.value("assigned"):
            found["assigned_to"] = self.assigned_to
        found["state__in"] = self.states
        return found | {name: self.value(name) for name in ("kind", "cause") if self.value(name)}

    @cached_property
    def mapping_id(self) -> int:
        """-1 for one that does not exist. By its number, the database knows how many errors the mapping has."""
        return TableMapping.objects.filter(name=self.value("mapping")).values_list("pk", flat=True).first() or -1

    @cached_property
    def assigned_to(self) -> int:
        """The id of the person, 0 for nobody, -1 for somebody who does not exist."""
        name = self.value("assigned")
        if name == NOBODY:
            return counts.NOBODY
        if name == ME:
            return getattr(self.user, "pk", None) or -1
        return User.objects.filter(username=name).values_list("pk", flat=True).first() or -1

    def _conditions(self) -> Iterator[Q]:
        for name, value in self.groups().items():
            if name == "state__in" and not self.value("state"):
                yield ~Q(state=State.IGNORED)
            else:
                yield Q(assigned_to=None) if (name, value) == ("assigned_to", counts.NOBODY) else Q(**{name: value})
        if age := self.value("age"):
            yield age_condition(age)
        if text := self.value("q"):
            yield text_condition(text)


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


def age_condition(age: str) -> Q:
    _label, lookup, span = AGES[age]
    return Q(**{lookup: Now() - span})


def text_condition(text: str) -> Q:
    """Errors in whose record's name, keys, fields or message every word of ``text`` occurs, in capitals or not; words
    in double quotes belong together. One or two characters are looked for where words begin: an index of three
    characters in a row finds those, too."""
    words = [quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|([^\s"]+)', text)]
    return Q(*map(_contains, words)) if words else Q(pk__in=[])


def _contains(word: str) -> Contains:
    return Contains(F("searched"), Upper(Value(word if len(word) > 2 else f" {word}")))
