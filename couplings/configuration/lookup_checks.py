"""What is wrong with lookups, as far as the configuration alone shows it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from couplings.configuration.entries import Document, FieldEntry, MappingEntry
from couplings.configuration.problems import Path, nearest
from couplings.configuration.value_checks import all_steps
from syncstatus.engine.records import Side


class Refusing(Protocol):
    document: Document
    whole: Document

    def refuse(self, path: Path, code: str, **params: object) -> None: ...


class LookupChecks:
    """One mapping's."""

    def __init__(self, checks: Refusing, entry: MappingEntry) -> None:
        self.checks = checks
        self.entry = entry

    def check(self) -> None:
        for field in self.entry.mapped:
            if field.lookup:
                self.alone(field)
                for name in field.lookup:
                    self.parent(field, name)
        self.cycle()

    def refuse(self, field: FieldEntry, code: str, **params: object) -> None:
        path = (*self.entry.path, "fields", field.left, "lookup")
        self.checks.refuse(path, code, field=field.left, **params)

    def alone(self, field: FieldEntry) -> None:
        """A key is translated and nothing else; whether two keys mean the same is not for a search to find out."""
        others = {"transform": any(all_steps(field)), "values": field.values is not None}
        others |= {"match": field.match is not None}
        for key, used in others.items():
            if used:
                self.refuse(field, "lookup_not_with", key=key)

    def parent(self, field: FieldEntry, name: str) -> None:
        parent = self.checks.whole.mappings.get(name)
        if parent is None:
            if ("mappings", name) not in self.checks.document.broken:
                self.refuse(field, "lookup_unknown", name=name, near=nearest(name, self.checks.whole.mappings))
            return
        for side in Side:
            own, there = self.entry.side(side), parent.side(side)
            if own.connection and there.connection and own.connection != there.connection:
                params = {"name": name, "connection": own.connection, "other": there.connection}
                self.refuse(field, "lookup_connections", side=side.value, **params)
                return
        for side in Side:
            if len(parent.side(side).key) > 1:
                self.refuse(field, "lookup_composite", name=name, table=parent.side(side).table)
                return

    def cycle(self) -> None:
        """Records that cannot be without each other would wait for each other for ever."""
        path = required_cycle(self.entry.name, self.checks.whole.mappings)
        if path and self.entry.name == told_of(path, self.checks.document.mappings):
            field = next(f for f in self.entry.mapped if f.required and path[1] in f.lookup)
            self.refuse(field, "lookup_cycle", cycle=" → ".join(path))


def required_cycle(start: str, mappings: Mapping[str, MappingEntry]) -> list[str]:
    """The way from ``start`` back to itself along required lookups, [] when there is none."""
    return circle(start, lambda name: required_parents(mappings[name]) if name in mappings else ())


def circle(start: str, parents: Callable[[str], Iterable[str]]) -> list[str]:
    """The way from ``start`` along ``parents`` back to itself, [] when there is none."""
    trails, seen = [[start]], {start}
    while trails:
        trail = trails.pop()
        for parent in parents(trail[-1]):
            if parent == start:
                return [*trail, start]
            if parent not in seen:
                seen.add(parent)
                trails.append([*trail, parent])
    return []


def told_of(path: Iterable[str], mappings: Collection[str]) -> str:
    """Which of ``mappings``, those of the file, tells of a circle: each circle is told once."""
    return min(set(path).intersection(mappings))


def required_parents(entry: MappingEntry) -> list[str]:
    """A lookup of several mappings has a way out; one that is required and refers to its own mapping has none."""
    return [field.lookup[0] for field in entry.mapped if field.required and len(field.lookup) == 1]
