"""Which actions apply to which open errors, and why not to the others: one set of rules for the buttons of a page, for
what a confirmation tells, and for the statement that carries an action out.

An action applies when all its steps hold; the first that does not is the reason. A step holds when one of its
alternatives does: a feature of the error for each name, with the values it may have.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet

from couplings.models import SyncError
from couplings.models.error import IS_OPEN, State
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction

RETRY, SYNCHRONIZE, RESTORE, DELETE, UNCOUPLE = "retry", "synchronize", "restore", "delete", "uncouple"
USE_LEFT, USE_RIGHT = "use_left", "use_right"  # Synchronize with the data of one side
CREATE_AGAIN = "create_again"  # although nobody heard what became of the create before
ASSIGN, COMMENT, IGNORE, UNIGNORE = "assign", "comment", "ignore", "unignore"


class Features(NamedTuple):
    """What the rules look at; ``left_known`` and ``right_known`` say whether the record has a key there."""

    state: str
    kind: str
    left_exists: bool | None
    right_exists: bool | None
    left_known: bool
    right_known: bool
    coupled: bool
    requested: bool
    direction: str


# How a feature that is no column reads as a condition.
_CONDITIONS: dict[str, dict[Any, Q]] = {
    "left_known": {True: Q(left_key__isnull=False), False: Q(left_key__isnull=True)},
    "right_known": {True: Q(right_key__isnull=False), False: Q(right_key__isnull=True)},
    "coupled": {True: Q(coupling__isnull=False), False: Q(coupling__isnull=True)},
    "requested": {True: Q(requested__isnull=False), False: Q(requested__isnull=True)},
}
_COLUMNS = {"direction": "mapping__direction"}

Alternative = Mapping[str, Collection[Any]]


@dataclass(frozen=True)
class Step:
    """``code`` is the message that says why it does not hold."""

    code: str
    alternatives: tuple[Alternative, ...]

    def holds(self, error: Features) -> bool:
        return any(
            all(getattr(error, name) in allowed for name, allowed in alternative.items())
            for alternative in self.alternatives
        )

    def condition(self) -> Q:
        return _any(_all(_one(name, allowed) for name, allowed in each.items()) for each in self.alternatives)


def _one(name: str, allowed: Collection[Any]) -> Q:
    if name in _CONDITIONS:
        return _any(_CONDITIONS[name][value] for value in allowed)
    column = _COLUMNS.get(name, name)
    values = Q(**{f"{column}__in": [value for value in allowed if value is not None]})
    return values | Q(**{f"{column}__isnull": True}) if None in allowed else values


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _all(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found &= condition
    return found


_WRITES = {side: {way.value for way in Direction if way.writes(side)} for side in Side}
_LEFT_DELETED = {"left_exists": {False}, "right_exists": {True}}
_RIGHT_DELETED = {"left_exists": {True}, "right_exists": {False}}
_LEFT_ALONE = {"left_known": {True}, "right_known": {False}}
_RIGHT_ALONE = {"left_known": {False}, "right_known": {True}}
_SINGLE = {"coupled": {False}}
_THERE, _GONE = {True, None}, {False, None}

_RECORD = Step("not_a_record", ({"left_known": {True}}, {"right_known": {True}}))
_FREE = Step("already_requested", ({"requested": {False}},))
_ONE_DELETED = Step("nothing_deleted", (_LEFT_DELETED, _RIGHT_DELETED))
_NONE_DELETED = Step(
    "one_side_deleted", ({"left_exists": _THERE, "right_exists": _THERE}, {"left_exists": _GONE, "right_exists": _GONE})
)
_COUPLED = Step("not_coupled_now", ({"coupled": {True}},))

RULES: dict[str, tuple[Step, ...]] = {
    # A deletion that is held is approved or discarded; to try it again would hold it again.
    RETRY: (_RECORD, Step("held_is_approved", ({"state": set(State) - {State.HELD}},)), _FREE),
    SYNCHRONIZE: (_RECORD, _NONE_DELETED, _FREE),
    USE_LEFT: (
        _RECORD,
        _NONE_DELETED,
        Step("no_data_there", ({"left_exists": {True}},)),
        Step("not_written_there", ({"direction": _WRITES[Side.RIGHT]},)),
        _FREE,
    ),
    USE_RIGHT: (
        _RECORD,
        _NONE_DELETED,
        Step("no_data_there", ({"right_exists": {True}},)),
        Step("not_written_there", ({"direction": _WRITES[Side.LEFT]},)),
        _FREE,
    ),
    RESTORE: (
        _RECORD,
        _ONE_DELETED,
        Step(
            "not_written_there",
            (
                _LEFT_DELETED | {"direction": _WRITES[Side.LEFT]},
                _RIGHT_DELETED | {"direction": _WRITES[Side.RIGHT]},
            ),
        ),
        _FREE,
    ),
    DELETE: (
        _RECORD,
        _ONE_DELETED,
        # Also two records of which we created one and did not live to couple it.
        Step("not_coupled_now", ({"coupled": {True}}, {"left_known": {True}, "right_known": {True}})),
        Step(
            "not_written_there",
            (
                _LEFT_DELETED | {"direction": _WRITES[Side.RIGHT]},
                _RIGHT_DELETED | {"direction": _WRITES[Side.LEFT]},
            ),
        ),
        _FREE,
    ),
    UNCOUPLE: (_RECORD, _COUPLED),
    CREATE_AGAIN: (
        _RECORD,
        Step("nothing_unanswered", ({"kind": {ErrorKind.UNKNOWN_OUTCOME.value}},)),
        # A new record, or one that was to be restored: then the coupling is still with the deleted one.
        Step("nothing_unanswered", (_SINGLE | _LEFT_ALONE, _SINGLE | _RIGHT_ALONE, _LEFT_DELETED, _RIGHT_DELETED)),
        _FREE,
    ),
    ASSIGN: (),
    COMMENT: (),
    # What is retried or woken by itself needs nobody, and a held plan is decided as a whole.
    IGNORE: (_RECORD, Step("needs_nobody", ({"state": {State.SKIPPED, State.IGNORED}},)), _FREE),
    UNIGNORE: (_RECORD, Step("not_ignored", ({"state": {State.IGNORED}},))),
}


def rule(action: str, use: Side | None = None) -> str:
    """The name of ``action`` among the rules: Synchronize with one side's data has a rule of its own."""
    return {Side.LEFT: USE_LEFT, Side.RIGHT: USE_RIGHT}[use] if action == SYNCHRONIZE and use is not None else action


