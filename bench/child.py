"""One piece of work on a mapping in a process of its own; prints its seconds and its peak memory in kilobytes.

``python -m bench.child MAPPING [sync|preview|match]``
"""

import sys
from collections import deque

from bench import setup

if __name__ == "__main__":
    setup.start()

    from bench.runs import peak_memory, sync, timed
    from couplings.models import TableMapping
    from jobs.services import matching

    def preview(mapping: TableMapping) -> None:
        with matching.preview(mapping) as found:
            deque(found.lines(), maxlen=0)

    works = {
        "sync": sync,
        "preview": preview,
        "match": lambda mapping: matching.apply(mapping, user=None, queue=False),
    }
    work = works[sys.argv[2] if len(sys.argv) > 2 else "sync"]
    seconds = timed(lambda: work(TableMapping.objects.get(name=sys.argv[1])))
    print(seconds, peak_memory())
