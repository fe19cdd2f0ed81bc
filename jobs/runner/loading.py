"""What a page of candidates needs before it can be decided: couplings with their base, open errors, marks, intents,
and both records, each by one query or one read a side."""

from collections.abc import Sequence

from couplings.store import couplings, errors
from couplings.store.couplings import CouplingRow
from couplings.store.errors import ErrorRow
from jobs.models import CreateIntent
from jobs.runner import references
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.requests import instruction
from syncstatus.engine.base import load_base
from syncstatus.engine.records import Memory, Record, Side, has_unknown
from syncstatus.engine.rules import NO_INSTRUCTION


def load(run: Run, candidates: Sequence[Candidate]) -> None:
    """Attach everything but the records themselves."""
    _load_bases(run, candidates)
    _load_errors(run, candidates)
    _load_marks(run, candidates)
    _load_intents(run, candidates)
    for candidate in candidates:
        if candidate.coupling is not None:
            candidate.memory = _memory(run, candidate, candidate.coupling)


def read(run: Run, candidates: Sequence[Candidate]) -> None:
    """Read both records of each candidate, afresh (DESIGN R5), except those that need not be asked for."""
    for side in Side:
        asked = list(candidates)
        if run.believes[side]:
            asked = [c for c in candidates if c.listed is not side.other or not _believe(c, side)]
        keys = {key for candidate in asked if (key := candidate.key(side)) is not None}
        records = run.endpoints[side].read(keys) if keys else {}
        for candidate in asked:
            key = candidate.key(side)
            candidate.set_record(side, records.get(key) if key is not None else None)
    references.learn(run, candidates)


def _believe(candidate: Candidate, side: Side) -> bool:
    """Take the record for what the coupling remembers, where only the other side's feed listed the pair.

    Nothing is risked: the write carries the remembered version, and when it is refused both records are read (DESIGN
    R6); when there is nothing to write, the record's own feed lists what happened to it. Half of all reading is spared.
    """
    known, coupling = candidate.memory, candidate.coupling
    if known is None or coupling is None:
        return False
    version, base = known.version(side), known.base(side)
    if not version or candidate.error is not None or has_unknown(base):
        return False
    candidate.set_record(side, Record(coupling.key(side), version, base))
    return True


def _memory(run: Run, candidate: Candidate, coupling: CouplingRow) -> Memory:
    """What the pair remembers; in a deep run without the versions, so that the values are compared."""
    left_base, right_base = load_base(run.rules, coupling.base, coupling.base_right)
    if run.deep or candidate.requested:
        return Memory("", "", left_base, right_base)
    return Memory(coupling.left_version, coupling.right_version, left_base, right_base)


def _load_bases(run: Run, candidates: Sequence[Candidate]) -> None:
    light = {c.coupling.id: c for c in candidates if c.coupling is not None and not c.coupling.base}
    for id, row in couplings.by_id(light).items():
        light[id].coupling = row


def _load_errors(run: Run, candidates: Sequence[Candidate]) -> None:
    mapping = run.mapping.pk
    if not errors.are_open(mapping):
        return
    coupled = {c.coupling.id: c for c in candidates if c.coupling is not None and c.error is None}
    for row in errors.of_couplings(mapping, coupled):
        if row.coupling is not None:
            _attach(coupled[row.coupling], row)
    for side in Side:
        single = {c.key(side): c for c in candidates if c.coupling is None and c.error is None and c.key(side)}
        keys = [key for key in single if key is not None]
        for row in errors.of_records(mapping, side, keys):
            _attach(single[row.left_key if side is Side.LEFT else row.right_key], row)


def _attach(candidate: Candidate, row: ErrorRow) -> None:
    """An error's wish is followed by whichever page comes to the record first, or it would be cleared unheard."""
    candidate.error = row
    if row.request and candidate.instruction == NO_INSTRUCTION:
        candidate.instruction = instruction(row)


def _load_marks(run: Run, candidates: Sequence[Candidate]) -> None:
    """Which records without a partner were uncoupled by a person, or may be what a lost create of ours made."""
    for side in Side:
        single = {c.key(side): c for c in candidates if c.coupling is None and c.single_side is side}
        marked = couplings.uncoupled(run.mapping.pk, side, [key for key in single if key is not None])
        for key in marked | (run.undecided[side] & single.keys()):
            single[key].marked = True


def _load_intents(run: Run, candidates: Sequence[Candidate]) -> None:
    """Creates that were announced and never answered; there are none unless something broke."""
    run.unanswered = CreateIntent.objects.filter(mapping=run.mapping).exists()
    if not run.unanswered:
        return
    for side in Side:
        intents = CreateIntent.objects.filter(mapping=run.mapping, side=side.value)
        sources = {c.key(side.other): c for c in candidates if c.key(side.other) is not None}
        for intent in intents.filter(source_key__in=list(sources)):
            sources[intent.source_key].intent = intent
        made = {c.key(side): c for c in candidates if c.coupling is None and c.single_side is side}
        for key in intents.filter(target_key__in=list(made)).values_list("target_key", flat=True):
            made[key].marked = True  # whoever was announced as its source speaks for it
