"""A progress line on a terminal."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from couplings.models import TableMapping
from jobs import progress
from jobs.runner.context import Run


class Progress:
    """Shows the step a run is in, its rate and what is left of the step on standard error, where that is a terminal;
    elsewhere nothing."""

    def __init__(self, mapping: TableMapping, *, quiet: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[pace]}"),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
        )
        hidden = quiet or not sys.stderr.isatty()
        self.mapping = mapping
        self.bar = Bar(*columns, console=Console(stderr=True), transient=True, disable=hidden)
        self.task = self.bar.add_task(mapping.name, total=None, pace="", counted="")

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def page(self, run: Run) -> None:
        """How far the run is and what it has counted by now; called after each page."""
        counted = {outcome.value: count for outcome, count in run.tally.outcomes.items() if count}
        self.bar.update(
            self.task,
            description=f"{self.mapping.name}: {progress.caption(run.pace.phase, self.mapping)}",
            total=run.pace.expected,
            completed=run.pace.done,
            pace=_told(run),
            counted=" ".join(f"{name} {count:,}" for name, count in counted.items()),
        )


def _told(run: Run) -> str:
    """“2,500/10,000 · 1,250 records/s · about 6 s left in this step”."""
    pace = run.pace
    return progress.in_short(progress.Progress(pace.phase, pace.done, pace.expected, pace.rate or None, pace.remaining))
