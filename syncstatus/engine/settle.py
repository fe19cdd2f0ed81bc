"""What to remember after a write: what was read back, not what was sent (DESIGN R7, SCENARIOS T15)."""

from syncstatus.engine.decisions import Decision
from syncstatus.engine.records import UNKNOWN, Side, Values, has_unknown
from syncstatus.engine.rules import Rules
from syncstatus.engine.values import Unreadable


def settle(
    rules: Rules, decision: Decision, left_values: Values | None, right_values: Values | None
) -> tuple[Values, Values]:
    """The bases (left, right) to remember once ``decision`` was written.

    ``left_values`` and ``right_values`` are the native values each side read back after its write, in field order;
    None for a side that was not written, or stored its values as they were sent. Only what was sent settles: another
    field that moved meanwhile keeps its base, so that it travels later.
    """
    if left_values is right_values is None and decision.left_base is not None and decision.right_base is not None:
        return decision.left_base, decision.right_base
    left = _settled(rules, decision, Side.LEFT, left_values)
    right = _settled(rules, decision, Side.RIGHT, right_values)
    return left, left if left == right else right


def moved_meanwhile(rules: Rules, decision: Decision, left_values: Values | None, right_values: Values | None) -> bool:
    """Whether the pair must be looked at once more: a field that was not sent moved with the write, by a trigger or
    a default, or has no base yet. The caller then remembers the versions as unknown, so that the next run reads both.
    """
    if left_values is None and right_values is None and decision.left_base is not None:
        return has_unknown(decision.left_base)  # a field is UNKNOWN in both or in neither
    return _moved(rules, decision, Side.LEFT, left_values) or _moved(rules, decision, Side.RIGHT, right_values)


def _settled(rules: Rules, decision: Decision, side: Side, values: Values | None) -> Values:
    base = decision.base(side)
    if base is None:
        raise ValueError(f"{decision.action} leaves nothing to remember")
    if values is None:
        return base
    stored = rules.compiled.canonical[side](values)
    sent = decision.writes(side)
    return tuple(
        stored[position] if position in sent and not isinstance(stored[position], Unreadable) else value
        for position, value in enumerate(base)
    )


def _moved(rules: Rules, decision: Decision, side: Side, values: Values | None) -> bool:
    base = decision.base(side)
    if base is None:
        return False
    if values is None:
        return has_unknown(base)
    stored, sent = rules.compiled.canonical[side](values), decision.writes(side)
    return any(
        position not in sent and (value is UNKNOWN or value != stored[position]) for position, value in enumerate(base)
    )
