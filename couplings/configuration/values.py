"""What happens to a field's values: its transformations and its value map (DESIGN 7.1)."""

from collections.abc import Mapping
from typing import Any

from couplings.configuration.problems import Problems
from couplings.configuration.section import Section, kind_of, refused_character
from couplings.configuration.source import Node
from syncstatus.engine.transforms import catalogue
from syncstatus.engine.transforms.step import Step, StepInvalid
from syncstatus.engine.value_maps import ValueMap

MOST_VALUES = 10_000
MOST_STEPS = 20
LONGEST_VALUE = 1_000
WAYS = ("to_right", "to_left")
MAP_KEYS = ("map", "default_to_right", "default_to_left")


def read_transforms(node: Node | None, problems: Problems) -> dict[str, Any]:
    """``[trim, {prefix: C-}]``, or ``{to_right: […], to_left: […]}``, as the options of a FieldEntry."""
    if node is None:
        return {}
    if isinstance(node.value, dict) and node.value and set(node.value) <= set(WAYS):
        return {way: read_steps(steps, problems) for way, steps in node.value.items()}
    return {"transforms": read_steps(node, problems)}


def read_steps(node: Node, problems: Problems) -> tuple[Step, ...]:
    items = node.value if isinstance(node.value, list) else [node]
    if len(items) > MOST_STEPS:
        problems.add(node.place, node.path, "transforms_too_many", limit=MOST_STEPS)
        return ()
    return tuple(step for item in items if (step := read_step(item, problems)) is not None)


def read_step(node: Node, problems: Problems) -> Step | None:
    try:
        return catalogue.read(plain(node))
    except StepInvalid as invalid:
        problems.add(node.place, node.path, invalid.code, **invalid.params)
        return None


def plain(node: Node) -> Any:
    """The node's value without its places."""
    match node.value:
        case dict():
            return {name: plain(value) for name, value in node.value.items()}
        case list():
            return [plain(item) for item in node.value]
    return node.value


def read_values(node: Node | None, problems: Problems) -> ValueMap | None:
    """``{DK: Denmark}``, or ``{map: {DK: Denmark}, default_to_right: …, default_to_left: …}``."""
    if node is None:
        return None
    if not isinstance(node.value, dict) or not node.value:
        problems.add(node.place, node.path, "values_empty")
        return None
    pairs: Node = node
    defaults: dict[str, Any] = {}
    if isinstance(node.value.get("map", Node(None)).value, dict):
        section = Section(node, problems, MAP_KEYS)
        pairs = section.values["map"]
        given = {name: section.get(name) for name in MAP_KEYS[1:]}
        defaults = {name: read_value(value, problems) for name, value in given.items() if value is not None}
    if len(pairs.value) > MOST_VALUES:
        problems.add(pairs.place, pairs.path, "values_too_many", limit=MOST_VALUES, count=len(pairs.value))
        return None
    return ValueMap({key: read_value(value, problems) for key, value in pairs.value.items()}, **defaults)


def read_value(node: Node, problems: Problems) -> Any:
    """A text, number or truth value that goes into a field."""
    value = node.value
    if isinstance(value, dict | list) or value is None:
        problems.add(node.place, node.path, "filter_value", kind=kind_of(value))
    elif isinstance(value, str) and (bad := refused_character(value, lines=True)):
        problems.add(node.place, node.path, "character_refused", character=bad)
    elif isinstance(value, str) and len(value) > LONGEST_VALUE:
        problems.add(node.place, node.path, "text_too_long", key=node.path[-1], limit=LONGEST_VALUE)
    elif isinstance(value, float) and value.is_integer():
        return int(value)  # as the store gives it back
    return value


# The form in which they are stored and written


def steps_json(entry: Any) -> Any:
    """A FieldEntry's transformations as they are written; [] when there are none."""
    ways = {way: getattr(entry, way) for way in WAYS if getattr(entry, way) is not None}
    if ways:
        return {way: [step.as_written() for step in steps] for way, steps in ways.items()}
    return [step.as_written() for step in entry.transforms]


def steps_of(stored: Any) -> dict[str, Any]:
    """Stored transformations as the options of a FieldEntry or a FieldRule."""
    if isinstance(stored, Mapping):
        return {way: tuple(map(catalogue.read, steps)) for way, steps in stored.items()}
    return {"transforms": tuple(map(catalogue.read, stored))}


def values_json(values: ValueMap | None) -> dict[str, Any]:
    """The map as it is stored; {} for none."""
    if values is None:
        return {}
    defaults = {name: getattr(values, name) for name in MAP_KEYS[1:] if getattr(values, name) is not None}
    return {"map": dict(values.pairs), **defaults}


def values_of(stored: Mapping[str, Any]) -> ValueMap | None:
    if not stored:
        return None
    return ValueMap(stored["map"], stored.get("default_to_right"), stored.get("default_to_left"))
