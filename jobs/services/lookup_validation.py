"""Whether lookups fit the keys of the tables they refer to."""

from functools import partial
from typing import Any, Protocol

from couplings.configuration.entries import Document, FieldEntry, MappingEntry
from couplings.configuration.lookup_checks import circle, required_cycle, told_of
from couplings.configuration.problems import Path
from jobs.services.systems import Systems
from syncstatus.connectors.ports import TableInfo
from syncstatus.engine.lookups import fits
from syncstatus.engine.records import Side


class Refusing(Protocol):
    document: Document
    systems: Systems

    def refuse(self, path: Path, code: str, **params: Any) -> None: ...


class LookupValidator:
    """One mapping's, whose fields are known. ``whole`` is the configuration that will hold; what it does not have has
    been told by then."""

    def __init__(self, parent: Refusing, entry: MappingEntry, whole: Document) -> None:
        self.parent = parent
        self.entry = entry
        self.whole = whole

    def validate(self) -> None:
        for field in self.entry.mapped:
            for name in field.lookup:
                if name in self.whole.mappings:
                    for side in Side:
                        self.key(field, name, side)
        self.circle()

    def circle(self) -> None:
        """Where links may not be empty, records that cannot be without each other could never be created."""
        if required_cycle(self.entry.name, self.whole.mappings):
            return  # already told
        for side in Side:
            path = circle(self.entry.name, partial(self.needed, side))
            if path and self.entry.name == told_of(path, self.parent.document.mappings):
                field = next(one for one in self.entry.mapped if path[1] in one.lookup)
                params = {"cycle": " → ".join(path), "connection": self.entry.side(side).connection}
                self.parent.refuse(
                    (*self.entry.path, "fields", field.left, "lookup"), "lookup_cycle_in_system", **params
                )
                return

    def needed(self, side: Side, name: str) -> list[str]:
        """The mappings without whose records none of the mapping ``name`` can be created on ``side``. Its own are not
        among them: the first of those may be there already."""
        entry = self.whole.mappings.get(name)
        table = self.parent.systems.describe(entry.side(side)) if entry is not None and entry.enabled else None
        if entry is None or not isinstance(table, TableInfo) or entry.only_coupled:
            return []
        written = [field for field in entry.mapped if len(field.lookup) == 1 and entry.writes(field, side)]
        needing = [field for field in written if field.required or not _may_be_empty(table, field.field(side))]
        return [field.lookup[0] for field in needing if field.lookup[0] != name]

    def key(self, field: FieldEntry, name: str, side: Side) -> None:
        values = self.whole.mappings[name].side(side)
        table, there = self.parent.systems.describe(self.entry.side(side)), self.parent.systems.describe(values)
        if not isinstance(table, TableInfo) or not isinstance(there, TableInfo):
            return  # already told, or told of the other mapping
        path, key = (*self.entry.path, "fields", field.left, "lookup"), values.key or there.key
        own, other = table.fields.get(field.field(side)), there.fields.get(key[0]) if key else None
        if len(key) > 1:
            self.parent.refuse(path, "lookup_composite", field=field.left, name=name, table=values.table)
        elif own and other and own.type and other.type and not fits(own.type, other.type):
            types = {"type": own.native_type, "key_type": other.native_type}
            names = {"field": own.name, "name": name, "connection": values.connection}
            self.parent.refuse(path, "lookup_key_type", **names, **types)


def _may_be_empty(table: TableInfo, name: str) -> bool:
    info = table.fields.get(name)
    return info is None or info.type is None or info.type.nullable
