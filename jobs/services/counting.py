"""How many records a mapping's tables hold, and how many of them its filters let in: asked of the systems, now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from couplings.models import TableMapping
from jobs.runner import systems
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side


@dataclass(frozen=True)
class Count:
    """One side, by its system's name (``where``). ``total`` and ``included`` are None where the system does not count,
    or cannot be asked: then ``problem`` is a message (code, params). ``filter`` is empty where there is none."""

    where: str
    filter: Mapping[str, Any]
    total: int | None = None
    included: int | None = None
    problem: tuple[str, dict[str, Any]] | None = None


def counts(mapping: TableMapping) -> dict[Side, Count]:
    """Both sides of ``mapping``, saved or not. One or two questions for each side; nothing is raised."""
    return {side: _count(mapping, side) for side in Side}


def _count(mapping: TableMapping, side: Side) -> Count:
    where, filter_ = mapping.side_name(side), getattr(mapping, f"{side.value}_filter")
    try:
        included = systems.open_endpoint(mapping, side).count()
        total = systems.open_endpoint(mapping, side, where={}).count() if filter_ else included
    except ConnectorError as error:
        params = {"mapping": mapping.name, **error.params, "detail": error.detail}
        return Count(where, filter_, problem=(error.code, params))
    return Count(where, filter_, total, included)
