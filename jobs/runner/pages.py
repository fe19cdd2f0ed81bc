"""One page of candidates, from their keys to what is remembered of them."""

from collections.abc import Iterable, Iterator

from couplings.store import couplings
from jobs.runner import (
    creating,
    deciding,
    handing_over,
    loading,
    lookalikes,
    matching,
    planning,
    references,
    resting,
    writing,
)
from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.pipeline import Pipeline
from jobs.runner.remembering import judge
from jobs.runner.sources import Page
from jobs.runner.turns import begin, in_turn, with_partners
from jobs.runner.wishes import heed
from syncstatus.connectors.errors import ConnectionFailed
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side

# A record that moves under our hands is read and decided again so many times within a run, then left for later.
ROUNDS = 3


def work_off(run: Run, pages: Iterable[Page]) -> None:
    """Read, decide, write, remember page after page. Raises ``LeaseLost``, ``Stopped``, ``Asked`` and the connectors'
    errors."""
    with Pipeline(run) as pipeline:
        for page in in_turn(run, _paced(run, pages)):
            pipeline.make_way(page.candidates)
            begin(run, page)
            if page.is_empty:
                heed(run)
                continue
            page, trouble = _attempt(run, page)
            judged = judge(run, page)
            if not run.preview:
                pipeline.submit(judged)
                _refresh_statistics(run, pipeline)
            elif run.holder:
                planning.store(run, judged)
            elif run.tell is not None:
                run.tell(planning.told(run, judged))
            if run.on_page is not None:
                run.on_page(run)
            if trouble is not None:
                raise trouble
            if run.is_probe:
                resting.probe_passed(run)
            heed(run)


def _paced(run: Run, pages: Iterable[Page]) -> Iterator[Page]:
    for page in pages:
        if page.listed is not None:
            run.pace.advance(page.listed or len(page.candidates) + page.unchanged + page.excluded)
        yield page


def _attempt(run: Run, page: Page) -> tuple[Page, ConnectionFailed | None]:
    """The page, worked off; or the part of it that is written, with the trouble that cut it short."""
    trouble: ConnectionFailed | None
    try:
        _work_off(run, page)
        trouble = resting.answered_in_part(run, page)
    except ConnectionFailed as error:
        trouble = error
    return (page, None) if trouble is None else (resting.cut(page, trouble), trouble)


def _refresh_statistics(run: Run, pipeline: Pipeline) -> None:
    """Each time the run has doubled what it coupled. Those who help with a job need not: one at a time can."""
    made = run.tally.outcomes[Outcome.COUPLED] + run.tally.outcomes[Outcome.INSERTED]
    if made >= run.statistics_at and not run.is_member:
        pipeline.afterwards(couplings.refresh_statistics)
        run.statistics_at = 2 * made


def _work_off(run: Run, page: Page) -> None:
    references.turn(run)
    loading.load(run, page.candidates)
    page.candidates = pending = [candidate for candidate in page.candidates if not _seen(run, candidate)]
    for _ in range(ROUNDS):
        if not pending:
            break
        pending = _round(run, page, pending)


def _seen(run: Run, candidate: Candidate) -> bool:
    """Whether this run has given the pair its outcome already: both sides' feeds may list it (DESIGN R4).

    A pair in step drops out by its versions; one that is not has an error by now. A preview writes neither, and
    remembers. Records that a person uncoupled are not looked at unless somebody names them.
    """
    if candidate.marked and not candidate.wanted:
        return True
    if run.preview:
        return not run.previewed.isdisjoint(_names(candidate))
    error = candidate.error
    return error is not None and error.job == run.job.pk and not error.request


def _names(candidate: Candidate) -> list[str]:
    """Both records of a pair, also of one that has only just matched."""
    return [f"{side.value} {key}" for side in Side if (key := candidate.key(side)) is not None]


def _round(run: Run, page: Page, candidates: list[Candidate]) -> list[Candidate]:
    """The candidates whose record was changed by somebody else meanwhile; they are decided again (DESIGN R6)."""
    for candidate in candidates:
        candidate.forget_results()
    loading.read(run, candidates)
    creating.settle_unanswered(run, candidates)
    handing_over.find_partners(run, candidates)
    matching.find_partners(run, candidates)
    lookalikes.put_off(run, candidates)
    candidates = with_partners(run, page, candidates)
    deciding.decide_all(run, candidates)
    handing_over.as_coupled(run, candidates)
    _check_beliefs(run, candidates)
    if run.preview:
        run.previewed.update(name for candidate in candidates for name in _names(candidate))
        return []
    writing.write(run, candidates)
    overtaken = [candidate for candidate in candidates if candidate.overtaken]
    for candidate in overtaken:
        candidate.listed = None  # neither side is believed any more
    return overtaken


def _check_beliefs(run: Run, candidates: list[Candidate]) -> None:
    """Nothing is taken from a record that is only believed, as no precondition would notice that it moved: where the
    decision writes the side that listed the pair, the other one is read first, and the pair decided again."""
    doubtful = [c for c in candidates if c.listed is not None and c.decision and c.decision.writes(c.listed)]
    for candidate in doubtful:
        candidate.listed = None
    if doubtful:
        loading.read(run, doubtful)
        deciding.decide_all(run, doubtful)
