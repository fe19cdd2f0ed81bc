"""Which mappings need others: they look up their records, or come after them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from couplings.models import FieldMapping, TableMapping


@dataclass(frozen=True, order=True)
class Need:
    """``mapping`` needs ``parent``, both by name: its ``field`` (the name on the left) looks up the parent's records,
    or it comes after it, where ``field`` is empty."""

    mapping: str
    parent: str
    field: str = ""


def all_needs() -> list[Need]:
    """In order, also those of disabled mappings and fields; two queries. One that looks up itself needs no other."""
    looking = FieldMapping.objects.exclude(lookup=[]).values_list("mapping__name", "lookup", "left")
    found = [Need(name, parent, field) for name, parents, field in looking for parent in parents]
    after = TableMapping.objects.filter(depends_on__isnull=False).values_list("name", "depends_on__name")
    return sorted(need for need in [*found, *(Need(*row) for row in after)] if need.mapping != need.parent)


def needs_of_others(names: Collection[str]) -> list[Need]:
    """Why the mappings ``names`` cannot all go: what others need of them."""
    return [need for need in all_needs() if need.parent in names and need.mapping not in names]


def going_together(name: str) -> list[str]:
    """The mappings that need each other in a circle with ``name``, which is among them, where nobody else needs one of
    them: they can only go all at once. Empty where there is no circle, or somebody else has to go first."""
    needs = all_needs()
    needing = _reached(name, _graph((need.parent, need.mapping) for need in needs))
    needed = _reached(name, _graph((need.mapping, need.parent) for need in needs))
    return sorted(needing) if name in needing and needing <= needed else []


def _graph(edges: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    graph: dict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        graph[source].add(target)
    return graph


def _reached(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    """Where the edges lead from ``start``; it is among them where a circle leads back."""
    found: set[str] = set()
    todo = [start]
    while todo:
        new = graph.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
