"""Large pages are remembered while the next one is read, decided and written.

The store is busy then while we are, and the other way round. A page waits for the one before wherever it could meet its
records: pages overlap only when both hold couplings and none of them is the same. What breaks is what a crash between
write and commit breaks: nothing (see ``remembering``).
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from django.db import connection

from couplings.store import couplings
from jobs.runner.candidates import Candidate
from jobs.runner.context import WORTH_A_THREAD, Run
from jobs.runner.outcomes import Verdict
from jobs.runner.remembering import Judged, remember
from jobs.runner.threads import one_thread
from syncstatus.engine.records import Side


class Touched:
    """What a page looked at: couplings by id, and records that had none by key."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.couplings = {v.candidate.coupling.id for v in verdicts if v.candidate.coupling is not None}
        singles = [v for v in verdicts if v.candidate.coupling is None]
        self.single = {Side.LEFT: {v.left_key for v in singles}, Side.RIGHT: {v.right_key for v in singles}}

    def has_single(self, candidate: Candidate) -> bool:
        return any((key := candidate.key(side)) is not None and key in self.single[side] for side in Side)


class Pipeline:
    """Remembers pages in their order. Errors of a page come out with the next call, at the latest when it closes."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._thread: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        self._recent: deque[Touched] = deque(maxlen=2)

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.wait()
        finally:
            if self._thread is not None:
                self._thread.submit(connection.close)
                self._thread.shutdown()

    def wait(self) -> None:
        """Until everything submitted is committed. Raises ``LeaseLost`` and the store's errors."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def make_way(self, candidates: Sequence[Candidate]) -> None:
        """Wait if these might meet the records of the page under way. What one of the last two pages held is looked up
        anew: these candidates may be older than its commit."""
        ids = set().union(*(page.couplings for page in self._recent))
        met = [c for c in candidates if (c.coupling.id in ids if c.coupling is not None else self._is_met(c))]
        if self._pending is not None and (met or any(c.coupling is None for c in candidates)):
            self.wait()
        for side in Side:
            single = {key: c for c in met if c.coupling is None and (key := c.key(side)) is not None}
            for key, row in couplings.by_key(self._run.mapping.pk, side, single).items():
                single[key].couple(row)
        for candidate in met:
            if candidate.coupling is not None:
                candidate.coupling = candidate.coupling.light()

    def _is_met(self, single: Candidate) -> bool:
        return any(page.has_single(single) for page in self._recent)

    def submit(self, judged: Judged) -> None:
        self.wait()
        self._recent.append(Touched(judged.verdicts))
        if len(judged.verdicts) < WORTH_A_THREAD:
            remember(self._run, judged)
            return
        if self._thread is None:
            self._thread = one_thread("remember")
        self._pending = self._thread.submit(remember, self._run, judged)

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do ``work`` behind the commit of what was submitted. Nobody waits for it, and nothing is lost should it fail:
        the next page meets the same store."""
        if self._thread is None:
            work()
        else:
            self._thread.submit(work)
