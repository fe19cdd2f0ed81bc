"""A progress line on a terminal."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from jobs.runner.context import Run


class Progress:
    """Shows records read and their rate on standard error, where that is a terminal; elsewhere nothing."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}"),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
        )
        hidden = quiet or not sys.stderr.isatty()
        self.bar = Bar(*columns, console=Console(stderr=True), transient=True, disable=hidden)
        self.task = self.bar.add_task(name, total=None, counted="")

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def page(self, run: Run) -> None:
        """What the run has counted by now; called after each page."""
        counted = {outcome.value: number for outcome, number in run.tally.outcomes.items() if number}
        told = " ".join(f"{name} {number:,}" for name, number in counted.items())
        self.bar.update(self.task, completed=run.tally.read, counted=told)
