"""A configuration as values: what a file says, or what the store holds. Two that are equal mean the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from couplings.configuration.new_records import ConstantEntry, DefaultEntry
from couplings.configuration.problems import Path, Place
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction, Guard, UpdatePolicy
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.value_maps import ValueMap

MASK = "********"
"""Stands where a secret is; applied again, it keeps the secret that is stored."""


@dataclass(frozen=True, slots=True)
class ConnectionEntry:
    """``settings`` hold ``${NAME}`` references as such and the mask for each secret that was written literally;
    ``secrets`` the literal ones a file brings along, by the path of their setting (``auth.password``)."""

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SideEntry:
    connection: str
    table: str
    schema: str = ""
    key: tuple[str, ...] = ()
    modified_on: str = ""
    version: str = ""
    filter: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True, slots=True)
class FieldEntry:
    left: str
    right: str
    direction: Direction = Direction.BIDIRECTIONAL
    transforms: tuple[Step, ...] = ()
    policy: UpdatePolicy | None = None
    match: int | None = None
    case_sensitive: bool = True
    accent_sensitive: bool = True
    to_right: tuple[Step, ...] | None = None
    to_left: tuple[Step, ...] | None = None
    values: ValueMap | None = None
    required: bool = False
    clear: bool = True
    enabled: bool = True
    lookup: tuple[str, ...] = ()
    if_missing: IfMissing = IfMissing.WAIT

    def field(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right


@dataclass(frozen=True, slots=True)
class MappingEntry:
    """``every`` in seconds; ``depends_on`` in alphabetical order."""

    name: str
    left: SideEntry
    right: SideEntry
    fields: tuple[FieldEntry, ...]
    direction: Direction = Direction.BIDIRECTIONAL
    only_coupled: bool = False
    update_conflict: UpdatePolicy = UpdatePolicy.ASK
    deletion_conflict: DeletionPolicy = DeletionPolicy.ASK
    deleted_and_changed: DeletionPolicy = DeletionPolicy.ASK
    guard: Guard = field(default_factory=Guard)
    every: int | None = None
    depends_on: tuple[str, ...] = ()
    enabled: bool = True

    constants: tuple[ConstantEntry, ...] = ()
    defaults: tuple[DefaultEntry, ...] = ()

    @property
    def path(self) -> Path:
        return ("mappings", self.name)

    @property
    def mapped(self) -> tuple[FieldEntry, ...]:
        """The fields that take part."""
        return tuple(field for field in self.fields if field.enabled)

    def travel(self, entry: FieldEntry) -> Direction:
        """The direction in which the field's values really travel."""
        return entry.direction if self.direction is Direction.BIDIRECTIONAL else self.direction

    def side(self, side: Side) -> SideEntry:
        return self.left if side is Side.LEFT else self.right

    def writes(self, entry: FieldEntry, side: Side) -> bool:
        """Whether the field's values may travel to ``side``: both directions must allow it."""
        return self.direction.writes(side) and entry.direction.writes(side)


@dataclass(frozen=True, slots=True)
class Document:
    """``places`` say where the entries stand in the file. ``broken`` are the paths of connections and mappings with
    problems of their own. Of those, the connections are left out, and the mappings hold what could be read of them:
    enough to look for further problems that do not follow from the first ones."""

    connections: Mapping[str, ConnectionEntry] = field(default_factory=dict)
    mappings: Mapping[str, MappingEntry] = field(default_factory=dict)
    places: Mapping[Path, Place] = field(default_factory=dict, compare=False, repr=False)
    broken: frozenset[Path] = field(default=frozenset(), compare=False)

    def place(self, path: Path) -> Place:
        """Where ``path`` stands, or the nearest thing around it that is written in the file."""
        return next((self.places[part] for part in prefixes(path) if part in self.places), Place())

    def is_sound(self, entry: "MappingEntry") -> bool:
        return entry.path not in self.broken

    def over(self, stored: "Document") -> "Document":
        """What will hold after this document is applied: things it does not name are left alone."""
        return Document({**stored.connections, **self.connections}, {**stored.mappings, **self.mappings}, self.places)


def prefixes(path: Path) -> Iterator[Path]:
    return (path[:length] for length in range(len(path), -1, -1))
