"""Which mapping comes before which: what each depends on, their order, and the circles that have none."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from couplings import parents
from couplings.models import TableMapping

Graph = Mapping[int, set[int]]
"""By the id of a mapping: the ids of those it depends on."""


def dependencies() -> Graph:
    """What each mapping depends on: what its configuration says (``depends_on``), and what its fields look up."""
    found: dict[int, set[int]] = defaultdict(set)
    for child, parent in TableMapping.depends_on.through.objects.values_list("from_tablemapping", "to_tablemapping"):
        found[child].add(parent)
    ids = dict(TableMapping.objects.values_list("name", "pk"))
    for name, looked_up in parents.graph().items():
        found[ids[name]] |= {ids[parent] for parent in looked_up if parent in ids} - {ids[name]}
    return found


def in_order(mappings: Iterable[TableMapping], graph: Graph) -> tuple[list[TableMapping], list[list[str]]]:
    """Parents first, then by name; and the circles that were met, each as the names along its path.

    A circle is cut where it closes, so that all of ``mappings`` are in the answer whatever the graph.
    """
    by_id = {mapping.pk: mapping for mapping in sorted(mappings, key=lambda mapping: mapping.name)}
    edges = {pk: graph.get(pk, set()) & by_id.keys() - {pk} for pk in by_id}
    circles: list[list[str]] = []
    while (circle := _circle(edges)) is not None:
        circles.append([by_id[pk].name for pk in circle])
        edges[circle[0]].discard(circle[1])
    return [by_id[pk] for pk in _sorted(edges, by_id)], circles


def _circle(edges: Mapping[int, set[int]]) -> list[int] | None:
    """Child, parent, its parent ... and the child again."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None


def _sorted(edges: Mapping[int, set[int]], names: Mapping[int, TableMapping]) -> Iterable[int]:
    sorter = TopologicalSorter(edges)
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda pk: names[pk].name)
        yield from ready
        sorter.done(*ready)
