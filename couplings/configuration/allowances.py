"""What a connection is allowed to ask of its system: requests in a time, and jobs side by side."""

from collections.abc import Mapping
from typing import Any, Final

from couplings.configuration.problems import Problems
from couplings.configuration.section import Section, duration_text

NAMES: Final = ("limit", "jobs")
"""Settings that are ours: no connector sees them, and a change of theirs compares no record anew."""


def read_allowances(connection: Section, problems: Problems) -> dict[str, Any]:
    """``limit: {requests: 100, per: 1m}`` and ``jobs: 2``, those of them that are written."""
    allowed: dict[str, Any] = {}
    if (node := connection.get("limit")) is not None:
        allowed["limit"] = _limit(Section(node, problems, ("requests", "per")))
    if (jobs := connection.whole_number("jobs", None, least=1)) is not None:
        allowed["jobs"] = jobs
    return allowed


def _limit(section: Section) -> dict[str, Any]:
    section.required("requests")
    requests, per = section.whole_number("requests", None, least=1), section.duration("per")
    return {"requests": requests, "per": duration_text(per or 0)}


def without_allowances(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are the connector's."""
    return {name: value for name, value in settings.items() if name not in NAMES}
