"""What the couplings say of the parents that a page's records refer to (``syncstatus.engine.lookups``).

One question for each field and side, and none for a mapping without lookups.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from couplings.models import FieldMapping, TableMapping
from couplings.parents import children
from couplings.store import parents as store
from jobs.models import CreateIntent
from jobs.runner.candidates import Candidate
from jobs.runner.keys import is_storable
from jobs.runner.systems import open_endpoint
from syncstatus.engine.base import load_base
from syncstatus.engine.lookups import Parents, Reference, emptied, key_text, of_stored
from syncstatus.engine.records import Record, Side, Values
from syncstatus.engine.rules import Rules

if TYPE_CHECKING:
    from jobs.runner.context import Run

Lookups = Mapping[int, tuple[int, ...]]
"""By position of the field: the mappings that may couple the parent, in their order."""


def lookups_of(rules: Rules) -> Lookups:
    """The lookups of ``rules``; a mapping that is gone couples nothing."""
    named = {position: rules.fields[position].lookup for position in rules.compiled.parents}
    names = {name for lookup in named.values() if lookup is not None for name in lookup.mappings}
    if not names:
        return {}
    ids = dict(TableMapping.objects.filter(name__in=names).values_list("name", "pk"))
    return {
        position: tuple(ids[name] for name in lookup.mappings if name in ids)
        for position, lookup in named.items()
        if lookup is not None
    }


def children_of(run: "Run") -> Sequence[FieldMapping]:
    """The fields that look up records of the run's mapping; asked for once a run."""
    if run.children is None:
        run.children = children(run.mapping)
    return run.children


def turn(run: "Run") -> None:
    """Another page begins."""
    for parents in run.rules.compiled.parents.values():
        parents.turn()


def learn(run: "Run", candidates: Iterable[Candidate]) -> None:
    """For the records of ``candidates``, as they were read."""
    if run.lookups:
        both = list(candidates)
        for side in Side:
            learn_of(run.rules, run.lookups, side, [r for c in both if (r := c.record(side)) is not None])
            _learn_deleted(run, side, both)


def _learn_deleted(run: "Run", side: Side, candidates: Iterable[Candidate]) -> None:
    """Many systems empty a link when its parent is deleted. Whether that is so is asked of the parent's own table."""
    known = [(r, c.memory) for c in candidates if c.memory is not None and (r := c.record(side)) is not None]
    for position, mappings in run.lookups.items():
        found = (emptied(run.rules, side, record, memory, position) for record, memory in known)
        keys = {key for key in found if key is not None}
        parents = run.rules.compiled.parents[position]
        _ask(parents, mappings, side, keys)
        coupled = {key for key in keys if isinstance(parents.of(side, key), Reference)}
        for mapping in TableMapping.objects.filter(pk__in=mappings if coupled else ()):
            endpoint = open_endpoint(mapping, side, waits=True)
            mine = {getattr(reference, side.value) for reference in _of_mapping(mapping, side, coupled)}
            parents.learn_deleted(side, mine - endpoint.stamps(mine).keys())


def _of_mapping(mapping: TableMapping, side: Side, keys: Collection[str]) -> list[Reference]:
    return [Reference(*pair) for pair in store.partners(mapping.pk, side, keys)]


def learn_of(rules: Rules, lookups: Lookups, side: Side, records: Sequence[Record]) -> None:
    learn_values(rules, lookups, side, [record.values for record in records])


def learn_values(rules: Rules, lookups: Lookups, side: Side, rows: Sequence[Values]) -> None:
    """For native values of ``side``, row by row in the order of the fields."""
    for position, mappings in lookups.items():
        type_ = rules.fields[position].type(side)
        keys = {key for row in rows if (key := key_text(row[position], type_)) is not None}
        _ask(rules.compiled.parents[position], mappings, side, keys)


def learn_stored(run: "Run", bases: Sequence[Values]) -> None:
    """For bases of the left side, as they are stored."""
    for position, mappings in run.lookups.items():
        keys = {base[position] for base in bases if isinstance(base[position], str)}
        _ask(run.rules.compiled.parents[position], mappings, Side.LEFT, keys)


def wanted(run: "Run", intent: CreateIntent) -> Values:
    """The values of an announced create in the form compared; it was announced with the left side's keys."""
    base = load_base(run.rules, intent.values, None)[0]
    if not run.lookups:
        return base
    learn_stored(run, [base])
    return of_stored(run.rules, Side.LEFT, base)


def _ask(parents: Parents, mappings: Iterable[int], side: Side, keys: Collection[str]) -> None:
    asked = parents.unknown(side, keys)
    sought = {key for key in asked if is_storable(key)}
    found: list[Reference] = []
    for mapping in mappings:
        coupled = [Reference(*pair) for pair in store.partners(mapping, side, sought)]
        found += coupled
        sought -= {reference.key(side) for reference in coupled}
    if asked:
        parents.learn(side, asked, found)
