"""Partners that no system can be searched for, because each side writes the same value in its own way: a telephone
number, a country. Their table is read through once a job, and what its records match on is kept as fingerprints, about
200 bytes a record. What the job itself writes has the form that a search finds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from jobs.runner.context import PAGE, Run
from syncstatus.engine import match
from syncstatus.engine.match import Criterion
from syncstatus.engine.pairing import fingerprint
from syncstatus.engine.records import Record, Side, Values


def look_through(run: Run, side: Side, criterion: Criterion, wanted: Collection[Values]) -> list[Record]:
    """The records of ``side`` within the filter that may match one of ``wanted``, read afresh: the caller compares.
    Raises the errors of connectors."""
    place = side, criterion.priority
    if place not in run.forms:
        run.forms[place] = _fingerprints(run, side, criterion)
    known = run.forms[place]
    keys = {key for values in wanted for key in known.get(fingerprint(values), ())}
    found = run.endpoints[side].read(keys).values() if keys else ()
    return [record for record in found if record.included]


def _fingerprints(run: Run, side: Side, criterion: Criterion) -> Mapping[str, list[str]]:
    """Keys by fingerprint."""
    known: dict[str, list[str]] = defaultdict(list)
    for record in _records(run, side):
        values = match.match_values(run.rules, criterion, side, record.values)
        if values is not None:
            known[fingerprint(values)].append(record.key)
    return dict(known)


def _records(run: Run, side: Side) -> Iterator[Record]:
    endpoint, after, full = run.endpoints[side], None, True
    size = min(PAGE, endpoint.capabilities.page_max)
    while full:
        keys = [stamp.key for stamp in endpoint.keys(after, size)]
        full = len(keys) == size
        if keys:
            after = keys[-1]
            yield from endpoint.read(keys).values()