def condition(action: str) -> Q:
    """The open errors to which ``action`` applies."""
    return _all([IS_OPEN, *(step.condition() for step in RULES[action])])


def possible(action: str) -> Q:
    """The open errors to which ``action`` applies, or would, had nobody asked for anything."""
    return _all([IS_OPEN, *(step.condition() for step in RULES[action] if step is not _FREE)])


@dataclass(frozen=True)
class Reckoning:
    """Of ``asked`` errors ``fitting`` are ones an action applies to; ``refused`` counts the others by message code."""

    asked: int
    fitting: int
    refused: Mapping[str, int]


def reckon(errors: QuerySet[SyncError], action: str) -> Reckoning:
    """To how many of ``errors`` an action applies, and why not to the others. One query."""
    return _reckon(errors, RULES[action])


def reckon_possible(errors: QuerySet[SyncError], action: str) -> Reckoning:
    """As ``reckon``, whether or not somebody has asked for something: what is ``possible`` fits. One query."""
    return _reckon(errors, [step for step in RULES[action] if step is not _FREE])


def _reckon(errors: QuerySet[SyncError], rules: Iterable[Step]) -> Reckoning:
    steps = [Step("not_open", ({},)), *rules]
    counts, passed = {}, Q()
    for position, step in enumerate(steps):
        passed &= step.condition() if position else IS_OPEN
        counts[f"step_{position}"] = Count("pk", filter=passed)
    found = errors.order_by().aggregate(asked=Count("pk"), **counts)
    refused: dict[str, int] = {}
    before = found["asked"]
    for position, step in enumerate(steps):
        after = found[f"step_{position}"]
        if before > after:
            refused[step.code] = refused.get(step.code, 0) + before - after
        before = after
    return Reckoning(found["asked"], before, refused)


def fitting(errors: QuerySet[SyncError]) -> dict[str, int]:
    """To how many of ``errors`` each action applies. One query."""
    counts = {action: Count("pk", filter=condition(action)) for action in RULES}
    found: dict[str, int] = errors.order_by().aggregate(**counts)
    return found


def applying(error: SyncError) -> frozenset[str]:
    """The actions that apply to an error as it was read; none to a closed one."""
    return _applying(features(error))


def features(error: SyncError) -> Features:
    return Features(
        error.state,
        error.kind,
        error.left_exists,
        error.right_exists,
        error.left_key is not None,
        error.right_key is not None,
        error.coupling_id is not None,
        bool(error.request),
        error.mapping.direction if error.mapping is not None else "",
    )


@cache
def _applying(error: Features) -> frozenset[str]:
    if error.state == State.RESOLVED:
        return frozenset()
    return frozenset(action for action, steps in RULES.items() if all(step.holds(error) for step in steps))
