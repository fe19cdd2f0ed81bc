"""The figures of one run: a table to read and a file to keep."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.faults.chaos.checker import PROMISES, Broken

SHOWN = 12


@dataclass
class Report:
    """Times in seconds."""

    seed: int
    duration: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    edits: dict[str, int] = field(default_factory=dict)
    clicks: dict[str, int] = field(default_factory=dict)
    failed_clicks: int = 0
    jobs: dict[str, int] = field(default_factory=dict)
    taken_over: int = 0
    resumed_mappings: int = 0
    open_errors: dict[str, int] = field(default_factory=dict)
    settled_after: float = 0.0
    recovery: dict[str, float] = field(default_factory=dict)
    promises: dict[str, int] = field(default_factory=dict)
    broken: list[dict[str, Any]] = field(default_factory=list)
    stories: list[list[str]] = field(default_factory=list)

    def tell(self, broken: list[Broken], recoveries: list[float]) -> None:
        counted = Counter(each.promise for each in broken)
        self.promises = {promise: counted[promise] for promise in PROMISES}
        self.broken = [asdict(each) for each in broken]
        self.recovery = _spread(recoveries)

    @property
    def is_good(self) -> bool:
        return not self.broken

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def print(self, console: Console) -> None:
        table = Table("", "", title=f"Chaos, seed {self.seed}", show_header=False)
        for name, value in self._rows():
            table.add_row(name, value)
        console.print(table)
        for promise in PROMISES:
            for each in [each for each in self.broken if each["promise"] == promise][:SHOWN]:
                console.print(f"{promise}: {each['what']}", markup=False, soft_wrap=True)

        for story in self.stories:
            console.print("\n".join(story), markup=False, highlight=False, soft_wrap=True)

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield "duration", f"{self.duration:.0f} s"
        yield "processes killed", f"{sum(self.kills.values())}\n{_lines(self.kills)}"
        yield "other faults", f"{sum(self.faults.values())}\n{_lines(self.faults)}"
        yield "edits of people", f"{sum(self.edits.values())}\n{_lines(self.edits)}"
        yield "clicks of people", f"{sum(self.clicks.values())}, {self.failed_clicks} answered by an error page"
        yield "jobs", f"{sum(self.jobs.values())}, taken over {self.taken_over} times\n{_lines(self.jobs)}"
        yield "open errors at the end, rightly", _lines(self.open_errors)
        recovery = ", ".join(f"{name} {number:g}" for name, number in self.recovery.items())
        yield "seconds until a dead worker's job went on", recovery
        yield "until all was quiet", f"{self.settled_after:.1f} s"
        for promise, number in self.promises.items():
            yield promise, str(number)


def _spread(seconds: list[float]) -> dict[str, float]:
    """How many there were, and what is typical, in seconds."""
    if not seconds:
        return {}
    ordered = [round(each, 1) for each in sorted(seconds)]
    return {
        "jobs": len(ordered),
        "median": ordered[len(ordered) // 2],
        "95 %": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
        "longest": ordered[-1],
    }


def _lines(counts: dict[str, int]) -> str:
    return "\n".join(f"{number:6} {name}" for name, number in sorted(counts.items(), key=lambda each: -each[1]))
