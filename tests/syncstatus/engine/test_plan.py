"""One record, one outcome, and a job that adds up (DESIGN R4)."""

import pytest

from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.plan import Outcome, Tally, outcome

OUTCOMES = {
    Action.NOTHING: Outcome.UNCHANGED,
    Action.REFRESH: Outcome.UNCHANGED,
    Action.COUPLE: Outcome.COUPLED,
    Action.CREATE: Outcome.INSERTED,
    Action.UPDATE: Outcome.MODIFIED,
    Action.DELETE: Outcome.DELETED,
    Action.UNCOUPLE: Outcome.UNCOUPLED,
    Action.EXCLUDE: Outcome.EXCLUDED,
    Action.SKIP: Outcome.SKIPPED,
    Action.ERROR: Outcome.FAILED,
}


@pytest.mark.parametrize("action", Action)
def test_every_action_has_an_outcome(action: Action) -> None:
    assert outcome(Decision(action)) is OUTCOMES[action]


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_problem_has_an_outcome(kind: ErrorKind) -> None:
    special = {ErrorKind.DEPENDENCY: Outcome.WAITING, ErrorKind.HELD: Outcome.HELD}
    decision = Decision(Action.ERROR, problem=Problem(kind, "code"))
    assert outcome(decision) is special.get(kind, Outcome.FAILED)


def test_a_tally_adds_up_or_says_so() -> None:
    tally = Tally(read=3)
    tally.count(Outcome.MODIFIED)
    assert not tally.adds_up
    tally.count(Outcome.UNCHANGED, 2)
    assert tally.adds_up
    tally.count(Outcome.FAILED)
    assert not tally.adds_up


def test_tallies_of_pages_sum() -> None:
    page, job = Tally(read=2), Tally(read=1)
    page.count(Outcome.DELETED, 2)
    job.count(Outcome.DELETED)
    job.add(page)
    assert (job.read, job.outcomes[Outcome.DELETED], job.adds_up) == (3, 3, True)


def test_reports_the_counters_of_the_command() -> None:
    assert list(Tally().as_dict()) == [
        "read", "inserted", "modified", "deleted", "unchanged", "coupled", "uncoupled", "excluded", "waiting", "held",
        "skipped", "failed",
    ]  # fmt: skip
