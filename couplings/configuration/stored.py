"""The store's side of configuration: models as a Document, and a Document into the models."""

from typing import Any

from couplings.configuration.entries import ConnectionEntry, Document, FieldEntry, MappingEntry, SideEntry
from couplings.configuration.masks import masked_parts
from couplings.configuration.new_records import ConstantEntry, defaults_json, defaults_of
from couplings.configuration.values import steps_json, steps_of, values_json, values_of
from couplings.models import Connection, FieldMapping, TableMapping
from couplings.models.connection import Circuit
from couplings.secrets import SecretUnusable, decrypt, encrypt
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction, Guard, UpdatePolicy

FIELD_RULES = [
    "position",
    "direction",
    "transforms",
    "policy",
    "match",
    "case_sensitive",
    "accent_sensitive",
    "values",
    "constant",
    "required",
    "clear",
    "enabled",
    "lookup",
    "if_missing",
]


def stored_document() -> Document:
    """The configuration that holds now. Secrets are masks; they are not decrypted."""
    mappings = TableMapping.objects.select_related("left_connection", "right_connection")
    mappings = mappings.prefetch_related("fields", "depends_on")
    return Document(
        {row.name: ConnectionEntry(row.name, row.kind, row.settings) for row in Connection.objects.order_by("name")},
        {row.name: mapping_entry(row) for row in mappings.order_by("name")},
    )


def mapping_entry(row: TableMapping) -> MappingEntry:
    return MappingEntry(
        name=row.name,
        left=side_entry(row, Side.LEFT),
        right=side_entry(row, Side.RIGHT),
        fields=tuple(field_entry(field) for field in row.fields.all() if field.constant is None),
        direction=Direction(row.direction),
        only_coupled=row.only_coupled,
        update_conflict=UpdatePolicy(row.update_conflict),
        deletion_conflict=DeletionPolicy(row.deletion_conflict),
        deleted_and_changed=DeletionPolicy(row.deleted_and_changed),
        guard=Guard(row.guard_share, row.guard_count),
        every=row.schedule_every,
        depends_on=tuple(sorted(parent.name for parent in row.depends_on.all())),
        enabled=row.enabled,
        constants=tuple(constant_entry(field) for field in row.fields.all() if field.constant is not None),
        defaults=defaults_of(row.defaults),
    )


def constant_entry(row: FieldMapping) -> ConstantEntry:
    return ConstantEntry(Side.LEFT if row.left else Side.RIGHT, row.left or row.right, row.constant)


def side_entry(row: TableMapping, side: Side) -> SideEntry:
    def value(name: str) -> Any:
        return getattr(row, f"{side.value}_{name}")

    return SideEntry(
        connection=row.connection(side).name,
        table=value("table"),
        schema=value("schema"),
        key=tuple(value("key")),
        modified_on=value("modified_on"),
        version=value("version"),
        filter=value("filter"),
        link=value("link"),
    )


def field_entry(row: FieldMapping) -> FieldEntry:
    return FieldEntry(
        left=row.left,
        right=row.right,
        direction=Direction(row.direction),
        policy=UpdatePolicy(row.policy) if row.policy else None,
        match=row.match,
        case_sensitive=row.case_sensitive,
        accent_sensitive=row.accent_sensitive,
        values=values_of(row.values),
        required=row.required,
        clear=row.clear,
        enabled=row.enabled,
        lookup=tuple(row.lookup),
        if_missing=IfMissing(row.if_missing),
        **steps_of(row.transforms),
    )


def save_connection(entry: ConnectionEntry) -> Connection:
    """Creates or updates the connection; a mask keeps the secret that is stored. Raises ``secrets.SecretUnusable``."""
    row = Connection.objects.filter(name=entry.name).first() or Connection(name=entry.name)
    row.secret = new_secret(row.secret, entry)
    row.kind = entry.kind
    row.settings = dict(entry.settings)
    # What was wrong with the former settings says nothing about these.
    row.circuit, row.open_until, row.asked_to_wait, row.probe = Circuit.CLOSED, None, False, ""
    row.save()
    return row


def new_secret(token: str, entry: ConnectionEntry) -> str:
    """The token with the entry's secrets; the very same when nothing changed."""
    parts = masked_parts(entry.settings)
    if not parts:
        return ""
    if set(parts) == set(entry.secrets):
        return encrypt(entry.secrets)
    known = decrypt(token)
    merged = {part: entry.secrets.get(part, known.get(part, "")) for part in parts}
    return token if merged == known else encrypt(merged)


