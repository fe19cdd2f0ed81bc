"""The next page is looked for while the one before is worked off: its systems and the store answer meanwhile."""

from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

from django.db import connection

from jobs.runner.context import WORTH_A_THREAD
from jobs.runner.threads import one_thread


class HasCandidates(Protocol):
    @property
    def candidates(self) -> Sized: ...


T = TypeVar("T", bound=HasCandidates)


def ahead(pages: Iterable[T]) -> Iterator[T]:
    """Yield ``pages``; after a large one the next are taken by a thread, one before it is asked for.

    What a page says of its couplings may then be older than the commits of the two pages before it (see
    ``Pipeline.make_way``). Errors come out where the page would have.
    """
    source = iter(pages)
    for page in source:
        yield page
        if len(page.candidates) >= WORTH_A_THREAD:
            yield from _threaded(source)


def _threaded(source: Iterator[T]) -> Iterator[T]:
    with one_thread("ahead") as thread:
        try:
            upcoming = thread.submit(next, source, None)
            while (page := upcoming.result()) is not None:
                upcoming = thread.submit(next, source, None)
                yield page
        finally:
            thread.submit(connection.close)
