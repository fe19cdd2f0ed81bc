"""What the next run would do with records: the very steps of a run, in a preview of its own that writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from couplings.models import TableMapping
from jobs.models import Kind, SyncJob, Trigger
from jobs.runner import sources
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.outcomes import Verdict, verdict
from jobs.runner.pages import work_off
from jobs.runner.reports import details
from jobs.runner.runner import open_run
from jobs.runner.sources import Page
from syncstatus.engine import match
from syncstatus.engine.decisions import Action
from syncstatus.engine.match import Criterion
from syncstatus.engine.records import Record, Side
from syncstatus.engine.rules import Rules


@dataclass(frozen=True)
class Ahead:
    """``verdict`` is None for a record that a run does not even look at, because somebody uncoupled it. ``criterion``
    is the match priority by which its partner was found, ``params`` are those of the problem, for a message."""

    rules: Rules
    candidate: Candidate
    verdict: Verdict | None
    criterion: Criterion | None
    params: dict[str, Any]

    @property
    def action(self) -> Action | None:
        return self.verdict.decision.action if self.verdict is not None else None

    def fields(self, side: Side) -> list[str]:
        """What would be written on ``side``, by the names it has there."""
        decision = self.verdict.decision if self.verdict is not None else None
        return [self.rules.fields[position].field(side) for position in (decision.writes(side) if decision else ())]


def look_ahead(
    mapping: TableMapping,
    side: Side,
    keys: Sequence[str],
    *,
    wanted: bool = False,
    use: Side | None = None,
    only_match: bool = False,
) -> list[Ahead]:
    """What a scheduled run would do with each record of ``side`` with one of ``keys``, coupled or not, as it is now.

    ``wanted``: what a run would do that a person asks for, ``use`` with this side's data where both differ.
    ``only_match``: what a run would do that only looks for partners. Guards that count the deletions of a whole run are
    not asked. Raises the connectors' errors.
    """
    parameters = {"use": use.value if use is not None else ""}
    job = SyncJob(mapping=mapping, kind=Kind.RECORDS, trigger=Trigger.SCHEDULE, parameters=parameters)
    run = open_run(job, "", preview=True)
    run.only_match = only_match
    candidates = sources.of_keys(run, side, keys).candidates
    for candidate in candidates:
        candidate.wanted = wanted
    page = Page(list(candidates))
    work_off(run, [page])
    return [_ahead(run, page, candidate) for candidate in candidates]


def _ahead(run: Run, page: Page, candidate: Candidate) -> Ahead:
    found = verdict(run, candidate) if candidate in page.candidates else None
    problem = found.problem if found is not None else None
    params = details(run, problem) if problem is not None else {}
    return Ahead(run.rules, candidate, found, _criterion(run.rules, candidate), params)


def _criterion(rules: Rules, candidate: Candidate) -> Criterion | None:
    if candidate.found is None or candidate.left is None or candidate.right is None:
        return None
    return next((one for one in match.criteria(rules) if _agree(rules, one, candidate.left, candidate.right)), None)


def _agree(rules: Rules, criterion: Criterion, left: Record, right: Record) -> bool:
    values = match.match_values(rules, criterion, Side.LEFT, left.values)
    return values is not None and values == match.match_values(rules, criterion, Side.RIGHT, right.values)
