"""A file's nodes as a Document, with every problem that the file alone shows."""

from collections.abc import Sequence
from typing import Any

from couplings.configuration.connections import KINDS, read_connection
from couplings.configuration.entries import ConnectionEntry, Document, FieldEntry, MappingEntry, SideEntry
from couplings.configuration.filters import read_filter
from couplings.configuration.links import read_link
from couplings.configuration.new_records import read_constants, read_defaults
from couplings.configuration.problems import Path, Place, Problems
from couplings.configuration.section import Section, is_name, read_text
from couplings.configuration.source import Node, from_data, parse
from couplings.configuration.values import read_transforms, read_values
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.rules import DeletionPolicy, Direction, Guard, UpdatePolicy

SIDE_KEYS = ("connection", "table", "schema", "key", "modified_on", "version", "filter", "link")
MAPPING_KEYS = (
    "left",
    "right",
    "direction",
    "only_coupled",
    "update_conflict",
    "deletion_conflict",
    "deleted_and_changed",
    "delete_guard",
    "schedule",
    "depends_on",
    "enabled",
    "fields",
    "constants",
    "defaults",
)
FIELD_KEYS = (
    "to",
    "direction",
    "transform",
    "conflict",
    "match",
    "case_sensitive",
    "accent_sensitive",
    "values",
    "required",
    "clear",
    "enabled",
    "lookup",
    "if_missing",
)


def read_document(content: bytes, kinds: Sequence[str] = KINDS) -> tuple[Document, Problems]:
    """What the file says and everything that is wrong with it; entries that could not be read are in ``broken``.

    ``kinds`` are the kinds of connections there are connectors for.
    Raises ConfigurationRefused when the file cannot be read at all.
    """
    root, problems = parse(content)
    reader = Reader(problems, kinds)
    return reader.document(root), problems


def read_data(data: dict[str, Any], kinds: Sequence[str] = KINDS) -> tuple[Document, Problems]:
    """As ``read_document``, of what a file would hold as plain data: a page has no file."""
    problems = Problems()
    return Reader(problems, kinds).document(from_data(data)), problems


