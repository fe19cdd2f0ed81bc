"""Which records of the other side matching would couple some chosen records with, and coupling just those."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from couplings import messages
from couplings.models import TableMapping
from jobs.runner.looking_ahead import Ahead, look_ahead
from jobs.services import couplings, records
from jobs.services.errors import Refused
from jobs.services.records import FoundRecord, refusing
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

NO_CRITERIA, COUPLED, UNCOUPLED, NO_MATCH = "no_match_fields", "coupled_already", "uncoupled_by_hand", "no_match"


@dataclass(frozen=True)
class Proposal:
    """One of the chosen records and its ``partner``; without one ``reason`` is a message (code, params), and
    ``candidates`` are those between which a person may choose."""

    record: FoundRecord
    partner: FoundRecord | None = None
    reason: tuple[str, dict[str, Any]] | None = None
    candidates: list[FoundRecord] = field(default_factory=list)


@dataclass(frozen=True)
class Coupled:
    """How many pairs were coupled, and why the others were not: a message (code, params) by the key of the record."""

    count: int = 0
    refused: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)


def propose(mapping: TableMapping, side: Side, keys: Collection[str]) -> list[Proposal]:
    """What Match-Based Coupling would find for the records ``keys`` of ``side`` that exist (DESIGN R14); nothing is
    written. Raises ``Refused`` with the connector's message when a system cannot be asked."""
    chosen = records.by_key(mapping, side, list(dict.fromkeys(keys)))
    free = [record for record in chosen if record.coupling is None]
    with refusing():
        aheads = look_ahead(mapping, side, [record.key for record in free], only_match=True) if free else []
    found = {record.key: ahead for record, ahead in zip(free, aheads, strict=True)}
    named = _read(mapping, side.other, aheads)
    has_criteria = mapping.fields.filter(match__isnull=False, enabled=True).exists()
    return [_proposal(mapping, side, record, found.get(record.key), named, has_criteria) for record in chosen]


def _read(mapping: TableMapping, side: Side, aheads: Sequence[Ahead]) -> dict[str, FoundRecord]:
    """The records of the other side that were found, by key."""
    keys = [key for ahead in aheads for key in (*_partner(ahead, side), *_candidates(ahead))]
    return {record.key: record for record in records.by_key(mapping, side, list(dict.fromkeys(keys)))} if keys else {}


def _partner(ahead: Ahead, side: Side) -> list[str]:
    key = ahead.candidate.key(side) if ahead.candidate.found is side else None
    return [key] if key is not None else []


def _candidates(ahead: Ahead) -> list[str]:
    return list(ahead.params.get("candidates", []))


def _proposal(
    mapping: TableMapping,
    side: Side,
    record: FoundRecord,
    ahead: Ahead | None,
    named: dict[str, FoundRecord],
    has_criteria: bool,
) -> Proposal:
    if record.coupling is not None or ahead is None:
        return Proposal(record, reason=(COUPLED, {}))
    if not record.included:
        return Proposal(record, reason=("record_outside_filter", {"key": record.key, "side": side.value}))
    partner = next((named[key] for key in _partner(ahead, side.other) if key in named), None)
    if partner is not None:
        return Proposal(record, partner)
    if ahead.verdict is not None and ahead.verdict.problem is not None:
        known = {"record": record.description or record.key, "mapping": mapping.name}
        params = known | messages.named(ahead.params, mapping)
        options = [named[key] for key in _candidates(ahead) if key in named]
        return Proposal(record, reason=(ahead.verdict.problem.code, params), candidates=options)
    code = UNCOUPLED if ahead.candidate.marked else NO_MATCH if has_criteria else NO_CRITERIA
    return Proposal(record, reason=(code, {"mapping": mapping.name}))


def couple(
    mapping: TableMapping, side: Side, pairs: Mapping[str, str], *, user: User | None, queue: bool = True
) -> Coupled:
    """Couple each key of ``side`` with its partner's key, as Set Up Coupling does, and synchronize them in one job. A
    pair that is refused, say because somebody was faster, stops none of the others."""
    refused: dict[str, tuple[str, dict[str, Any]]] = {}
    again: dict[Side, set[str]] = {one: set() for one in Side}
    for key, partner in pairs.items():
        keys = {side: key, side.other: partner}
        try:
            _coupling, rivals = couplings.add_only(mapping, keys[Side.LEFT], keys[Side.RIGHT], user=user)
        except Refused as no:
            refused[key] = (no.code, no.params)
        except ConnectorError as error:
            refused[key] = (error.code, {**error.params, "detail": error.detail})
        else:
            again[Side.LEFT].add(keys[Side.LEFT])
            for one, others in rivals.items():
                again[one].update(others)
    for one, names in again.items():
        if names:
            couplings.synchronize_soon(mapping, one, sorted(names), user, queue)
    return Coupled(len(pairs) - len(refused), refused)
