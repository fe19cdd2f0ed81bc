"""What each value of the errors page's filter would show: links with counts."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count as CountRows
from django.db.models.functions import Coalesce

from couplings import counts
from couplings.counts import Group
from couplings.filters import AGES, LISTED, ME, NOBODY, PEOPLE, STATES, ErrorFilter, age_condition
from couplings.models import SyncError, TableMapping
from couplings.models.error import KINDS, State
from couplings.paging import Count, bounded_counts

# The store keeps no counts by text and by age: those are counted, and no further than this ("1,000+").
COUNTED = 1_000
AGED = 100
# The parts of the filter that the counts know, and what each is called there.
FACETS = {"mapping": "mapping", "kind": "kind", "state": "state", "assigned": "assigned_to"}


@dataclass(frozen=True)
class Option:
    """One value a filter can take, and what it would show."""

    value: str
    label: Any
    count: Count
    query: str
    current: bool


class Facets:
    """Counts for one filter. Two queries whatever the number of errors; another for each age, and for names of people.

    Exact, unless the filter has a text or an age and shows more than COUNTED: then the newest of them give lower
    bounds."""

    def __init__(self, errors: ErrorFilter, mappings: Iterable[TableMapping]) -> None:
        self.errors = errors
        self.names = {mapping.pk: mapping.name for mapping in mappings}
        self.groups: Counter[Group] = Counter()
        self.exact = True
        self._spreads: dict[str, Counter[Any]] = {}
        if errors.is_valid() and errors.is_counted:
            self.groups = counts.groups(**({"cause": cause} if (cause := errors.value("cause")) else {}))
        elif errors.is_valid():
            self.groups = self._newest()
            self.exact = sum(self.groups.values()) < COUNTED

    def _newest(self) -> Counter[Group]:
        """The groups of the newest errors that the text and the age let in, whatever else is chosen."""
        wide = ErrorFilter({name: self.errors.value(name) for name in ("q", "age", "cause")} | self._apart)
        newest = wide.apply(SyncError.objects.all()).order_by("-last_seen", "-pk").values("pk")[:COUNTED]
        found = SyncError.objects.filter(pk__in=newest).order_by()
        rows = found.values_list(Coalesce("mapping", 0), "kind", "state", Coalesce("assigned_to", counts.NOBODY))
        return Counter({Group._make(row[:-1]): row[-1] for row in rows.annotate(total=CountRows("pk"))})

    @property
    def _apart(self) -> dict[str, str]:
        """States that are listed only where they are chosen."""
        chosen = self.errors.value("state")
        return {"state": chosen} if chosen in (State.RESOLVED, State.IGNORED) else {}

    def total(self, **changes: str) -> Count:
        """How many errors the filter with ``changes`` shows."""
        if len(changes) == 1:
            ((name, value),) = changes.items()
            accepted = self._accepted(name, value)
            spread = self._spread(name)
            # Asked for each of all mappings, it must not go through all of them.
            return Count(sum(spread.values() if accepted is None else (spread[one] for one in accepted)), self.exact)
        wanted = self._wanted({name: changes.get(name, self.errors.value(name)) for name in FACETS})
        return Count(sum(n for group, n in self.groups.items() if _fits(group, wanted)), self.exact)

    def _spread(self, name: str) -> Counter[Any]:
        """How many errors there are for each value of one facet, of those that the rest of the filter shows."""
        if name not in self._spreads:
            others = self._wanted({one: self.errors.value(one) for one in FACETS if one != name})
            spread = self._spreads[name] = Counter()
            for group, number in self.groups.items():
                if _fits(group, others):
                    spread[getattr(group, FACETS[name])] += number
        return self._spreads[name]

    def _wanted(self, values: Mapping[str, str]) -> list[tuple[str, Collection[Any]]]:
        """What a group must have to be shown by a filter with ``values``."""
        accepted = ((FACETS[name], self._accepted(name, value)) for name, value in values.items())
        return [(name, found) for name, found in accepted if found is not None]

    def _accepted(self, name: str, value: str) -> Collection[Any] | None:
        """What a group may have where the filter says ``value``; None for anything."""
        if name == "state":
            return STATES[value][1] if value else LISTED
        if not value:
            return None
        if name == "mapping":
            return (self._ids.get(value, -1),)
        return (self._person(value),) if name == "assigned" else (value,)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: pk for pk, name in self.names.items()}

    def _person(self, name: str) -> int:
        if name == self.errors.value("assigned"):
            return self.errors.assigned_to
        if name == NOBODY:
            return counts.NOBODY
        return self._me if name == ME else next((pk for pk, known in self._people.items() if known == name), -1)

    @property
    def _me(self) -> int:
        return getattr(self.errors.user, "pk", None) or -1

    @cached_property
    def _people(self) -> dict[int, str]:
        """Those to whom errors are assigned; nobody is asked for where none is."""
        ids = {group.assigned_to for group in self.groups} - {counts.NOBODY}
        return dict(User.objects.filter(pk__in=ids).values_list("pk", "username")) if ids else {}

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
    def ignored(self) -> Count:
        return self.total(state=State.IGNORED)

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

    @property
    def each_state(self) -> list[Option]:
        return self.options("state", {name: label for name, (label, _states) in STATES.items()})

    @property
    def assigned(self) -> list[Option]:
        """Nobody, the reader, then everybody else to whom an error is assigned."""
        others = sorted(name for pk, name in self._people.items() if pk != self._me)
        return self.options("assigned", PEOPLE | {name: name for name in others})

    @property
    def ages(self) -> list[Option]:
        """Each counted up to COUNTED: by an index or, where a text is searched for, all among the newest it finds."""
        found = [self._among(age) for age in AGES] if self.errors.value("q") else self._aged()
        current = self.errors.value("age")
        options = [
            Option(age, label, count, self.errors.query(age=age), age == current)
            for (age, (label, _lookup, _span)), count in zip(AGES.items(), found, strict=True)
        ]
        return [option for option in options if option.count.value or option.current]

    def _aged(self) -> list[Count]:
        """Few of an age are told exactly, of more than AGED that they are more: to find a thousand old ones among a
        million of all ages takes long."""
        listed = self._of_any_age.apply(SyncError.objects.order_by())
        new, *old = (listed.filter(age_condition(age)) for age in AGES)
        found, *longer = bounded_counts([new], old[::-1], limit=AGED)
        return [found, *longer[::-1]]

    def _among(self, age: str) -> Count:
        return Count(self._ages_found[age], self._ages_found["all"] < COUNTED)

    @property
    def _of_any_age(self) -> ErrorFilter:
        return (
            ErrorFilter(self.errors.chosen | {"age": ""}, self.errors.user) if self.errors.value("age") else self.errors
        )

    @cached_property
    def _ages_found(self) -> dict[str, int]:
        listed = self._of_any_age.apply(SyncError.objects.all())
        newest = listed.order_by("-last_seen", "-pk").values("pk")[:COUNTED]
        counted = {age: CountRows("pk", filter=age_condition(age)) for age in AGES}
        return SyncError.objects.filter(pk__in=newest).aggregate(all=CountRows("pk"), **counted)


def _fits(group: Group, wanted: Sequence[tuple[str, Collection[Any]]]) -> bool:
    return all(getattr(group, name) in accepted for name, accepted in wanted)
