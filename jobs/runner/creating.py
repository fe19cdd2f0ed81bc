"""Create once (DESIGN R7): every create is announced by a committed intent, and what became of an announced one is
searched for before anything is created again."""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from couplings.store import couplings, errors
from jobs.models import CreateIntent
from jobs.runner import lookalikes, references
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.requests import denied_intents
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine.base import dump_base, load_base
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.lookups import stored
from syncstatus.engine.records import UNKNOWN, Memory, Record, Side, Values
from syncstatus.engine.values import Kind


def announce(run: Run, candidates: Sequence[Candidate]) -> None:
    """Commit an intent for each candidate that is about to be created; one that stands already keeps its key.

    One that stands for the other side has been answered by what was found: it made the record that is the source now.
    """
    run.locks.announce({c.decision.side for c in candidates if c.decision is not None and c.decision.side is not None})
    standing = [c.intent.pk for c in candidates if c.intent is not None]
    for side in Side:
        batch = [c for c in candidates if c.decision is not None and c.decision.side is side]
        for candidate in batch:
            candidate.newly_announced = candidate.intent is None or candidate.intent.side != side.value
        keys = new_keys(run, side, [c for c in batch if c.newly_announced])
        behind = run.endpoints[side].newest_key() if None in keys else None
        fresh = iter(keys)
        for candidate in batch:
            known = None if candidate.newly_announced else candidate.intent
            key, since = _known(known) if known is not None else (next(fresh), behind)
            candidate.intent = _intent(run, candidate, side, key, since)
    with transaction.atomic():
        CreateIntent.objects.filter(pk__in=standing).delete()
        CreateIntent.objects.bulk_create([c.intent for c in candidates if c.intent is not None])


def withdraw(candidates: Sequence[Candidate]) -> None:
    """Take announcements back whose create was never carried out, as is known for certain. One that stood before this
    page may have been carried out then, and stays."""
    announced = [c.intent.pk for c in candidates if c.intent is not None and c.newly_announced]
    if announced:
        CreateIntent.objects.filter(pk__in=announced).delete()


def new_keys(run: Run, side: Side, candidates: Sequence[Candidate]) -> list[str | None]:
    """The keys the new records will have, where they can be known before they are written; None where the system
    chooses one while it writes."""
    endpoint = run.endpoints[side]
    mapped = all(name in run.rules.compiled.mapped[side] for name in endpoint.key)
    if mapped or not candidates or not endpoint.capabilities.chooses_keys:
        return [None] * len(candidates)
    reserved = endpoint.reserve_keys(len(candidates))
    if reserved is not None:
        return list(reserved)
    return [_carried_key(run, endpoint, candidate, side) for candidate in candidates]


def _carried_key(run: Run, endpoint: Endpoint, candidate: Candidate, side: Side) -> str | None:
    """A key column that the system leaves to us takes the source record's key: people find the record again by it."""
    names = endpoint.key
    source = candidate.key(side.other)
    field = endpoint.info.fields[names[0]]
    if len(names) > 1 or field.type is None or field.generated or source is None:
        return None
    if field.type.kind is Kind.UUID:
        return _as_uuid(source)
    return source


def _as_uuid(source: str) -> str:
    try:
        return str(uuid.UUID(source))
    except ValueError:
        return str(uuid.uuid4())


def _known(standing: CreateIntent) -> tuple[str | None, str | None]:
    return standing.target_key, standing.behind


def _intent(run: Run, candidate: Candidate, side: Side, key: str | None, behind: str | None) -> CreateIntent:
    decision = candidate.decision
    base = decision.base(side) if decision is not None else None
    values = dump_base(run.rules, base, base)[0].decode() if base is not None else "{}"
    return CreateIntent(
        mapping=run.mapping,
        side=side.value,
        source_key=candidate.key(side.other) or "",
        idempotency_key=uuid.uuid4(),
        target_key=key,
        values=values,
        behind=behind if key is None else None,
        job=run.job.pk,
    )


def settle_unanswered(run: Run, candidates: Sequence[Candidate]) -> None:
    """Find out what became of creates that were announced but never remembered, and adopt what is there.

    Where several creates of equal values are open, each adopts one of the equal records: whose is whose makes no
    difference. More records than creates mean that one is somebody else's; then nothing is done with any of them.
    What a person knows to have made nothing is not searched for.
    """
    _forget_denied(candidates)
    intents = [c.intent for c in candidates if c.intent is not None and c.record(Side(c.intent.side)) is None]
    alike = Counter((intent.side, intent.target_key, intent.values) for intent in intents)
    adopted: set[tuple[str, str]] = set()
    for candidate in candidates:
        intent = candidate.intent
        if intent is not None and candidate.record(Side(intent.side)) is None:
            found = [record for record in _search(run, intent) if (intent.side, record.key) not in adopted]
            _settle(run, candidate, intent, found, alike[intent.side, intent.target_key, intent.values])
            adopted.update((intent.side, record.key) for record in found[:1] if candidate.problem is None)
            alike[intent.side, intent.target_key, intent.values] -= 1
    _look_for_edited(run, candidates, adopted)


