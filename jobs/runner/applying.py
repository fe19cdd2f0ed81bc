"""Carry out a plan: exactly its records, each read afresh and decided again (DESIGN R12, SCENARIOS T26).

The ordinary rules decide, and what they say is done, whether or not it is what the plan said. Only a deletion that
nobody saw in the plan is held.
"""

from collections.abc import Iterator, Sequence

from couplings.store import couplings
from jobs.models import Kind
from jobs.runner import plans
from jobs.runner.candidates import Candidate
from jobs.runner.context import PAGE, Run
from jobs.runner.plans import PlanRow
from jobs.runner.sources import Page
from syncstatus.engine.records import Side


def pages(run: Run) -> Iterator[Page]:
    """The records of the plan that the run's job names, from where an attempt before has got to."""
    plan = run.job.parameters["plan"]
    outcome, id = run.job.progress.get("after", plans.FIRST)
    while rows := plans.page(plan, (outcome, id), PAGE):
        outcome, id = rows[-1].outcome, rows[-1].id
        yield Page(_candidates(run, rows), progress={"after": [outcome, id]})


def _candidates(run: Run, rows: Sequence[PlanRow]) -> list[Candidate]:
    found = []
    for side in Side:
        mine = {key: row for row in rows if _named_by(run, row) is side and (key := row.key(side)) is not None}
        coupled = couplings.by_key(run.mapping.pk, side, mine, with_base=False)
        for key, row in mine.items():
            candidate = Candidate(planned=row)
            candidate.set_key(side, key)
            if key in coupled:
                candidate.couple(coupled[key])
            found.append(candidate)
    if run.job.parameters.get("of") == Kind.RECORDS:  # a person named them, whatever keeps them out otherwise
        for candidate in found:
            candidate.wanted, candidate.instruction = True, run.instruction
    return found


def _named_by(run: Run, row: PlanRow) -> Side:
    """The side by whose key a record is looked for: the source's where there are two, so that a match is made anew."""
    source = Side.LEFT if run.rules.direction.writes(Side.RIGHT) else Side.RIGHT
    return source if row.key(source) is not None else source.other