class Reader:
    def __init__(self, problems: Problems, kinds: Sequence[str]) -> None:
        self.problems = problems
        self.kinds = kinds
        self.places: dict[Path, Place] = {}
        self.broken: set[Path] = set()

    def document(self, root: Node) -> Document:
        section = Section(root, self.problems, ("connections", "mappings"))
        if not section.values:
            section.refuse(root, "file_empty")
        connections = self.connections(section.get("connections"))
        mappings = self.mappings(section.get("mappings"))
        return Document(connections, mappings, self.places, frozenset(self.broken))

    def named(self, node: Node | None, *, upper: bool = False) -> dict[str, Node]:
        """The entries of ``connections`` or ``mappings`` by name, names that differ only in case refused."""
        if node is None or not isinstance(node.value, dict):
            if node is not None:
                self.problems.add(node.place, node.path, "not_a_mapping", key=node.path[-1])
            return {}
        found: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for written, value in node.value.items():
            name = written.upper() if upper else written
            self.remember(value, (node.path[0], name))
            if not is_name(name):
                self.problems.add(value.place, value.path, "name_refused", name=written[:100])
            elif name.upper() in lines:
                self.problems.add(value.place, value.path, "name_twice", name=written, first=lines[name.upper()])
            else:
                found[name] = value
            lines.setdefault(name.upper(), value.place.line)
        return found

    def remember(self, node: Node, path: Path) -> None:
        self.places[path] = node.place
        if isinstance(node.value, dict):
            for name, value in node.value.items():
                self.remember(value, (*path, name))
        elif isinstance(node.value, list):
            for number, item in enumerate(node.value, 1):
                self.remember(item, (*path, str(number)))

    def connections(self, node: Node | None) -> dict[str, ConnectionEntry]:
        found = {}
        for name, value in self.named(node).items():
            before = len(self.problems)
            entry = read_connection(name, value, self.problems, self.kinds)
            if entry is None or len(self.problems) > before:
                self.broken.add(("connections", name))
            else:
                found[name] = entry
        return found

    def mappings(self, node: Node | None) -> dict[str, MappingEntry]:
        found = {}
        for name, value in self.named(node, upper=True).items():
            before = len(self.problems)
            entry = self.mapping(name, value)
            if entry is None or len(self.problems) > before:
                self.broken.add(("mappings", name))
            if entry is not None:
                found[name] = entry
        return found

    def mapping(self, name: str, node: Node) -> MappingEntry | None:
        section = Section(node, self.problems, MAPPING_KEYS)
        left, right = (self.side(section.required(side)) for side in ("left", "right"))
        fields = self.fields(section.required("fields"))
        options: dict[str, Any] = {
            "direction": section.choice("direction", Direction.BIDIRECTIONAL),
            "only_coupled": section.boolean("only_coupled", False),
            "update_conflict": section.choice("update_conflict", UpdatePolicy.ASK),
            "deletion_conflict": section.choice("deletion_conflict", DeletionPolicy.ASK),
            "deleted_and_changed": section.choice("deleted_and_changed", DeletionPolicy.ASK),
            "guard": self.guard(section.get("delete_guard")),
            "every": self.schedule(section.get("schedule")),
            "depends_on": tuple(sorted({parent.upper() for parent in section.names("depends_on")})),
            "enabled": section.boolean("enabled", True),
            "constants": read_constants(section.get("constants"), self.problems),
            "defaults": read_defaults(section.get("defaults"), self.problems),
        }
        if left is None or right is None:
            return None
        return MappingEntry(name, left, right, fields, **options)

    def side(self, node: Node | None) -> SideEntry | None:
        if node is None:
            return None
        section = Section(node, self.problems, SIDE_KEYS)
        return SideEntry(
            connection=section.text("connection", required=True),
            table=section.text("table", required=True),
            schema=section.text("schema"),
            key=section.names("key"),
            modified_on=section.text("modified_on"),
            version=section.text("version"),
            filter=read_filter(section.get("filter"), self.problems),
            link=read_link(section.get("link"), self.problems),
        )

    def guard(self, node: Node | None) -> Guard:
        default = Guard()
        if node is None:
            return default
        section = Section(node, self.problems, ("share", "count"))
        count = section.whole_number("count", default.count, least=0)
        return Guard(section.share("share", default.share), default.count if count is None else count)

    def schedule(self, node: Node | None) -> int | None:
        return None if node is None else Section(node, self.problems, ("every",)).duration("every")

    def fields(self, node: Node | None) -> tuple[FieldEntry, ...]:
        if node is None:
            return ()
        if not isinstance(node.value, dict) or not node.value:
            self.problems.add(node.place, node.path, "fields_empty")
            return ()
        return tuple(entry for left, value in node.value.items() if (entry := self.field(left, value)))

    def field(self, left: str, node: Node) -> FieldEntry | None:
        # The key is a field's name as well, and has to be fit for one.
        if not read_text(Node(left, node.path, node.place), self.problems):
            return None
        if not isinstance(node.value, dict):
            return FieldEntry(left, read_text(node, self.problems))
        section = Section(node, self.problems, FIELD_KEYS)
        for name in ("case_sensitive", "accent_sensitive"):
            if (rule := section.get(name)) and not section.get("match"):
                section.refuse(rule, "case_without_match", key=name)
        if (rule := section.get("if_missing")) and not section.get("lookup"):
            section.refuse(rule, "if_missing_without_lookup")
        return FieldEntry(
            left,
            section.text("to", required=True),
            section.choice("direction", Direction.BIDIRECTIONAL),
            policy=section.optional_choice("conflict", UpdatePolicy),
            match=section.whole_number("match", None, least=1),
            case_sensitive=section.boolean("case_sensitive", True),
            accent_sensitive=section.boolean("accent_sensitive", True),
            values=read_values(section.get("values"), self.problems),
            required=section.boolean("required", False),
            clear=section.boolean("clear", True),
            enabled=section.boolean("enabled", True),
            lookup=tuple(dict.fromkeys(name.upper() for name in section.names("lookup"))),
            if_missing=section.choice("if_missing", IfMissing.WAIT),
            **read_transforms(section.get("transform"), self.problems),
        )
