"""The rules of a table mapping, as the engine needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from syncstatus.engine.records import Side
from syncstatus.engine.values import FieldType

if TYPE_CHECKING:
    from syncstatus.engine.compiled import Compiled


class Direction(StrEnum):
    BIDIRECTIONAL = "bidirectional"
    LEFT_TO_RIGHT = "left_to_right"
    RIGHT_TO_LEFT = "right_to_left"

    def writes(self, side: Side) -> bool:
        """Whether values may travel to ``side``."""
        return self is not (Direction.RIGHT_TO_LEFT if side is Side.RIGHT else Direction.LEFT_TO_RIGHT)


class UpdatePolicy(StrEnum):
    """Who wins when both sides changed the same field (DESIGN R2)."""

    ASK = "ask"
    LEFT = "left"
    RIGHT = "right"
    NEWEST = "newest"


class DeletionPolicy(StrEnum):
    """What happens to the survivor of a deletion (DESIGN R3)."""

    ASK = "ask"
    RESTORE = "restore"
    UNCOUPLE = "uncouple"
    DELETE = "delete"


class Transform(StrEnum):
    TRIM = "trim"
    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A pair of fields and how their values travel.

    ``policy`` None means the mapping's ``update_conflict`` decides. ``match`` is the priority number of a match
    field, None for others (DESIGN R14); ``case_sensitive`` and ``accent_sensitive`` say what it tells apart.
    ``empty_is_null`` makes the empty text and null equal.
    """

    left: str
    right: str
    left_type: FieldType
    right_type: FieldType
    direction: Direction = Direction.BIDIRECTIONAL
    transforms: tuple[Transform, ...] = ()
    policy: UpdatePolicy | None = None
    match: int | None = None
    case_sensitive: bool = True
    accent_sensitive: bool = True
    empty_is_null: bool = False

    @property
    def name(self) -> str:
        """The field's name in the base: it changes when either partner does, so a new partner has no base."""
        return f"{self.left}>{self.right}"

    def field(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right

    def type(self, side: Side) -> FieldType:
        return self.left_type if side is Side.LEFT else self.right_type


@dataclass(frozen=True, slots=True)
class Guard:
    """How many deletions on one side a run may plan before it is held (DESIGN R9)."""

    share: float = 0.5
    count: int = 100


@dataclass(frozen=True)
class Rules:
    fields: tuple[FieldRule, ...]
    direction: Direction = Direction.BIDIRECTIONAL
    only_coupled: bool = False
    update_conflict: UpdatePolicy = UpdatePolicy.ASK
    deletion_conflict: DeletionPolicy = DeletionPolicy.ASK
    deleted_and_changed: DeletionPolicy = DeletionPolicy.ASK
    delete_guard: Guard = Guard()

    @cached_property
    def compiled(self) -> "Compiled":
        """What is worked out once for these rules and used for every pair. Raises ``KindsDiffer``."""
        from syncstatus.engine.compiled import Compiled  # it is made of the rules declared here

        return Compiled(self)


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a person asked for one pair; it stands above the mapping's policies.

    ``use`` takes one side whole, ``fields`` one side for each named field (by ``FieldRule.name``), ``deletion`` settles
    a deletion. An instruction that no longer fits the pair writes nothing (SCENARIOS T30).
    """

    use: Side | None = None
    fields: Mapping[str, Side] = field(default_factory=dict)
    deletion: DeletionPolicy | None = None


NO_INSTRUCTION = Instruction()
