"""What the engine says for one pair."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncstatus.engine.records import Side


class Action(StrEnum):
    NOTHING = "nothing"  # in step; nothing to remember
    REFRESH = "refresh"  # in step; versions or base to be remembered anew
    COUPLE = "couple"  # a first contact that agrees, or whose loser is written
    CREATE = "create"  # the record is created on the side named; with a memory: created again (restore)
    UPDATE = "update"
    DELETE = "delete"  # the survivor is deleted, the pair uncoupled
    UNCOUPLE = "uncouple"
    EXCLUDE = "exclude"  # outside the filter, or not coupled where only coupled records travel
    SKIP = "skip"  # an open error keeps it out until a person acts
    ERROR = "error"


class ErrorKind(StrEnum):
    """The kinds of an open error (DESIGN 7.2); its class (R10) follows from it."""

    CONFLICT = "conflict"
    DELETED = "deleted"
    DELETED_AND_CHANGED = "deleted_and_changed"
    DUPLICATE = "duplicate"
    AMBIGUOUS = "ambiguous"
    DEPENDENCY = "dependency"
    VALIDATION = "validation"
    PERMISSION = "permission"
    UNKNOWN_OUTCOME = "unknown_outcome"
    SCHEMA = "schema"
    TRANSIENT = "transient"
    CONNECTION = "connection"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a pair is not put in step: a kind, a message code with parameters, and the mapping's fields concerned.

    ``fields`` are positions in ``Rules.fields``.
    """

    kind: ErrorKind
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[int, ...] = ()


@dataclass(slots=True)
class Decision:
    """The answer for one pair.

    ``left`` and ``right`` hold what is to be written on that side: position of the field to the value in that side's
    type. CREATE writes all of them on ``side``; DELETE deletes on ``side``; UPDATE and COUPLE name the side written,
    None when both or neither are. ``left_base`` and ``right_base`` are the canonical values to remember once the
    writes succeeded as sent (None when there is nothing to remember); a REFRESH of versions alone hands back the very
    tuples of the memory, so that ``is`` tells that the stored base stands. ``overrules`` says that values are written
    over, or deleted, which the other side has never seen: with them, a lost answer would lose what somebody wrote.
    ``defaults`` are what a CREATE sends besides the mapped values: by name of the field, in its type. ``follows`` tells
    of a link that is left out until its parent is coupled; all else is done.
    """

    action: Action
    side: Side | None = None
    left: Mapping[int, Any] = field(default_factory=dict)
    right: Mapping[int, Any] = field(default_factory=dict)
    left_base: tuple[Any, ...] | None = None
    right_base: tuple[Any, ...] | None = None
    problem: Problem | None = None
    overrules: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    follows: Problem | None = None

    def writes(self, side: Side) -> Mapping[int, Any]:
        """What is to be written on ``side``, by position of the field."""
        return self.left if side is Side.LEFT else self.right

    def base(self, side: Side) -> tuple[Any, ...] | None:
        return self.left_base if side is Side.LEFT else self.right_base
