"""Filters of a side: field to value, list of values, or a mapping of operator to value (DESIGN 7.1)."""

from typing import Any

from couplings.configuration.problems import Problems, nearest
from couplings.configuration.section import kind_of, refused_character, shown
from couplings.configuration.source import Node

OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "startswith", "isnull")
ORDERING = {"lt", "le", "gt", "ge"}
OF_TEXT = {"contains", "startswith"}


def read_filter(node: Node | None, problems: Problems) -> dict[str, Any]:
    """The filter as it is stored; ``field: null`` becomes ``{isnull: true}``, so that there is one form of it."""
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        problems.add(node.place, node.path, "filter_not_a_mapping")
        return {}
    return {field: read_condition(value, problems) for field, value in node.value.items()}


def read_condition(node: Node, problems: Problems) -> Any:
    match node.value:
        case dict():
            return read_operators(node, problems)
        case list():
            return read_list(node, problems)
        case None:
            return {"isnull": True}
    return read_value(node, problems)


def read_operators(node: Node, problems: Problems) -> dict[str, Any]:
    if not node.value:
        problems.add(node.place, node.path, "filter_empty")
    return {operator: read_operand(operator, operand, problems) for operator, operand in node.value.items()}


def read_operand(operator: str, node: Node, problems: Problems) -> Any:
    if operator not in OPERATORS:
        params = {"operator": operator, "near": nearest(operator, OPERATORS), "known": ", ".join(OPERATORS)}
        problems.add(node.place, node.path, "operator_unknown", **params)
        return None
    if operator == "in":
        return read_list(node, problems)
    if operator == "isnull" and not isinstance(node.value, bool):
        problems.add(node.place, node.path, "not_true_or_false", key=operator, value=shown(node))
    elif operator in OF_TEXT and (not isinstance(node.value, str) or not node.value):
        problems.add(node.place, node.path, "operand_not_text", operator=operator, value=shown(node))
    elif operator in ORDERING and isinstance(node.value, bool):
        problems.add(node.place, node.path, "operand_not_ordered", operator=operator, value=shown(node))
    return read_value(node, problems)


def read_list(node: Node, problems: Problems) -> list[Any]:
    if not isinstance(node.value, list) or not node.value:
        problems.add(node.place, node.path, "filter_list_needed")
        return []
    return [read_value(item, problems) for item in node.value]


def read_value(node: Node, problems: Problems) -> Any:
    value = node.value
    if isinstance(value, dict | list) or value is None:
        problems.add(node.place, node.path, "filter_value", kind=kind_of(value))
    elif isinstance(value, float) and value.is_integer():
        return int(value)  # as the store gives it back
    elif isinstance(value, str) and (bad := refused_character(value, lines=True)):
        problems.add(node.place, node.path, "character_refused", character=bad)
    return value
