"""YAML text as nodes that know the line they stand on.

Only the plain data part of YAML 1.2 is accepted: ``no`` and ``on`` are words, dates are text, keys are taken as they
are written, and tags that would build objects are refused. Anchors, aliases and ``<<`` work; what they expand to is
bounded, so that a small file cannot become a large one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from couplings.configuration.problems import ConfigurationRefused, Path, Place, Problem, Problems

NOWHERE = Place()
SOMEWHERE = Place(1, 1)
MAX_BYTES = 10_000_000
MAX_NODES = 500_000
MAX_DEPTH = 30

TAG = "tag:yaml.org,2002:"
MERGE = f"{TAG}merge"
TEXTS = {f"{TAG}str", f"{TAG}timestamp"}
SCALARS = {f"{TAG}{name}" for name in ("int", "float", "bool", "null")}


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping of text to nodes, a list of nodes, or a text, number, truth value or None.

    ``place`` is where its key stands, or the node itself when it has none.
    """

    value: Any = field(repr=False)
    path: Path = ()
    place: Place = NOWHERE


class Unusable(Exception):
    """Reading cannot go on: the file is not YAML, or would grow without bounds."""

    def __init__(self, place: Place, code: str, **params: Any) -> None:
        super().__init__(code)
        self.problem = Problem(place.line, place.column, (), code, params)


def parse(content: bytes) -> tuple[Node, Problems]:
    """The file's root node and what is wrong with single nodes; those that cannot be used are left out.

    Raises ConfigurationRefused when there is nothing to read: not UTF-8, not YAML, empty, not a mapping, too large.
    """
    try:
        root = compose(decode(content))
        if root is None:
            raise Unusable(Place(), "file_empty")
        builder = Builder()
        node = builder.build(root, (), place_of(root), 0)
        if node is not None and not isinstance(node.value, dict):
            raise Unusable(node.place, "file_not_a_mapping")
    except Unusable as error:
        raise ConfigurationRefused([error.problem]) from None
    if node is None:
        raise ConfigurationRefused(builder.problems)
    return node, builder.problems


def from_data(value: Any, path: Path = ()) -> Node:
    """The node of plain data, such as JSON holds, that no file was read for. All of it stands in line 1, as there are
    no others: what stands nowhere is taken for what is stored."""
    if isinstance(value, dict):
        return Node({name: from_data(one, (*path, name)) for name, one in value.items()}, path, SOMEWHERE)
    if isinstance(value, list):
        return Node([from_data(one, (*path, str(number))) for number, one in enumerate(value, 1)], path, SOMEWHERE)
    return Node(value, path, SOMEWHERE)


def decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise Unusable(Place(), "file_too_large", megabytes=MAX_BYTES // 1_000_000)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(Place(content.count(b"\n", 0, error.start) + 1, 1), "file_not_utf8") from None


def compose(text: str) -> Any:
    """The root of ruamel's node graph, None for an empty document."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        return yaml.compose(text)
    except RecursionError:
        raise Unusable(Place(), "too_deep", depth=MAX_DEPTH) from None
    except ReaderError as error:
        place = Place(text.count("\n", 0, error.position) + 1, 1)
        raise Unusable(place, "character_refused", character=f"U+{ord(text[error.position]):04X}") from None
    except MarkedYAMLError as error:
        raise not_yaml(error) from None
    except (YAMLError, ValueError) as error:
        raise Unusable(Place(), "not_yaml", detail=type(error).__name__) from None


def not_yaml(error: MarkedYAMLError) -> Unusable:
    """Only the parser's own words are repeated, never the line: it may hold a password."""
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place()
    detail = " ".join(str(part) for part in (error.context, error.problem) if part)
    return Unusable(place, "tab_indents" if "'\\t'" in detail else "not_yaml", detail=detail)


def place_of(raw: Any) -> Place:
    return Place(raw.start_mark.line + 1, raw.start_mark.column + 1)


class Builder:
    """Turns ruamel's node graph, in which an alias is the very node it names, into a tree."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.scalars = YAML(typ="safe", pure=True).constructor
        self.built = 0

    def build(self, raw: Any, path: Path, place: Place, depth: int) -> Node | None:
        self.bound(place, depth)
        match raw:
            case MappingNode():
                return Node(self.mapping(raw, path, depth), path, place)
            case SequenceNode():
                return Node(self.sequence(raw, path, depth), path, place)
        return self.scalar(raw, path, place)

    def bound(self, place: Place, depth: int) -> None:
        self.built += 1
        if self.built > MAX_NODES:
            raise Unusable(place, "too_many_nodes", limit=MAX_NODES)
        if depth > MAX_DEPTH:
            raise Unusable(place, "too_deep", depth=MAX_DEPTH)

    def mapping(self, raw: MappingNode, path: Path, depth: int) -> dict[str, Node]:
        own: dict[str, Node] = {}
        seen: dict[str, int] = {}
        merged: list[Any] = []
        for key, value in raw.value:
            if key.tag == MERGE:
                merged += self.merged(value, path)
            elif (name := self.key(key, path)) in seen:
                self.problems.add(place_of(key), path, "key_twice", key=name, first=seen[name])
            elif name is not None:
                seen[name] = place_of(key).line
                if (node := self.build(value, (*path, name), place_of(key), depth + 1)) is not None:
                    own[name] = node
        for other in merged:
            own = self.mapping(other, path, self.deeper(other, depth)) | own
        return own

    def deeper(self, raw: Any, depth: int) -> int:
        """One level down: a chain of merges grows like one of aliases."""
        self.bound(place_of(raw), depth + 1)
        return depth + 1

    def merged(self, raw: Any, path: Path) -> Iterator[Any]:
        """The mappings behind ``<<``; of two that set one key the first counts."""
        for one in raw.value if isinstance(raw, SequenceNode) else [raw]:
            if isinstance(one, MappingNode):
                yield one
            else:
                self.problems.add(place_of(one), path, "merge_not_a_mapping")

    def key(self, raw: Any, path: Path) -> str | None:
        """Keys are names, whatever they look like: ``no``, ``1`` and ``true`` may be fields."""
        if not isinstance(raw, ScalarNode):
            self.problems.add(place_of(raw), path, "key_not_text")
            return None
        return str(raw.value)

    def sequence(self, raw: SequenceNode, path: Path, depth: int) -> list[Node]:
        built = (self.build(item, (*path, str(i)), place_of(item), depth + 1) for i, item in enumerate(raw.value, 1))
        return [node for node in built if node is not None]

    def scalar(self, raw: ScalarNode, path: Path, place: Place) -> Node | None:
        if raw.tag in TEXTS:
            value: Any = str(raw.value)
        elif raw.tag in SCALARS:
            value = self.plain(raw)
        else:
            self.problems.add(place, path, "tag_refused", tag=str(raw.tag))
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self.problems.add(place, path, "number_not_finite")
            return None
        return Node(value, path, place)

    def plain(self, raw: ScalarNode) -> Any:
        """A number, truth value or None; text that a tag claims to be one stays text."""
        try:
            return self.scalars.construct_object(raw)
        except (ValueError, KeyError, OverflowError):
            return str(raw.value)
