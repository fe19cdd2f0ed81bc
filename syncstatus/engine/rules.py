"""The rules of a table mapping, as the engine needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from syncstatus.engine.conditions import Default
from syncstatus.engine.lookups import Lookup
from syncstatus.engine.records import Side
from syncstatus.engine.transforms import chain
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.value_maps import ValueMap
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


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A pair of fields and how their values travel.

    ``policy`` None means the mapping's ``update_conflict`` decides. ``match`` is the priority number of a match
    field, None for others (DESIGN R14); ``case_sensitive`` and ``accent_sensitive`` say what it tells apart.
    ``empty_is_null`` makes the empty text and null equal.

    ``transforms`` are read in the direction in which the values travel, from left to right where they travel both ways,
    and undone on the way back; ``to_right`` and ``to_left`` tell both ways by themselves (``engine.transformed``).
    ``required``: an empty value is refused, before anything is sent. ``clears`` False: a value that was emptied does
    not travel, and the other side keeps its own. ``carried``: the field is only read, for the rules of others.
    ``lookup``: the field holds the key of a record of another mapping (``engine.lookups``).
    """

    left: str
    right: str
    left_type: FieldType
    right_type: FieldType
    direction: Direction = Direction.BIDIRECTIONAL
    transforms: tuple[Step, ...] = ()
    policy: UpdatePolicy | None = None
    match: int | None = None
    case_sensitive: bool = True
    accent_sensitive: bool = True
    empty_is_null: bool = False
    to_right: tuple[Step, ...] | None = None
    to_left: tuple[Step, ...] | None = None
    values: ValueMap | None = None
    required: bool = False
    clears: bool = True
    carried: bool = False
    lookup: Lookup | None = None

    @property
    def name(self) -> str:
        """The field's name in the base: it changes when either partner does, so a new partner has no base."""
        return f"{self.left}>{self.right}"

    def field(self, side: Side) -> str:
        return self.left if side is Side.LEFT else self.right

    def type(self, side: Side) -> FieldType:
        return self.left_type if side is Side.LEFT else self.right_type

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of either way."""
        return (*self.transforms, *(self.to_right or ()), *(self.to_left or ()))

    @property
    def both_ways(self) -> bool:
        return self.direction is Direction.BIDIRECTIONAL

    @property
    def home(self) -> Side:
        """The side in whose form both are compared: the one that values travel to."""
        return Side.LEFT if self.direction is Direction.RIGHT_TO_LEFT else Side.RIGHT

    @property
    def is_transformed(self) -> bool:
        """Whether more happens to the values than what both sides are compared in anyway."""
        told = self.values is not None or self.to_right is not None or self.to_left is not None
        return told or not chain.is_simple(self.transforms)

    @property
    def is_constant(self) -> bool:
        """Whether the value comes from the rule itself and from no field."""
        return bool(self.transforms) and self.transforms[0].name == "constant"

    def towards(self, side: Side) -> tuple[Step, ...] | None:
        """The steps on the way to ``side``; None when a step of the other way cannot be undone."""
        told = {Side.LEFT: self.to_left, Side.RIGHT: self.to_right}
        if (own := told[side]) is not None:
            return own
        other = told[side.other]
        if other is None and side is self.home:
            return self.transforms
        return chain.undone(self.transforms if other is None else other)

    def plain(self, left_type: FieldType, right_type: FieldType) -> "FieldRule":
        """The rule between other types, and without transformations."""
        types = replace(self, left_type=left_type, right_type=right_type)
        return replace(types, transforms=(), to_right=None, to_left=None, values=None, lookup=None)


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
    left_defaults: tuple[Default, ...] = ()
    right_defaults: tuple[Default, ...] = ()

    def defaults(self, side: Side) -> tuple[Default, ...]:
        """What a new record of ``side`` is given besides its mapped values, in order."""
        return self.left_defaults if side is Side.LEFT else self.right_defaults

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
