"""A mapping's rules as the engine wants them, from the configuration and what the systems say of their fields."""

from collections.abc import Mapping
from typing import Protocol

from couplings.models import FieldMapping, TableMapping
from syncstatus.engine.rules import (
    DeletionPolicy,
    Direction,
    FieldRule,
    Guard,
    Rules,
    Transform,
    UpdatePolicy,
)
from syncstatus.engine.values import FieldType


class Described(Protocol):
    """What a connector tells of a field; the configuration has refused fields without a type."""

    @property
    def type(self) -> FieldType | None: ...


def load_rules(mapping: TableMapping, left: Mapping[str, Described], right: Mapping[str, Described]) -> Rules:
    """The rules of ``mapping``, its fields in their order.

    ``left`` and ``right`` describe the fields of both tables by name. Raises KeyError when one of the mapping's fields
    is not among them: callers open both endpoints first, which names a missing field properly.
    """
    return Rules(
        fields=tuple(
            _field_rule(field, left[field.left].type, right[field.right].type) for field in mapping.fields.all()
        ),
        direction=Direction(mapping.direction),
        only_coupled=mapping.only_coupled,
        update_conflict=UpdatePolicy(mapping.update_conflict),
        deletion_conflict=DeletionPolicy(mapping.deletion_conflict),
        deleted_and_changed=DeletionPolicy(mapping.deleted_and_changed),
        delete_guard=Guard(mapping.guard_share, mapping.guard_count),
    )


def _field_rule(field: FieldMapping, left: FieldType | None, right: FieldType | None) -> FieldRule:
    if left is None or right is None:
        raise KeyError(field.left if left is None else field.right)
    return FieldRule(
        left=field.left,
        right=field.right,
        left_type=left,
        right_type=right,
        direction=Direction(field.direction),
        transforms=tuple(map(Transform, field.transforms)),
        policy=UpdatePolicy(field.policy) if field.policy else None,
        match=field.match,
        case_sensitive=field.case_sensitive,
        accent_sensitive=field.accent_sensitive,
    )