def save_mapping(entry: MappingEntry) -> TableMapping:
    """Creates or updates the mapping and its fields, but not what it depends on: that may not be stored yet.

    The row is locked, so that cursors a job moves meanwhile and a pause are not overwritten. Needs a transaction."""
    row = TableMapping.objects.select_for_update().filter(name=entry.name).first() or TableMapping(name=entry.name)
    assign(row, entry)
    row.save()
    save_fields(row, entry)
    return row


def unsaved_mapping(entry: MappingEntry) -> TableMapping:
    """The mapping as it would be, with its fields, to look at and not to save; it has the id of the stored one, so that
    its couplings are found, or -1."""
    stored = TableMapping.objects.filter(name=entry.name).values_list("pk", flat=True).first()
    row = TableMapping(pk=stored or -1, name=entry.name)
    assign(row, entry)
    rows = field_rows(row, entry)
    for number, field in enumerate(rows, 1):
        field.pk = -number  # rules tell fields apart by it
    row._prefetched_objects_cache = {"fields": rows}  # type: ignore[attr-defined]
    return row


def assign(row: TableMapping, entry: MappingEntry) -> None:
    for side in Side:
        assign_side(row, side, entry.side(side))
    row.direction = entry.direction
    row.only_coupled = entry.only_coupled
    row.update_conflict = entry.update_conflict
    row.deletion_conflict = entry.deletion_conflict
    row.deleted_and_changed = entry.deleted_and_changed
    row.guard_share = entry.guard.share
    row.guard_count = entry.guard.count
    row.enabled = entry.enabled
    row.defaults = defaults_json(entry.defaults)
    row.schedule_every = entry.every


def assign_side(row: TableMapping, side: Side, entry: SideEntry) -> None:
    values = {
        "connection": Connection.objects.get(name=entry.connection),
        "table": entry.table,
        "schema": entry.schema,
        "key": list(entry.key),
        "modified_on": entry.modified_on,
        "version": entry.version,
        "filter": dict(entry.filter),
        "link": entry.link,
    }
    for name, value in values.items():
        setattr(row, f"{side.value}_{name}", value)


def save_fields(mapping: TableMapping, entry: MappingEntry) -> None:
    """Rows are kept by their pair of fields, so that what refers to one survives a change of its rules."""
    rows = field_rows(mapping, entry)
    wanted = {(row.left, row.right) for row in rows}
    gone = [pk for pk, *pair in mapping.fields.values_list("pk", "left", "right") if tuple(pair) not in wanted]
    FieldMapping.objects.filter(pk__in=gone).delete()
    FieldMapping.objects.bulk_create(
        rows,
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["mapping", "left", "right"],
        update_fields=FIELD_RULES,
    )


def field_rows(mapping: TableMapping, entry: MappingEntry) -> list[FieldMapping]:
    """The fields in their order, then the constants."""
    rows = [field_row(mapping, position, field) for position, field in enumerate(entry.fields)]
    return rows + [constant_row(mapping, position, one) for position, one in enumerate(entry.constants, len(rows))]


def field_row(mapping: TableMapping, position: int, entry: FieldEntry) -> FieldMapping:
    return FieldMapping(
        mapping=mapping,
        position=position,
        left=entry.left,
        right=entry.right,
        direction=entry.direction,
        transforms=steps_json(entry),
        policy=entry.policy or "",
        match=entry.match,
        case_sensitive=entry.case_sensitive,
        accent_sensitive=entry.accent_sensitive,
        values=values_json(entry.values),
        required=entry.required,
        clear=entry.clear,
        enabled=entry.enabled,
        lookup=list(entry.lookup),
        if_missing=entry.if_missing.value,
    )


def constant_row(mapping: TableMapping, position: int, entry: ConstantEntry) -> FieldMapping:
    left, right = (entry.field, "") if entry.side is Side.LEFT else ("", entry.field)
    direction = Direction.RIGHT_TO_LEFT if entry.side is Side.LEFT else Direction.LEFT_TO_RIGHT
    return FieldMapping(
        mapping=mapping, position=position, left=left, right=right, direction=direction, constant=entry.value
    )


def save_parents(entry: MappingEntry) -> None:
    parents = TableMapping.objects.filter(name__in=entry.depends_on)
    TableMapping.objects.get(name=entry.name).depends_on.set(parents)


def new_secrets(document: Document) -> dict[str, list[str]]:
    """The parts of each stored connection whose secret ``document`` replaces. Raises nothing: a secret that can no
    longer be decrypted counts as replaced."""
    found = {}
    for row in Connection.objects.filter(name__in=document.connections):
        brought = document.connections[row.name].secrets
        known = readable(row.secret) if brought else {}
        found[row.name] = [part for part, secret in brought.items() if known.get(part) != secret]
    return found


def readable(token: str) -> dict[str, str]:
    try:
        return decrypt(token)
    except SecretUnusable:
        return {}
