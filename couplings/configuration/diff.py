"""What applying a document will change, in an order that does not depend on the file's."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from couplings.configuration.entries import ConnectionEntry, Document, FieldEntry, MappingEntry, SideEntry
from couplings.configuration.masks import path_of
from couplings.configuration.new_records import defaults_json
from couplings.configuration.section import duration_text
from couplings.configuration.values import steps_json, values_json
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.records import Side

SHOWN = 300  # characters of a setting


class What(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Detail:
    """One setting of a connection or mapping. ``old`` and ``new`` are short texts for people, "" where there is none;
    of a secret only the mask."""

    what: What
    setting: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one connection or mapping; ``kind`` is ``connection`` or ``mapping``."""

    kind: str
    name: str
    what: What
    details: tuple[Detail, ...] = ()


def changes(stored: Document, document: Document, new_secrets: Mapping[str, Collection[str]]) -> list[Change]:
    """What ``document`` changes in ``stored``; things it does not name are left alone and not listed.

    ``new_secrets`` are the parts of each stored connection whose secret is replaced.
    """
    found = []
    for name, connection in sorted(document.connections.items()):
        old = connection_texts(stored.connections.get(name))
        details = list(compare(old, connection_texts(connection)))
        details += secret_details(new_secrets.get(name, ()), {detail.setting for detail in details})
        found.append(change("connection", name, name in stored.connections, details))
    for name, mapping in sorted(document.mappings.items()):
        known = stored.mappings.get(name)
        # Of a new mapping, what is left at its default is not worth a line.
        details = list(compare(mapping_texts(known) if known else DEFAULTS, mapping_texts(mapping)))
        found.append(change("mapping", name, name in stored.mappings, details))
    return [one for one in found if one.details]


def left_alone(stored: Document, document: Document) -> Document:
    """What is stored and not named in the file: it stays as it is."""
    return Document(
        {name: entry for name, entry in stored.connections.items() if name not in document.connections},
        {name: entry for name, entry in stored.mappings.items() if name not in document.mappings},
    )


def change(kind: str, name: str, is_stored: bool, details: list[Detail]) -> Change:
    return Change(kind, name, What.CHANGED if is_stored else What.ADDED, tuple(details))


def secret_details(parts: Collection[str], reported: set[str]) -> Iterator[Detail]:
    """A new secret under an unchanged mask; where the setting around it changes as well, that is already told."""
    for setting in sorted({".".join(path_of(part)) for part in parts}):
        if setting not in reported:
            yield Detail(What.CHANGED, setting)


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Detail]:
    """The new settings in their order, then those that are gone."""
    for setting, text in new.items():
        if setting not in old:
            yield Detail(What.ADDED, setting, "", text)
        elif old[setting] != text:
            yield Detail(What.CHANGED, setting, old[setting], text)
    for setting, text in old.items():
        if setting not in new:
            yield Detail(What.REMOVED, setting, text, "")


def connection_texts(entry: ConnectionEntry | None) -> dict[str, str]:
    return {} if entry is None else {"kind": entry.kind, **dict(flat(entry.settings))}


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value)


def mapping_texts(entry: MappingEntry) -> dict[str, str]:
    """Every setting by the name it has in the file; optional ones only where they are set."""
    texts = {f"{side.value}.{name}": text for side in Side for name, text in side_texts(entry, side)}
    texts |= option_texts(entry)
    if entry.every is not None:
        texts["schedule.every"] = duration_text(entry.every)
    if entry.depends_on:
        texts["depends_on"] = ", ".join(entry.depends_on)
    texts |= {f"fields.{field.left}": field_text(field) for field in entry.fields}
    texts |= {f"constants.{one.side.value}.{one.field}": compact(one.value) for one in entry.constants}
    return texts | {f"defaults.{side}": compact(rows) for side, rows in defaults_json(entry.defaults).items()}


def option_texts(entry: MappingEntry) -> dict[str, str]:
    return {
        "direction": entry.direction.value,
        "only_coupled": json.dumps(entry.only_coupled),
        "update_conflict": entry.update_conflict.value,
        "deletion_conflict": entry.deletion_conflict.value,
        "deleted_and_changed": entry.deleted_and_changed.value,
        "delete_guard.share": json.dumps(entry.guard.share),
        "delete_guard.count": str(entry.guard.count),
        "enabled": json.dumps(entry.enabled),
    }


def side_texts(entry: MappingEntry, side: Side) -> Iterator[tuple[str, str]]:
    values = entry.side(side)
    yield "connection", values.connection
    yield "table", values.table
    optional = {"schema": values.schema, "key": key_text(values.key)}
    optional |= {"modified_on": values.modified_on, "version": values.version}
    yield from ((name, text) for name, text in optional.items() if text)
    if values.filter:
        yield "filter", json.dumps(values.filter, ensure_ascii=False, sort_keys=True)
    if values.link:
        yield "link", values.link


def key_text(key: tuple[str, ...]) -> str:
    return key[0] if len(key) == 1 else json.dumps(key, ensure_ascii=False) if key else ""


def field_text(field: FieldEntry) -> str:
    """``telephone (left_to_right, trim, conflict: right)``."""
    rules = [] if field.direction == "bidirectional" else [field.direction.value]
    steps = steps_json(field)
    rules += [step_text(step) for step in steps] if isinstance(steps, list) else [f"transform: {compact(steps)}"]
    rules += [f"values: {compact(values_json(field.values))}"] if field.values is not None else []
    rules += [f"conflict: {field.policy.value}"] if field.policy else []
    rules += [f"match: {field.match}"] if field.match is not None else []
    rules += [] if field.case_sensitive else ["case_sensitive: false"]
    rules += [] if field.accent_sensitive else ["accent_sensitive: false"]
    rules += ["required"] if field.required else []
    rules += [f"lookup: {', '.join(field.lookup)}"] if field.lookup else []
    rules += [] if field.if_missing is IfMissing.WAIT else [f"if_missing: {field.if_missing.value}"]
    rules += [f"{name}: false" for name in ("clear", "enabled") if not getattr(field, name)]
    return f"{field.right} ({', '.join(rules)})" if rules else field.right


def step_text(step: Any) -> str:
    return step if isinstance(step, str) else compact(step)


def compact(value: Any) -> str:
    """A value on one line; a long one is cut, and told apart by what it comes to."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(text) <= SHOWN:
        return text
    return f"{text[:SHOWN]}… ({hashlib.sha256(text.encode()).hexdigest()[:8]})"


BARE = SideEntry("", "")
DEFAULTS = option_texts(MappingEntry("", BARE, BARE, ()))
