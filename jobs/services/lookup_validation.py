"""Whether lookups fit the keys of the tables they refer to."""

from typing import Any, Protocol

from couplings.configuration.entries import Document, FieldEntry, MappingEntry
from couplings.configuration.problems import Path
from jobs.services.systems import Systems
from syncstatus.connectors.ports import TableInfo
from syncstatus.engine.lookups import fits
from syncstatus.engine.records import Side


class Refusing(Protocol):
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
