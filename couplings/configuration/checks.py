"""What is wrong with a configuration as a whole, as far as it shows without asking the systems."""

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass

from couplings.configuration import references
from couplings.configuration.entries import ConnectionEntry, Document, MappingEntry, SideEntry
from couplings.configuration.lookup_checks import LookupChecks
from couplings.configuration.masks import masked_parts, path_of, texts
from couplings.configuration.problems import Path, Problems, nearest
from couplings.configuration.value_checks import ValueChecks
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction, UpdatePolicy

Identity = Callable[[SideEntry], Hashable]
"""What tells two tables apart."""


def check(document: Document, stored: Document) -> Problems:
    """Problems of ``document`` once it is applied over ``stored``. Reads the environment for ``${NAME}``."""
    checks = Checks(document, stored)
    for connection in document.connections.values():
        checks.connection(connection)
    for mapping in document.mappings.values():
        checks.mapping(mapping)
    checks.cycles()
    return checks.problems


class Checks:
    def __init__(self, document: Document, stored: Document) -> None:
        self.document = document
        self.stored = stored
        self.whole = document.over(stored)
        self.problems = Problems()

    def refuse(self, path: Path, code: str, **params: object) -> None:
        self.problems.add(self.document.place(path), path, code, **params)

    # Connections

    def connection(self, entry: ConnectionEntry) -> None:
        path = ("connections", entry.name)
        for other in self.stored.connections:
            if other != entry.name and other.upper() == entry.name.upper():
                self.refuse(path, "connection_case", name=entry.name, other=other)
        for setting, text in texts(entry.settings):
            self.variables((*path, *setting), text)
        kept = self.stored.connections.get(entry.name)
        known = {*entry.secrets, *(masked_parts(kept.settings) if kept else ())}
        for part in masked_parts(entry.settings):
            if part not in known:
                self.refuse((*path, *path_of(part)), "secret_not_stored", connection=entry.name)

    def variables(self, path: Path, text: str) -> None:
        for name in references.names(text):
            if name not in os.environ:
                self.refuse(path, "variable_unset", variable=name, connection=path[1])

    # Mappings

    def mapping(self, entry: MappingEntry) -> None:
        for side in Side:
            self.known_connection(entry, side)
        for parent in entry.depends_on:
            self.known_parent(entry, parent)
        if self.document.is_sound(entry):
            self.directions(entry)
            self.newest(entry)
            self.written_once(entry)
            ValueChecks(self, entry).check()
            LookupChecks(self, entry).check()

    def known_connection(self, entry: MappingEntry, side: Side) -> None:
        name = entry.side(side).connection
        if not name or name in self.whole.connections or ("connections", name) in self.document.broken:
            return
        near = nearest(name, self.whole.connections)
        self.refuse((*entry.path, side.value, "connection"), "connection_unknown", name=name, near=near)

    def known_parent(self, entry: MappingEntry, parent: str) -> None:
        if parent in self.whole.mappings or ("mappings", parent) in self.document.broken:
            return
        near = nearest(parent, self.whole.mappings)
        self.refuse((*entry.path, "depends_on"), "parent_unknown", name=parent, near=near)

    def directions(self, entry: MappingEntry) -> None:
        """A field never travels against its mapping."""
        for field in entry.fields:
            if Direction.BIDIRECTIONAL not in (entry.direction, field.direction) and field.direction != entry.direction:
                path = (*entry.path, "fields", field.left, "direction")
                self.refuse(path, "field_against_mapping", field=field.left, direction=entry.direction.value)
        for side in Side:
            if entry.direction.writes(side) and not any(entry.writes(field, side) for field in entry.mapped):
                self.refuse((*entry.path, "direction"), "nothing_travels", connection=entry.side(side).connection)

    def newest(self, entry: MappingEntry) -> None:
        """Which change is the newest can only be told where both sides say when they changed."""
        if entry.left.modified_on and entry.right.modified_on:
            return
        if entry.update_conflict is UpdatePolicy.NEWEST:
            self.refuse((*entry.path, "update_conflict"), "newest_needs_modified_on")
        for field in entry.mapped:
            if field.policy is UpdatePolicy.NEWEST:
                self.refuse((*entry.path, "fields", field.left, "conflict"), "newest_needs_modified_on")

    def written_once(self, entry: MappingEntry) -> None:
        """Two fields that write one: the last would win, and the first be taken for a change in every run."""
        writers: dict[str, str] = {}
        for field in entry.mapped:
            if not entry.writes(field, Side.RIGHT):
                continue
            if field.right in writers:
                path = (*entry.path, "fields", field.left)
                self.refuse(path, "field_written_twice", field=field.right, first=writers[field.right])
            writers.setdefault(field.right, field.left)

    def cycles(self) -> None:
        reported: set[frozenset[str]] = set()
        for name in self.document.mappings:
            cycle = find_cycle(name, self.whole.mappings)
            if cycle and frozenset(cycle) not in reported:
                reported.add(frozenset(cycle))
                self.refuse(("mappings", name, "depends_on"), "depends_on_cycle", cycle=" → ".join(cycle))


