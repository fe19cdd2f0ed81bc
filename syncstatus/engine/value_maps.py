"""Value maps: a value of the left side stands for one of the right (FEATURES 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncstatus.engine.records import Side


@dataclass(frozen=True)
class ValueMap:
    """Left values, as text, with the right value each stands for; what an unknown value becomes on either way, None
    where it is an error instead."""

    pairs: Mapping[str, Any]
    default_to_right: Any = None
    default_to_left: Any = None

    def towards(self, side: Side) -> Mapping[str, Any]:
        """From the other side's values, as text, to those of ``side``."""
        if side is Side.RIGHT:
            return self.pairs
        return {as_text(right): left for left, right in self.pairs.items()}

    def default(self, side: Side) -> Any:
        return self.default_to_right if side is Side.RIGHT else self.default_to_left

    def doubled(self) -> dict[str, list[str]]:
        """Right values that several left ones stand for: with them, nobody knows the way back."""
        found: dict[str, list[str]] = {}
        for left, right in self.pairs.items():
            found.setdefault(as_text(right), []).append(left)
        return {right: lefts for right, lefts in found.items() if len(lefts) > 1}


def as_text(value: Any) -> str:
    """A value of the configuration as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
