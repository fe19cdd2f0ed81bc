"""Small mappings and pairs for the engine's tests, their mirror images, and what a runner would make of a decision."""

from dataclasses import replace
from typing import Any

from syncstatus.engine.decisions import Action, Decision, Problem
from syncstatus.engine.records import Memory, Pair, Record, Side
from syncstatus.engine.rules import Direction, FieldRule, Rules, UpdatePolicy
from syncstatus.engine.settle import settle
from syncstatus.engine.values import FieldType, Kind

TEXT = FieldType(Kind.TEXT)
SWAPPED: dict[Any, Any] = {
    Direction.LEFT_TO_RIGHT: Direction.RIGHT_TO_LEFT,
    Direction.RIGHT_TO_LEFT: Direction.LEFT_TO_RIGHT,
    UpdatePolicy.LEFT: UpdatePolicy.RIGHT,
    UpdatePolicy.RIGHT: UpdatePolicy.LEFT,
    "left": "right",
    "right": "left",
}


def text_rule(name: str, **options: Any) -> FieldRule:
    return FieldRule(name, name, TEXT, TEXT, **options)


def rules_of(*fields: FieldRule, **options: Any) -> Rules:
    return Rules(fields or (text_rule("name"),), **options)


def record(*values: Any, version: str = "1", **options: Any) -> Record:
    return Record("1", version, values, **options)


def memory(*base: Any, right: tuple[Any, ...] | None = None) -> Memory:
    """What was agreed on when both sides were at version 1."""
    return Memory("1", "1", base, base if right is None else right)


def mirror_rules(rules: Rules) -> Rules:
    fields = tuple(
        replace(
            rule, left=rule.right, right=rule.left, left_type=rule.right_type, right_type=rule.left_type,
            direction=SWAPPED.get(rule.direction, rule.direction), policy=SWAPPED.get(rule.policy, rule.policy),
        )
        for rule in rules.fields
    )  # fmt: skip
    direction = SWAPPED.get(rules.direction, rules.direction)
    policy = SWAPPED.get(rules.update_conflict, rules.update_conflict)
    return replace(rules, fields=fields, direction=direction, update_conflict=policy)


def mirror_pair(pair: Pair) -> Pair:
    then = pair.memory
    swapped = then and Memory(then.right_version, then.left_version, then.right_base, then.left_base)
    return Pair(pair.right, pair.left, swapped)


def mirror_decision(decision: Decision) -> Decision:
    return Decision(
        decision.action,
        decision.side and decision.side.other,
        decision.right,
        decision.left,
        decision.right_base,
        decision.left_base,
        decision.problem and mirror_problem(decision.problem),
        decision.overrules,
    )


def mirror_problem(problem: Problem) -> Problem:
    params = {
        name: SWAPPED.get(value, value) if isinstance(value, str) else value for name, value in problem.params.items()
    }
    return replace(problem, params=params)


def carried_out(rules: Rules, pair: Pair, decision: Decision) -> Pair:
    """The pair after the decision was written and remembered; both sides store what they are sent."""
    match decision.action:
        case Action.REFRESH | Action.COUPLE | Action.UPDATE | Action.CREATE:
            left = written(rules, pair, decision, Side.LEFT)
            right = written(rules, pair, decision, Side.RIGHT)
            bases = settle(rules, decision, left.values, right.values)
            return Pair(left, right, Memory(left.version, right.version, *bases))
        case Action.DELETE:
            return Pair(None, None)
    return pair


def written(rules: Rules, pair: Pair, decision: Decision, side: Side) -> Record:
    then = pair.record(side)
    sent = decision.writes(side)
    if then is None:
        return record(*(sent.get(position) for position in range(len(rules.fields))), version="new")
    values = tuple(sent.get(position, value) for position, value in enumerate(then.values))
    return replace(then, values=values, version=f"{then.version}+") if sent else then


def summary(decision: Decision) -> str:
    """A decision in a few words: what is written where, or which problem there is."""
    parts: list[str] = [decision.action.value]
    if decision.side is not None and decision.action in (Action.CREATE, Action.DELETE):
        parts.append(decision.side.value)
    parts += [f"{side}={dict(decision.writes(side))}" for side in Side if decision.writes(side)]
    if decision.problem is not None:
        parts.append(decision.problem.code)
        parts += [",".join(map(str, decision.problem.fields))] if decision.problem.fields else []
    return " ".join(parts)
