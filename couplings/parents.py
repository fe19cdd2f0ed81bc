"""Which mappings refer to which: the lookups of fields, from child to parent and back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from couplings.models import FieldMapping, TableMapping
from syncstatus.engine.lookups import IfMissing, Lookup

Graph = Mapping[str, set[str]]


def lookups_of(mapping: TableMapping, fields: Iterable[FieldMapping | None]) -> dict[int, Lookup]:
    """The lookups among ``fields`` of ``mapping``, by the id of the field. One query where there are any."""
    looking = [field for field in fields if field is not None and field.lookup]
    if not looking:
        return {}
    parents = graph()
    return {field.pk: _lookup(mapping.name, field, parents) for field in looking}


def _lookup(child: str, field: FieldMapping, parents: Graph) -> Lookup:
    in_cycle = any(child in ancestors(name, parents) for name in field.lookup)
    return Lookup(tuple(field.lookup), IfMissing(field.if_missing), in_cycle)


def graph() -> Graph:
    """The names of the mappings that each mapping looks up."""
    found: dict[str, set[str]] = defaultdict(set)
    looking = FieldMapping.objects.filter(enabled=True).exclude(lookup=[])
    for child, names in looking.values_list("mapping__name", "lookup"):
        found[child].update(names)
    return found


def ancestors(name: str, parents: Graph) -> set[str]:
    """``name`` and whatever it looks up, over any number of steps."""
    seen, pending = {name}, [name]
    while pending:
        further = parents.get(pending.pop(), set()) - seen
        seen |= further
        pending += further
    return seen


def children(mapping: TableMapping) -> list[FieldMapping]:
    """The fields of enabled mappings that look up records of ``mapping``."""
    looking = FieldMapping.objects.filter(enabled=True, mapping__enabled=True, lookup__contains=[mapping.name])
    return list(looking.select_related("mapping"))
