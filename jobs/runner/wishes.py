"""How far the run is, and whether it is to go on: told and asked after each page, and once a while between pages."""

from jobs.runner import lease
from jobs.runner.context import Asked, Run, Stopped


def heed(run: Run) -> None:
    """Raises ``Stopped`` when the person at the terminal, ``Asked`` when anybody else wants the run to end here."""
    if run.stop is not None and run.stop():
        raise Stopped
    if run.holder and (wish := lease.wish(run.job.pk, run.holder)):
        raise Asked(wish)


def checkpoint(run: Run) -> None:
    """For long steps that commit no pages: once a while say how far they are and ``heed``. May raise ``LeaseLost``."""
    if not run.pace.is_to_be_told():
        return
    if run.on_page is not None:
        run.on_page(run)
    if run.holder:
        lease.tell(run.job.pk, run.holder, run.pace.fields())
    heed(run)
