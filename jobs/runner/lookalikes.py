"""What may have become of a create whose record cannot be known by its key (DESIGN R7).

Where the system draws keys only while it writes, an announced create is recognized by the values written. If somebody
has edited the new record before we came back, none has exactly these. What is there then is a record that came after
the announcement, belongs to nobody, and has some of the values. Whether it is ours nobody can tell, so a person is
asked and nothing is created.
"""

from collections.abc import Iterator, Sequence

from couplings.store import couplings
from jobs.models import CreateIntent
from jobs.runner import references
from jobs.runner.candidates import Candidate
from jobs.runner.context import PAGE, Run
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.records import UNKNOWN, Record, Side, Values

SHARE = 4  # one in so many filled fields is enough to be taken for a trace of the record


def of(run: Run, intent: CreateIntent) -> list[Record]:
    """Records without a coupling that came after ``intent`` and have a quarter of its filled values."""
    if intent.behind is None:
        return []
    side = Side(intent.side)
    wanted = references.wanted(run, intent)
    canonical = run.rules.compiled.canonical[side]
    newer = list(_newer(run, side, intent.behind))
    references.learn_of(run.rules, run.lookups, side, newer)
    return [record for record in newer if _resembles(canonical(record.values), wanted)]


def put_off(run: Run, candidates: Sequence[Candidate]) -> None:
    """Records without a partner that a create of ours may have made, of which nobody has heard yet: they are tried
    again later, when that is settled. As new ones they would be copied back; passed over, they could be forgotten
    (DESIGN R5)."""
    for side in Side if run.unanswered else ():
        single = [c for c in candidates if _is_single(c, side)]
        intents = CreateIntent.objects.filter(mapping=run.mapping, side=side.value, target_key=None)
        lost = [(references.wanted(run, intent), intent.behind) for intent in intents] if single else []
        for candidate in single:
            if any(_may_be(run, side, candidate, *one) for one in lost):
                candidate.problem = Problem(ErrorKind.UNKNOWN_OUTCOME, "may_be_ours", {"side": side.value})


def _is_single(candidate: Candidate, side: Side) -> bool:
    unknown = candidate.coupling is None and candidate.memory is None and candidate.problem is None
    return unknown and not candidate.marked and candidate.single_side is side and candidate.record(side) is not None


def _may_be(run: Run, side: Side, candidate: Candidate, wanted: Values, behind: str | None) -> bool:
    record = candidate.record(side)
    if record is None:
        return False
    values = run.rules.compiled.canonical[side](record.values)
    if behind is None:
        return all(there == value for there, value in zip(values, wanted, strict=True) if value is not UNKNOWN)
    return _is_newer(record.key, behind) and _resembles(values, wanted)


def _is_newer(key: str, behind: str) -> bool:
    return not behind or int(key) > int(behind)


def _newer(run: Run, side: Side, behind: str) -> Iterator[Record]:
    endpoint, after, full = run.endpoints[side], behind or None, True
    while full:
        keys = [stamp.key for stamp in endpoint.keys(after, PAGE)]
        coupled = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
        yield from endpoint.read([key for key in keys if key not in coupled]).values()
        full, after = len(keys) == PAGE, keys[-1] if keys else None


def _resembles(values: Values, wanted: Values) -> bool:
    pairs = zip(wanted, values, strict=True)
    filled = [(mine, theirs) for mine, theirs in pairs if mine is not UNKNOWN and mine not in (None, "")]
    same = sum(mine == theirs for mine, theirs in filled)
    return bool(same) and same * SHARE >= len(filled)
