"""A filter as its readers see it: “country = DK, SE; credit > 100”."""

from collections.abc import Mapping
from typing import Any

SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "in": "="}


def conditions(filter_: Mapping[str, Any]) -> str:
    """The conditions in the order of the file, all of which must hold; empty where there are none."""
    return "; ".join(_condition(name, wanted) for name, wanted in filter_.items())


def _condition(name: str, wanted: Any) -> str:
    if isinstance(wanted, Mapping):
        return ", ".join(f"{name} {SIGNS.get(sign, sign)} {_value(value)}" for sign, value in wanted.items())
    return f"{name} = {_value(wanted)}"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return "∅" if value is None else str(value)
