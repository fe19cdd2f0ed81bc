"""Match before you create (DESIGN R14): a page of records without a partner, by one search a side and priority."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from couplings.store import couplings, errors
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.forms import look_through
from jobs.runner.matched import settle_known
from jobs.runner.requests import denied_intents
from syncstatus.engine import match
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.match import Criterion, Found
from syncstatus.engine.records import Record, Side


def find_partners(run: Run, candidates: Sequence[Candidate]) -> None:
    """Give each single record its partner, or the problem why it has none; those without a match stay single."""
    single = [candidate for candidate in candidates if candidate.coupling is None and candidate.memory is None]
    for side in Side:
        seeking = settle_known(run, side, [c for c in single if _seeks(c, side)])
        for criterion in match.criteria(run.rules):
            if seeking:
                seeking = _by_criterion(run, side, criterion, seeking)
    _first_come(run, candidates)


def _seeks(candidate: Candidate, side: Side) -> bool:
    single = candidate.coupling is None and candidate.memory is None and candidate.single_side is side
    if not single or candidate.marked or candidate.problem is not None:
        return False
    record = candidate.record(side)
    # Where a person has looked, what is there is none of its.
    return record is not None and record.included and denied_intents(candidate.error) is None


def _by_criterion(run: Run, side: Side, criterion: Criterion, seeking: list[Candidate]) -> list[Candidate]:
    """Settle those this priority finds something for; the others are returned, for the next one."""
    known = ((c, match.match_values(run.rules, criterion, side, _values(c, side))) for c in seeking)
    wanted = {candidate: values for candidate, values in known if values is not None}
    found = _search(run, side, criterion, wanted) if wanted else {}
    taken = _taken(run, side.other, found)
    torn = _torn(run, side.other, found)
    left_over = [candidate for candidate in seeking if candidate not in wanted]
    for candidate, value in wanted.items():
        partners = found.get(value, [])
        options = [match.Candidate(record.key, taken.get(record.key)) for record in partners]
        choice = match.choose(run.rules, criterion, side.other, options)
        if choice.found is Found.NONE:
            left_over.append(candidate)
        elif choice.found is Found.ONE and choice.key in torn:
            params = {"side": side.other.value, "candidates": [choice.key]}
            candidate.problem = Problem(ErrorKind.AMBIGUOUS, "ambiguous", params, criterion.positions)
        elif choice.found is Found.ONE:
            candidate.find_partner(side.other, next(record for record in partners if record.key == choice.key))
        else:
            candidate.problem = choice.problem
    return left_over


def _search(
    run: Run, side: Side, criterion: Criterion, wanted: Mapping[Candidate, tuple[Any, ...]]
) -> dict[tuple[Any, ...] | None, list[Record]]:
    """The other side's records by what they match on, compared once more in the engine's form."""
    there = side.other
    names = [run.endpoint_fields[there][position] for position in criterion.positions]
    accents = [run.rules.fields[position].accent_sensitive for position in criterion.positions]
    case = match.search_case(run.rules, criterion)
    searched = [match.search_values(run.rules, criterion, side, _values(c, side)) for c in wanted]
    values = [one for one in searched if one is not None]
    search = run.endpoints[there].search
    records = search(names, values, case_sensitive=case, accent_sensitive=accents) if values else []
    if not match.is_searchable(run.rules, criterion, there):
        records += look_through(run, there, criterion, wanted.values())
    found: dict[tuple[Any, ...] | None, list[Record]] = defaultdict(list)
    for record in {record.key: record for record in records}.values():
        found[match.match_values(run.rules, criterion, there, record.values)].append(record)
    return found


def _taken(run: Run, side: Side, found: dict[tuple[Any, ...] | None, list[Record]]) -> dict[str, str | None]:
    """The partner each found record already has; a record that a person uncoupled is nobody's partner either."""
    keys = [record.key for records in found.values() for record in records]
    marked = couplings.uncoupled(run.mapping.pk, side, keys)
    for records in found.values():
        records[:] = [record for record in records if record.key not in marked]
    rows = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
    return {key: row.key(side.other) for key, row in rows.items()}


def _torn(run: Run, side: Side, found: dict[tuple[Any, ...] | None, list[Record]]) -> set[str]:
    """Records that could not choose between several partners: none of those may take them by coming later."""
    keys = [record.key for records in found.values() for record in records]
    rows = errors.of_records(run.mapping.pk, side, keys)
    return {errors.key_of(row, side) for row in rows if row.kind == ErrorKind.AMBIGUOUS}


def _values(candidate: Candidate, side: Side) -> tuple[Any, ...]:
    record = candidate.record(side)
    assert record is not None
    return record.values


def _first_come(run: Run, candidates: Sequence[Candidate]) -> None:
    """Two records of one page that found the same partner: the first is coupled, the other a duplicate (T8)."""
    for side in Side:
        owners: dict[str, Candidate] = {}
        for candidate in candidates:
            key = candidate.key(side)
            if candidate.coupling is not None or key is None or candidate.problem is not None:
                continue
            owner = owners.setdefault(key, candidate)
            if owner is not candidate:
                _give_way(run, candidate, owner, side)


def _give_way(run: Run, candidate: Candidate, owner: Candidate, side: Side) -> None:
    criterion = match.criteria(run.rules)[0]
    taken = match.Candidate(candidate.key(side) or "", owner.key(side.other))
    candidate.problem = match.choose(run.rules, criterion, side, [taken]).problem
    candidate.set_key(side, None)
    candidate.set_record(side, None)
    candidate.found = None
