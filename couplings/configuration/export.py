"""A Document as YAML which, applied again, changes nothing. Settings left at their default are omitted."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from couplings.configuration.entries import ConnectionEntry, Document, FieldEntry, MappingEntry, SideEntry
from couplings.configuration.new_records import ConstantEntry, defaults_json
from couplings.configuration.section import duration_text
from couplings.configuration.values import steps_json, values_json
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.rules import Direction, Guard
from syncstatus.engine.value_maps import ValueMap

# Other texts are quoted: what YAML reads into "?a", "- a" or "a: b" differs from place to place.
PLAIN = re.compile(r"[^\W\d](?:[\w .-]*\w)?|(?:\d+[dhms])+")
# Never broken: a folded name with two spaces in a row would come back with one.
WIDTH = 1_000_000


def export(document: Document) -> str:
    """The file's text, connections and mappings in alphabetical order, secrets as masks, references as references."""
    content: dict[str, Any] = {}
    if document.connections:
        content["connections"] = {text(name): connection(one) for name, one in sorted(document.connections.items())}
    if document.mappings:
        content["mappings"] = {text(name): mapping(one) for name, one in sorted(document.mappings.items())}
    out = io.StringIO()
    writer().dump(content, out)
    return out.getvalue()


def writer() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.width = WIDTH
    yaml.allow_unicode = True
    yaml.default_flow_style = False
    return yaml


def connection(entry: ConnectionEntry) -> dict[str, Any]:
    return {"kind": entry.kind, **{name: inline(value) for name, value in entry.settings.items()}}


def mapping(entry: MappingEntry) -> dict[str, Any]:
    default = MappingEntry(entry.name, entry.left, entry.right, entry.fields)
    options = {
        name: getattr(entry, name)
        for name in ("only_coupled", "update_conflict", "deletion_conflict", "deleted_and_changed", "enabled")
        if getattr(entry, name) != getattr(default, name)
    }
    return {
        "left": side(entry.left),
        "right": side(entry.right),
        "direction": entry.direction.value,
        **{name: value if isinstance(value, bool) else value.value for name, value in options.items()},
        **({"delete_guard": guard(entry.guard)} if entry.guard != default.guard else {}),
        **({"schedule": inline({"every": duration_text(entry.every)})} if entry.every is not None else {}),
        **({"depends_on": inline(list(entry.depends_on))} if entry.depends_on else {}),
        "fields": {text(one.left): field(one) for one in entry.fields},
        **({"constants": constants(entry.constants)} if entry.constants else {}),
        **({"defaults": inline(defaults_json(entry.defaults))} if entry.defaults else {}),
    }


def side(entry: SideEntry) -> Any:
    key = entry.key[0] if len(entry.key) == 1 else list(entry.key)
    values = {
        "connection": entry.connection,
        "schema": entry.schema,
        "table": entry.table,
        "key": key,
        "modified_on": entry.modified_on,
        "version": entry.version,
        "filter": dict(entry.filter),
        "link": entry.link,
    }
    return inline({name: value for name, value in values.items() if value})


def constants(entries: tuple[ConstantEntry, ...]) -> Any:
    found: dict[str, dict[str, Any]] = {}
    for one in entries:
        found.setdefault(one.side.value, {})[one.field] = one.value
    return inline(found)


def guard(entry: Guard) -> Any:
    return inline({"share": entry.share, "count": entry.count})


def field(entry: FieldEntry) -> Any:
    rules: dict[str, Any] = {"to": entry.right}
    if entry.direction is not Direction.BIDIRECTIONAL:
        rules["direction"] = entry.direction.value
    if steps := steps_json(entry):
        rules["transform"] = steps
    if entry.values is not None:
        rules["values"] = value_map(entry.values)
    if entry.policy is not None:
        rules["conflict"] = entry.policy.value
    if entry.match is not None:
        rules["match"] = entry.match
        rules |= {name: False for name in ("case_sensitive", "accent_sensitive") if not getattr(entry, name)}
    if entry.required:
        rules["required"] = True
    if entry.lookup:
        rules["lookup"] = entry.lookup[0] if len(entry.lookup) == 1 else list(entry.lookup)
    if entry.if_missing is not IfMissing.WAIT:
        rules["if_missing"] = entry.if_missing.value
    rules |= {name: False for name in ("clear", "enabled") if not getattr(entry, name)}
    return text(entry.right) if len(rules) == 1 else inline(rules)


def value_map(values: ValueMap) -> Any:
    """The pairs alone where that says all; a map with a key like that of the long form takes the long form."""
    stored = values_json(values)
    return stored["map"] if set(stored) == {"map"} and "map" not in stored["map"] else stored


def text(value: str) -> str:
    return value if PLAIN.fullmatch(value) else DoubleQuotedScalarString(value)


def inline(value: Any) -> Any:
    """The value written on one line, ``{like: this}``."""
    if isinstance(value, Mapping):
        flow: Any = CommentedMap((text(name), inline(one)) for name, one in value.items())
    elif isinstance(value, list):
        flow = CommentedSeq(map(inline, value))
    else:
        return text(value) if isinstance(value, str) else value
    flow.fa.set_flow_style()
    return flow