def find_cycle(start: str, mappings: Mapping[str, MappingEntry]) -> list[str]:
    """The way from ``start`` back to itself along ``depends_on``, [] when there is none."""
    trails = [[start]]
    seen: set[str] = set()
    while trails:
        trail = trails.pop()
        for parent in mappings[trail[-1]].depends_on:
            if parent == start:
                return [*trail, start]
            if parent in mappings and parent not in seen:
                seen.add(parent)
                trails.append([*trail, parent])
    return []


def same_tables(document: Document, identity: Identity) -> Problems:
    """Mappings of a table with itself."""
    problems = Problems()
    for entry in document.mappings.values():
        if entry.right.table and identity(entry.left) == identity(entry.right):
            path = (*entry.path, "right", "table")
            problems.add(document.place(path), path, "same_table", table=entry.right.table)
    return problems


def shared_targets(document: Document, stored: Document, identity: Identity) -> Problems:
    """Fields that two mappings write in the same records: each would undo what the other did, for ever.

    Filters on both sides may keep the records apart; two equal ones do not.
    """
    problems = Problems()
    writers: dict[Hashable, list[Target]] = {}
    for target in targets(document.over(stored)):
        mapping, side = target.mapping, target.side
        known = writers.setdefault((identity(mapping.side(side)), target.field), [])
        for other in known:
            if other.mapping.name != mapping.name and overlap(mapping.side(side), other.mapping.side(other.side)):
                # Reported where the file can be changed, once, by the mapping that stands later in it.
                late, early = by_place(document, target, other)
                about = {"connection": mapping.side(side).connection, "other": early.mapping.name}
                if late.mapping.name in document.mappings and document.is_sound(late.mapping):
                    problems.add(document.place(late.path), late.path, "target_shared", field=target.field, **about)
        known.append(target)
    return problems


@dataclass(frozen=True, slots=True)
class Target:
    """A field that a mapping writes, and where the file says so."""

    mapping: MappingEntry
    side: Side
    field: str
    path: Path


def targets(document: Document) -> Iterator[Target]:
    for mapping in document.mappings.values():
        if not mapping.enabled:
            continue
        for field in mapping.mapped:
            path = (*mapping.path, "fields", field.left)
            yield from (Target(mapping, side, field.field(side), path) for side in Side if mapping.writes(field, side))
        for constant in mapping.constants:
            yield Target(mapping, constant.side, constant.field, constant.path(mapping.path))


def by_place(document: Document, one: Target, other: Target) -> tuple[Target, Target]:
    """The one of the later mapping first; a mapping that is not in the file counts as earlier than all."""
    return (one, other) if document.place(one.mapping.path) >= document.place(other.mapping.path) else (other, one)


def overlap(one: SideEntry, other: SideEntry) -> bool:
    return not one.filter or not other.filter or one.filter == other.filter
