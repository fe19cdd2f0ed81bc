"""Whether the values of a filter can be compared with a field of some kind."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from couplings.configuration.filters import OF_TEXT
from syncstatus.engine.values import Kind

Refusal = tuple[str, dict[str, Any]]

PARSERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.DATE: date.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.UUID: uuid.UUID,
}


def problems(kind: Kind, condition: Any) -> Iterator[Refusal]:
    """Message codes and parameters for what is wrong with a condition (DESIGN 7.1) on a field of ``kind``."""
    if not isinstance(condition, Mapping):
        yield from wrong_values(kind, condition)
        return
    for operator, operand in condition.items():
        if operator in OF_TEXT and kind is not Kind.TEXT:
            yield "filter_operator_type", {"operator": operator}
        elif operator != "isnull":
            yield from wrong_values(kind, operand)


def wrong_values(kind: Kind, operand: Any) -> Iterator[Refusal]:
    for value in operand if isinstance(operand, list) else [operand]:
        if not fits(kind, value):
            yield "filter_value_type", {"value": str(value).lower() if isinstance(value, bool) else str(value)}


def fits(kind: Kind, value: Any) -> bool:
    match kind:
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.INTEGER:
            return isinstance(value, int)  # many databases keep true and false as 1 and 0
        case Kind.DECIMAL | Kind.FLOAT:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.JSON | Kind.BINARY:
            return False
    return isinstance(value, str) and parses(PARSERS[kind], value)


def parses(parser: Callable[[str], Any], text: str) -> bool:
    try:
        parser(text)
    except ValueError:
        return False
    return True
