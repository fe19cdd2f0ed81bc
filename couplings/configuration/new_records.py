"""What records are given besides their mapped fields: constants, always; defaults, when they are created."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from couplings.configuration.filters import read_filter
from couplings.configuration.problems import Path, Problems
from couplings.configuration.section import Section
from couplings.configuration.source import Node
from couplings.configuration.values import read_value
from syncstatus.engine.records import Side

MOST_DEFAULTS = 200


@dataclass(frozen=True, slots=True)
class ConstantEntry:
    """A field of one side that has the same value in every record."""

    side: Side
    field: str
    value: Any

    def path(self, mapping: Path) -> Path:
        return (*mapping, "constants", self.side.value, self.field)


@dataclass(frozen=True, slots=True)
class DefaultEntry:
    """Fields of new records of ``side``, and what their source must fulfil (a filter on the other side's fields).

    ``number`` counts from 0 in the file's order: of two that hold, the first gives a field its value."""

    side: Side
    number: int
    values: Mapping[str, Any]
    when: Mapping[str, Any] = field(default_factory=dict)

    def path(self, mapping: Path) -> Path:
        return (*mapping, "defaults", self.side.value, str(self.number + 1))


def read_constants(node: Node | None, problems: Problems) -> tuple[ConstantEntry, ...]:
    """``{right: {company: CRONUS}}``."""
    return tuple(
        ConstantEntry(side, name, read_value(value, problems))
        for side, of_side in _sides(node, problems)
        for name, value in _fields(of_side, problems).items()
    )


def read_defaults(node: Node | None, problems: Problems) -> tuple[DefaultEntry, ...]:
    """``{right: [{set: {status: new}, when: {country: DK}}]}``."""
    found = []
    for side, of_side in _sides(node, problems):
        items = of_side.value if isinstance(of_side.value, list) else [of_side]
        if not items or len(items) > MOST_DEFAULTS:
            problems.add(of_side.place, of_side.path, "defaults_count", limit=MOST_DEFAULTS)
            continue
        found += [_default(side, number, item, problems) for number, item in enumerate(items)]
    return tuple(found)


def _default(side: Side, number: int, node: Node, problems: Problems) -> DefaultEntry:
    section = Section(node, problems, ("set", "when"))
    values = section.required("set")
    given = {} if values is None else _fields(values, problems)
    known = {name: read_value(value, problems) for name, value in given.items()}
    return DefaultEntry(side, number, known, read_filter(section.get("when"), problems))


def _sides(node: Node | None, problems: Problems) -> list[tuple[Side, Node]]:
    if node is None:
        return []
    section = Section(node, problems, ("left", "right"))
    return [(side, found) for side in Side if (found := section.get(side.value)) is not None]


def _fields(node: Node, problems: Problems) -> Mapping[str, Node]:
    if not isinstance(node.value, dict) or not node.value:
        problems.add(node.place, node.path, "not_a_mapping", key=node.path[-1])
        return {}
    return node.value


def defaults_json(defaults: tuple[DefaultEntry, ...]) -> dict[str, Any]:
    """As they are stored and written: by side, in order."""
    stored: dict[str, list[dict[str, Any]]] = {}
    for one in defaults:
        when = {"when": dict(one.when)} if one.when else {}
        stored.setdefault(one.side.value, []).append({**when, "set": dict(one.values)})
    return stored


def defaults_of(stored: Mapping[str, Any]) -> tuple[DefaultEntry, ...]:
    return tuple(
        DefaultEntry(side, number, one["set"], one.get("when", {}))
        for side in Side
        for number, one in enumerate(stored.get(side.value, []))
    )
