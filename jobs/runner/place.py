"""Where a comparison of everything has got to, so that whoever takes the job up goes on there.

The place holds for one scope of the configuration. With it stand the cursors that were taken before anything was read:
what changes behind the place, during the job or while it is on hold, is listed from there by the next run.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from jobs.runner.context import Run
from jobs.runner.sources import Listed, Page, Survey
from syncstatus.connectors.ports import Feed
from syncstatus.engine.records import Side


def begin(run: Run, scope: str) -> dict[Side, Any]:
    """The cursors for the next run, by side: those taken when the job began, or taken now."""
    if run.job.progress.get("scope") != scope:
        feeds = [side for side in Side if run.endpoints[side].capabilities.feed is not Feed.NONE]
        taken = {side.value: run.endpoints[side].start_cursor() for side in feeds}
        run.job.progress = {"scope": scope, "cursors": taken}
    return {Side(side): cursor for side, cursor in run.job.progress["cursors"].items()}


def settled(run: Run, survey: Survey) -> Iterator[Page]:
    """What the survey's stamps settled, unless the job has counted it already."""
    if not run.job.progress.get("surveyed"):
        run.job.progress |= {"surveyed": True}
        yield Page([], progress=run.job.progress, unchanged=survey.unchanged, excluded=survey.excluded)


def comparing(run: Run, listed: Iterable[Listed]) -> Iterator[Listed]:
    """Couplings in the order of their ids; those compared once are not compared again where their stamps are equal."""
    for some in listed:
        run.job.progress = run.job.progress | {"compared": max(some.ids, default=0)}
        some.progress = run.job.progress
        yield some


def is_past(run: Run, side: Side) -> bool:
    """Whether the job has listed the records of ``side`` without a coupling to their end."""
    return side is Side.LEFT and run.job.progress.get("side") == Side.RIGHT.value


def after(run: Run, side: Side) -> str | None:
    """The key up to which they are listed."""
    found: str | None = run.job.progress.get("after") if run.job.progress.get("side") == side.value else None
    return found
