"""What may have become of a create whose record cannot be known by its key (DESIGN R7).

Where the system draws keys only while it writes, an announced create is recognized by the values written. If somebody
has edited the new record before we came back, none has exactly these. What is there then is a record that came after
the announcement, belongs to nobody, and has some of the values. Whether it is ours nobody can tell, so a person is
asked and nothing is created.
"""

from collections.abc import Iterator
from typing import Any

from couplings.store import couplings
from jobs.models import CreateIntent
from jobs.runner import references
from jobs.runner.context import PAGE, Run
from syncstatus.engine.records import Record, Side

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


def _newer(run: Run, side: Side, behind: str) -> Iterator[Record]:
    endpoint, after, full = run.endpoints[side], behind or None, True
    while full:
        keys = [stamp.key for stamp in endpoint.keys(after, PAGE)]
        coupled = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
        yield from endpoint.read([key for key in keys if key not in coupled]).values()
        full, after = len(keys) == PAGE, keys[-1] if keys else None


def _resembles(values: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    filled = [(mine, theirs) for mine, theirs in zip(wanted, values, strict=True) if mine not in (None, "")]
    same = sum(mine == theirs for mine, theirs in filled)
    return bool(same) and same * SHARE >= len(filled)
