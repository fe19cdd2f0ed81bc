"""Prints a table of figures: ``python -m bench [--rows N] [--many N] [NAME ...]``, names as in MEASURES."""

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench import setup

MEASURES = ("engine", "first", "full", "idle", "changed", "click", "match", "workers", "million")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], help="only these; first is always taken")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    options = parser.parse_args()
    setup.start()
    table = Table("measured", "figure", "aim", title="Syncstatus, PostgreSQL to PostgreSQL, 20 mapped columns")
    console = Console(width=120)
    for rows in measure(set(options.names or MEASURES), options.rows, options.many, console.print):
        for row in rows:
            table.add_row(*row)
    console.print(table)


def measure(names: set[str], rows: int, many: int, say: Callable[[str], None]):  # type: ignore[no-untyped-def]
    from bench import clicks, engine, matching, shared
    from bench.runs import Runs

    if "engine" in names:
        yield engine.run()
    runs = Runs(rows, many)
    say("first coupling ...")
    yield [runs.first_coupling()]
    if "full" in names:
        yield [runs.full_comparison()]
    if "idle" in names:
        yield [runs.nothing_changed(f"{rows:,}", runs.customer)]
    if "changed" in names:
        say("changed rows ...")
        yield runs.changed(rows // 10)
        yield runs.changed(rows)
    if "click" in names:
        yield [clicks.latency(runs.customer, runs.left, runs.right)]
    if "match" in names:
        say("matching ...")
        yield matching.run(runs)
    if "workers" in names:
        say("one worker and two ...")
        yield shared.side_by_side(runs)
    if "million" in names:
        say("a large table ...")
        yield runs.million()


if __name__ == "__main__":
    main()
