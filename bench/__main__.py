"""Prints tables of figures: ``python -m bench [--rows N] [--many N] [NAME ...]``, names as in MEASURES."""

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench import setup

MEASURES = ("engine", "first", "full", "idle", "changed", "click", "match", "workers", "million", "pages")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], help="only these; all but pages take first, too")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    options = parser.parse_args()
    names = set(options.names or MEASURES)
    setup.start()
    console = Console(width=120)
    if names != {"pages"}:
        table = Table("measured", "figure", "aim", title="Syncstatus, PostgreSQL to PostgreSQL, 20 mapped columns")
        for rows in measure(names, options.rows, options.many, console.print):
            for row in rows:
                table.add_row(*row)
        console.print(table)
    if "pages" in names:
        from bench import pages

        console.print(pages.run(options.many))


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
