"""Whether the run is to go on: asked after each page, so that what was written is remembered first."""

from jobs.runner import lease
from jobs.runner.context import Asked, Run, Stopped


def heed(run: Run) -> None:
    """Raises ``Stopped`` when the person at the terminal, ``Asked`` when anybody else wants the run to end here."""
    if run.stop is not None and run.stop():
        raise Stopped
    if not run.preview and (wish := lease.wish(run.job.pk, run.holder)):
        raise Asked(wish)
