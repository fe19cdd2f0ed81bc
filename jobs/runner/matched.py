"""Couple what the matching of whole tables has found: each pair is read afresh, checked and decided like any other."""

from collections.abc import Iterator, Sequence
from typing import Any

from couplings.store import couplings, matches
from couplings.store.matches import Sought
from jobs.runner.candidates import Candidate
from jobs.runner.context import PAGE, Run
from jobs.runner.keys import unstorable
from jobs.runner.pairing import Pairing
from jobs.runner.sources import Page
from syncstatus.engine import match
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.records import Record, Side


def pages(run: Run, pairing: Pairing) -> Iterator[Page]:
    """The sources in key order, from where an attempt before has got to."""
    side, progress = pairing.source, run.job.progress
    after = matches.number_of(progress["after"]) if progress.get("side") == side.value else 0
    while rows := matches.sought(after, PAGE):
        after = rows[-1].seq
        place = run.job.progress | {"side": side.value, "after": rows[-1].key}
        yield Page(_candidates(run, side, rows), progress=place, listed=len(rows))
    for start in range(0, len(pairing.odd), PAGE):
        yield Page([unstorable(side, key) for key in pairing.odd[start : start + PAGE]])


def _candidates(run: Run, side: Side, rows: Sequence[Sought]) -> list[Candidate]:
    """The sources that are still free: the tables were read long ago, and ``turns`` notices only what is new."""
    coupled = couplings.by_key(run.mapping.pk, side, [row.key for row in rows], with_base=False)
    return [_candidate(side, row) for row in rows if not row.marked and row.key not in coupled]


def _candidate(side: Side, row: Sought) -> Candidate:
    """Who asks for pairs asks for those, too, that could not be told apart before and were left to a person then."""
    candidate = Candidate(matched=row, wanted=row.target is not None)
    candidate.set_key(side, row.key)
    return candidate


def settle_known(run: Run, side: Side, seeking: Sequence[Candidate]) -> list[Candidate]:
    """Give ``seeking`` what was found for them. Those whose pair does not hold any more are returned, to be searched
    for like others."""
    known = {candidate: candidate.matched for candidate in seeking if candidate.matched is not None}
    records = _partners(run, side.other, [row.target for row in known.values() if row.target is not None])
    rest = [candidate for candidate in seeking if candidate not in known]
    for candidate, row in known.items():
        record = records.get(row.target or "")
        if row.problem is not None:
            candidate.problem = _problem(row.problem)
        elif record is not None and _agree(run, side, candidate, record, row.priority):
            candidate.find_partner(side.other, record)
        elif row.target is not None:
            rest.append(candidate)
    return rest


def _problem(told: dict[str, Any]) -> Problem:
    return Problem(ErrorKind(told["kind"]), told["code"], told["params"], tuple(told["fields"]))


def _partners(run: Run, side: Side, keys: Sequence[str]) -> dict[str, Record]:
    """Those of the records ``keys`` that are still there and free."""
    if not keys:
        return {}
    taken = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
    marked = couplings.uncoupled(run.mapping.pk, side, keys)
    found = run.endpoints[side].read([key for key in keys if key not in taken and key not in marked])
    return {key: record for key, record in found.items() if record.included}


def _agree(run: Run, side: Side, candidate: Candidate, partner: Record, priority: int | None) -> bool:
    """Whether both, as they are now, still have the values by which they were found."""
    record = candidate.record(side)
    criterion = next((one for one in match.criteria(run.rules) if one.priority == priority), None)
    if record is None or criterion is None:
        return False
    mine = match.match_values(run.rules, criterion, side, record.values)
    return mine is not None and mine == match.match_values(run.rules, criterion, side.other, partner.values)
