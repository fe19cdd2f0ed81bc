"""Large pages are remembered while the next one is read, decided and written.

The store is busy then while we are, and the other way round. A page waits for the one before wherever it could meet its
records: pages overlap only when both hold couplings and none of them is the same. What breaks is what a crash between
write and commit breaks: nothing (see ``remembering``).
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from django.db import connection

from jobs.runner.candidates import Candidate
from jobs.runner.context import Run
from jobs.runner.remembering import Judged, remember

# Smaller pages are committed at once: a click is answered sooner, and a thread is not worth it.
WORTH_A_THREAD = 1_000


class Pipeline:
    """Remembers pages in their order. Errors of a page come out with the next call, at the latest when it closes."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._thread: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        self._couplings: set[int] = set()

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
        """Wait if these might meet the records of the page under way; their couplings are then read anew."""
        if self._pending is not None and not self._is_apart(candidates):
            self.wait()
            for candidate in candidates:
                if candidate.coupling is not None:
                    candidate.coupling = candidate.coupling.light()

    def _is_apart(self, candidates: Iterable[Candidate]) -> bool:
        return all(c.coupling is not None and c.coupling.id not in self._couplings for c in candidates)

    def submit(self, judged: Judged) -> None:
        self.wait()
        if len(judged.verdicts) < WORTH_A_THREAD:
            remember(self._run, judged)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="remember")
        couplings = [verdict.candidate.coupling for verdict in judged.verdicts]
        self._couplings = {coupling.id for coupling in couplings if coupling is not None}
        self._pending = self._thread.submit(remember, self._run, judged)