def _forget_denied(candidates: Sequence[Candidate]) -> None:
    announced = [(candidate, candidate.intent.pk) for candidate in candidates if candidate.intent is not None]
    denied = [(c, pk) for c, pk in announced if (last := denied_intents(c.error)) is not None and pk <= last]
    for candidate, _ in denied:
        candidate.intent = None
    if denied:
        CreateIntent.objects.filter(pk__in=[pk for _, pk in denied]).delete()


def _settle(run: Run, candidate: Candidate, intent: CreateIntent, found: list[Record], open_creates: int) -> None:
    side = Side(intent.side)
    if len(found) > open_creates or (found and _may_be_foreign(run, side, intent, found[0])):
        _leave_open(run, candidate, intent, found)
    elif found:
        # Where the pair is not coupled by this page, a later one would take the record for a new one.
        run.undecided[side].add(found[0].key)
        candidate.find_partner(side, found[0])
        candidate.memory = Memory("", "", *_bases(run, intent))
    elif _was_seen(candidate, side, intent.target_key):
        candidate.set_key(side, intent.target_key)  # and was deleted since
        candidate.memory = Memory("", "", *_bases(run, intent))


def _was_seen(candidate: Candidate, side: Side, key: str | None) -> bool:
    """Whether an open error tells that the announced record was there once, although nothing couples it yet."""
    error = candidate.error
    told = error is not None and error.kind != ErrorKind.UNKNOWN_OUTCOME
    return told and error is not None and key is not None and errors.key_of(error, side) == key


def _leave_open(run: Run, candidate: Candidate, intent: CreateIntent, found: list[Record]) -> None:
    side = Side(intent.side)
    params = {"side": side.value, "candidates": sorted(record.key for record in found)[:20]}
    candidate.problem = Problem(ErrorKind.UNKNOWN_OUTCOME, "unknown_outcome", params)
    if intent.target_key is None:
        run.undecided[side].update(record.key for record in found)


def _look_for_edited(run: Run, candidates: Sequence[Candidate], adopted: set[tuple[str, str]]) -> None:
    """Where nothing has the values written: records that may be ours, and were edited before we came back."""
    for candidate in candidates:
        intent = candidate.intent
        if intent is not None and candidate.problem is None and candidate.record(Side(intent.side)) is None:
            found = [record for record in lookalikes.of(run, intent) if (intent.side, record.key) not in adopted]
            if found:
                _leave_open(run, candidate, intent, found)


def _bases(run: Run, intent: CreateIntent) -> tuple[Values, Values]:
    """What both sides hold if the record was created as announced; it was announced with the left side's keys."""
    base = load_base(run.rules, intent.values, None)[0]
    if not run.lookups:
        return base, base
    return base, stored(Side.RIGHT, references.wanted(run, intent), run.lookups)


def _search(run: Run, intent: CreateIntent) -> list[Record]:
    """Records that may be the announced one: the one with its key, else uncoupled ones with exactly its values."""
    side = Side(intent.side)
    endpoint = run.endpoints[side]
    if intent.target_key is not None:
        return list(endpoint.read([intent.target_key]).values())
    wanted = references.wanted(run, intent)
    names, values = _criteria(run, side, wanted)
    found = endpoint.search(names, [values], case_sensitive=[False] * len(names)) if names else []
    references.learn_of(run.rules, run.lookups, side, found)
    same = [record for record in found if _has_values(run, side, record, wanted)]
    taken = couplings.by_key(run.mapping.pk, side, [record.key for record in same], with_base=False)
    return [record for record in same if record.key not in taken]


def _may_be_foreign(run: Run, side: Side, intent: CreateIntent, record: Record) -> bool:
    """A key carried over from the source may have been taken before us; a key drawn for the intent cannot."""
    if intent.target_key is None or intent.target_key != intent.source_key:
        return False
    wanted = references.wanted(run, intent)
    return not _has_values(run, side, record, wanted)


def _has_values(run: Run, side: Side, record: Record, wanted: Values) -> bool:
    """Whether the record holds what was sent; other fields are as the system made them."""
    form = run.rules.compiled.canonical[side](record.values)
    return all(there == value for there, value in zip(form, wanted, strict=True) if value is not UNKNOWN)


def _criteria(run: Run, side: Side, wanted: tuple[Any, ...]) -> tuple[list[str], tuple[Any, ...]]:
    """The filled fields of exact kinds and their values; the rest is compared after reading."""
    exact = {Kind.TEXT, Kind.INTEGER, Kind.DATE, Kind.UUID, Kind.BOOLEAN}
    names = run.endpoint_fields[side]
    chosen = [
        position
        for position, value in enumerate(wanted)
        if value not in (None, "", UNKNOWN)
        and position not in run.lookups
        and run.rules.fields[position].type(side).kind in exact
    ]
    converters = run.rules.compiled.converters[side]
    return [names[p] for p in chosen], tuple(converters[p](wanted[p]) for p in chosen)
