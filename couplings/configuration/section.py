"""Typed reading of one mapping of the file: each reader gives the value, or the default and a problem."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from couplings.configuration.problems import Problems, nearest
from couplings.configuration.source import Node

Choice = TypeVar("Choice", bound=StrEnum)

NAME_LENGTH = 100
FIELD_LENGTH = 200
NAME = re.compile(r"\w(?:[\w .&+()'-]*[\w.)+])?")
LARGEST = 2**31 - 1
DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
UNIT_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST = 366 * 86_400


class Section:
    """One mapping whose keys are known. Unknown keys, and those of a later version, are refused at once."""

    def __init__(self, node: Node, problems: Problems, known: Iterable[str], later: Iterable[str] = ()) -> None:
        self.node = node
        self.problems = problems
        self.values: Mapping[str, Node] = {}
        if not isinstance(node.value, dict):
            self.refuse(node, "not_a_mapping")
            return
        self.values = node.value
        for name, value in self.values.items():
            if name in later:
                self.refuse(value, "key_not_available", key=name)
            elif name not in known:
                self.refuse(value, "key_unknown", key=name, near=nearest(name, known), known=", ".join(known))

    def refuse(self, node: Node, code: str, **params: Any) -> None:
        self.problems.add(node.place, node.path, code, **params)

    def get(self, name: str) -> Node | None:
        return self.values.get(name)

    def required(self, name: str) -> Node | None:
        if name not in self.values and isinstance(self.node.value, dict):
            self.refuse(self.node, "key_missing", key=name)
        return self.values.get(name)

    def text(self, name: str, *, required: bool = False, length: int = FIELD_LENGTH) -> str:
        """A name in one of the systems: no control characters, not longer than the store keeps."""
        node = self.required(name) if required else self.get(name)
        return read_text(node, self.problems, length) if node else ""

    def names(self, name: str) -> tuple[str, ...]:
        """One text or a list of them, each at most once."""
        node = self.get(name)
        if node is None:
            return ()
        items = node.value if isinstance(node.value, list) else [node]
        if not items:
            self.refuse(node, "list_empty", key=name)
        found = [text for item in items if (text := read_text(item, self.problems))]
        for twice in {text for text in found if found.count(text) > 1}:
            self.refuse(node, "listed_twice", key=name, value=twice)
        return tuple(dict.fromkeys(found))

    def boolean(self, name: str, default: bool) -> bool:
        node = self.get(name)
        if node is None or isinstance(node.value, bool):
            return default if node is None else bool(node.value)
        self.refuse(node, "not_true_or_false", key=name, value=shown(node))
        return default

    def choice(self, name: str, default: Choice) -> Choice:
        return self.optional_choice(name, type(default)) or default

    def optional_choice(self, name: str, choices: type[Choice]) -> Choice | None:
        node = self.get(name)
        return None if node is None else self.as_choice(node, choices)

    def as_choice(self, node: Node, choices: type[Choice]) -> Choice | None:
        known = [choice.value for choice in choices]
        if isinstance(node.value, str) and node.value in known:
            return choices(node.value)
        near = nearest(node.value, known) if isinstance(node.value, str) else ""
        self.refuse(node, "not_a_choice", key=last(node), value=shown(node), near=near, known=", ".join(known))
        return None

    def whole_number(self, name: str, default: int | None, *, least: int) -> int | None:
        node = self.get(name)
        if node is None:
            return default
        if isinstance(node.value, int) and not isinstance(node.value, bool) and least <= node.value <= LARGEST:
            return node.value
        self.refuse(node, "not_a_whole_number", key=name, value=shown(node), least=least)
        return default

    def share(self, name: str, default: float) -> float:
        node = self.get(name)
        if node is None:
            return default
        if isinstance(node.value, int | float) and not isinstance(node.value, bool) and 0 <= node.value <= 1:
            return float(node.value)
        self.refuse(node, "not_a_share", key=name, value=shown(node))
        return default

    def duration(self, name: str) -> int | None:
        """``1h30m`` as seconds."""
        node = self.required(name)
        if node is None:
            return None
        seconds = seconds_of(node.value) if isinstance(node.value, str) else None
        if seconds is None or not 0 < seconds <= LONGEST:
            self.refuse(node, "not_a_duration", key=name, value=shown(node))
            return None
        return seconds


def read_text(node: Node, problems: Problems, length: int = FIELD_LENGTH) -> str:
    """The node's text, "" and a problem when it is not one that can be a name in one of the systems."""
    if not isinstance(node.value, str):
        problems.add(node.place, node.path, "not_text", key=last(node), kind=kind_of(node.value))
    elif not node.value.strip():
        problems.add(node.place, node.path, "text_empty", key=last(node))
    elif bad := refused_character(node.value):
        problems.add(node.place, node.path, "character_refused", character=bad)
    elif len(node.value) > length:
        problems.add(node.place, node.path, "text_too_long", key=last(node), limit=length)
    else:
        return node.value
    return ""


def seconds_of(text: str) -> int | None:
    found = DURATION.fullmatch(text.strip())
    if not text.strip() or found is None:
        return None
    return sum(int(part or 0) * seconds for part, seconds in zip(found.groups(), UNIT_SECONDS.values(), strict=True))


def duration_text(seconds: int) -> str:
    """The shortest text that ``seconds_of`` reads back: 5400 is ``1h30m``."""
    parts = []
    for unit, size in UNIT_SECONDS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def refused_character(text: str, *, lines: bool = False) -> str:
    """The first control character or half of a surrogate pair, which neither the store nor most systems keep."""
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and not (lines and character in "\t\n\r"):
            return f"U+{ord(character):04X}"
    return ""


def is_name(text: str) -> bool:
    """Whether a connection or mapping may bear this name: it stands in addresses of pages and on command lines."""
    return len(text) <= NAME_LENGTH and NAME.fullmatch(text) is not None


def last(node: Node) -> str:
    """What to call the node in a sentence: its key, for an item of a list that of the list."""
    return next((part for part in reversed(node.path) if not part.isdigit()), "")


def shown(node: Node) -> str:
    """The value for a message, short; values of connections never get here, as they may be secrets."""
    match node.value:
        case dict() | list():
            return kind_of(node.value)
        case None:
            return "null"
        case bool():
            return str(node.value).lower()
    text = str(node.value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def kind_of(value: Any) -> str:
    """The YAML kind of a value, as a parameter of a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "true/false"
        case int() | float():
            return "number"
        case list():
            return "list"
        case dict():
            return "mapping"
    return "text"
