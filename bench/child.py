"""One synchronization in a process of its own; prints its seconds and its peak memory in kilobytes."""

import sys

from bench import setup

if __name__ == "__main__":
    setup.start()

    from bench.runs import peak_memory, sync, timed
    from couplings.models import TableMapping

    seconds = timed(lambda: sync(TableMapping.objects.get(name=sys.argv[1])))
    print(seconds, peak_memory())
