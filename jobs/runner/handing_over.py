"""Records that moved from one mapping to another: several mappings of the same two tables, told apart by filter.

A record that leaves one mapping's filter is excluded there, and comes up in the other as one without a partner. Its
partner is the one that the first mapping's coupling knows, so it is neither searched for nor created a second time, and
what both agreed on there is the base here. The partner may lie outside the filter still, because the very field that
tells the mappings apart is about to travel. The first mapping's coupling goes with the commit that makes the new one,
so that one deletion is never two mappings' business; where the record belongs to both mappings, both keep theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from couplings.models import SyncError, TableMapping
from couplings.models.error import Resolution
from couplings.store import couplings, errors
from couplings.store.couplings import CouplingRow
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.systems import open_endpoint
from syncstatus.connectors.errors import SchemaMismatch
from syncstatus.engine.base import load_base
from syncstatus.engine.decisions import Action
from syncstatus.engine.records import Memory, Side

_TABLES = ("connection", "schema", "table")


def find_partners(run: Run, candidates: Sequence[Candidate]) -> None:
    """Give each record that another mapping has coupled its partner from there, and what they agreed on. Costs nothing
    where there is no such mapping."""
    if not _siblings(run, candidates):
        return
    for side in Side:
        seeking = {key: c for c in candidates if _seeks(c, side) and (key := c.key(side)) is not None}
        for sibling in _siblings(run, candidates) if seeking else ():
            known = couplings.by_key(sibling.pk, side, seeking)
            if known:
                _take_over(run, side, sibling, seeking, known)
                seeking = {key: c for key, c in seeking.items() if key not in known}
    for candidate in candidates:
        _let_in(candidate)


def as_coupled(run: Run, candidates: Sequence[Candidate]) -> None:
    """Whatever else is done to a pair that is taken over, it is coupled by it."""
    for candidate in candidates if run.siblings else ():
        decision = candidate.decision
        if candidate.taken_over and decision is not None and decision.action in (Action.UPDATE, Action.REFRESH):
            candidate.decision = replace(decision, action=Action.COUPLE)


def part(candidates: Sequence[Candidate]) -> None:
    """Remove other mappings' couplings that have nothing to do any more, and close what was wrong with them there."""
    over = [id for candidate in candidates if (id := candidate.left_behind) is not None]
    if over:
        open_there = SyncError.objects.open().filter(coupling__in=over).values_list("pk", flat=True)
        errors.resolve([(pk, Resolution.EXCLUDED, None) for pk in open_there])
        couplings.remove(over)


def _siblings(run: Run, candidates: Sequence[Candidate]) -> Sequence[TableMapping]:
    """Other mappings of the same two tables; looked up once a run, when it meets the first record without a partner."""
    if run.siblings is None:
        if all(candidate.coupling is not None for candidate in candidates):
            return ()
        names = [f"{side.value}_{part}" for side in Side for part in _TABLES]
        same = TableMapping.objects.filter(**{name: getattr(run.mapping, name) for name in names})
        rows = same.exclude(pk=run.mapping.pk).select_related("left_connection", "right_connection").order_by("pk")
        run.siblings = list(rows)
    return run.siblings


def _seeks(candidate: Candidate, side: Side) -> bool:
    single = candidate.coupling is None and candidate.memory is None and candidate.single_side is side
    record = candidate.record(side)
    return single and not candidate.marked and candidate.problem is None and record is not None and record.included


def _take_over(
    run: Run, side: Side, sibling: TableMapping, seeking: Mapping[str, Candidate], known: Mapping[str, CouplingRow]
) -> None:
    partners = run.endpoints[side.other].read([row.key(side.other) for row in known.values()])
    taken = couplings.by_key(run.mapping.pk, side.other, list(partners), with_base=False)
    marked = couplings.uncoupled(run.mapping.pk, side.other, list(partners))
    there = _in_filter(run, side, sibling, list(known))
    for key, row in known.items():
        partner = partners.get(row.key(side.other))
        if partner is None or partner.key in taken or partner.key in marked:
            continue
        if key in there and run.rules.only_coupled:
            continue  # it has not moved, and nothing couples it here by itself
        candidate = seeking[key]
        candidate.find_partner(side.other, partner)
        candidate.memory = Memory("", "", *load_base(run.rules, row.base, row.base_right))
        candidate.taken_over, candidate.left_behind = True, None if key in there else row.id


def _in_filter(run: Run, side: Side, sibling: TableMapping, keys: Sequence[str]) -> set[str]:
    """Those of the records that the other mapping has not lost; all of them where nobody can tell, because its filter
    does not fit the table any more."""
    try:
        endpoint = open_endpoint(run.mapping, side, where=getattr(sibling, f"{side.value}_filter"))
    except SchemaMismatch:
        return set(keys)
    return {key for key, stamp in endpoint.stamps(keys).items() if stamp.included}


def _let_in(candidate: Candidate) -> None:
    """A partner outside the filter comes in with the record that moved."""
    if candidate.left_behind is None or candidate.left is None or candidate.right is None:
        return
    for side in Side:
        record = candidate.record(side)
        if side is candidate.found and record is not None and not record.included:
            candidate.set_record(side, replace(record, included=True))
