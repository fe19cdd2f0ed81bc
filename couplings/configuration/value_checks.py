"""What is wrong with transformations, value maps, constants and defaults, as far as the file alone shows it."""

from collections.abc import Iterator
from typing import Protocol

from couplings.configuration.entries import FieldEntry, MappingEntry
from couplings.configuration.problems import Path
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction
from syncstatus.engine.transforms import chain
from syncstatus.engine.transforms.step import Step

SHOWN = 5  # entries of a map that a message names


class Refusing(Protocol):
    def refuse(self, path: Path, code: str, **params: object) -> None: ...


class ValueChecks:
    """One mapping's. Directions have been checked before."""

    def __init__(self, checks: Refusing, entry: MappingEntry) -> None:
        self.checks = checks
        self.entry = entry

    def check(self) -> None:
        if not self.entry.mapped:
            self.checks.refuse((*self.entry.path, "fields"), "fields_all_disabled")
        for field in self.entry.mapped:
            self.ways(field)
            self.values(field)
            self.matching(field)
        self.constants()
        self.defaults()

    def ways(self, field: FieldEntry) -> None:
        """Each way that values travel has its steps, and a way that they do not travel has none."""
        path = (*self.entry.path, "fields", field.left, "transform")
        travel = self.entry.travel(field)
        for name, side, steps in (("to_right", Side.RIGHT, field.to_right), ("to_left", Side.LEFT, field.to_left)):
            if steps is not None and not travel.writes(side):
                self.checks.refuse((*path, name), "transform_way_unused", way=name, direction=travel.value)
        if travel is Direction.BIDIRECTIONAL and (step := hindering(field)) is not None:
            way = "to_right" if field.to_right is None and field.to_left is not None else "to_left"
            params = {"transform": step.name, "field": field.left, "way": way}
            self.checks.refuse(path, "transform_not_reversible", **params)
        for steps in (field.to_left, field.to_right) if travel is Direction.BIDIRECTIONAL else ():
            if steps is not None and chain.reads(steps):
                self.checks.refuse(path, "transform_reads_record", transform=reading(steps), field=field.left)

    def values(self, field: FieldEntry) -> None:
        if field.values is None or not self.entry.writes(field, Side.LEFT):
            return
        doubled = field.values.doubled()
        if doubled:
            entries = [f"{', '.join(lefts)} → {right}" for right, lefts in doubled.items()]
            shown = "; ".join(entries[:SHOWN]) + ("; …" if len(entries) > SHOWN else "")
            path = (*self.entry.path, "fields", field.left, "values")
            self.checks.refuse(path, "values_not_reversible", entries=shown, field=field.left)

    def matching(self, field: FieldEntry) -> None:
        if field.match is None:
            return
        step = next((step for steps in all_steps(field) for step in steps if chain.reads([step])), None)
        if step is not None:
            path = (*self.entry.path, "fields", field.left, "match")
            self.checks.refuse(path, "match_of_record", transform=step.name, field=field.left)

    def constants(self) -> None:
        written = self.written()
        for constant in self.entry.constants:
            path = constant.path(self.entry.path)
            if not self.entry.direction.writes(constant.side):
                direction = self.entry.direction.value
                self.checks.refuse(path, "field_against_mapping", field=constant.field, direction=direction)
            elif constant.field in written[constant.side]:
                first = written[constant.side][constant.field]
                self.checks.refuse(path, "field_written_twice", field=constant.field, first=first)

    def written(self) -> dict[Side, dict[str, str]]:
        """Which fields are written on each side, and by which line of ``fields``."""
        return {
            side: {field.field(side): field.left for field in self.entry.mapped if self.entry.writes(field, side)}
            for side in Side
        }

    def defaults(self) -> None:
        """A default for a field that is always sent would never hold."""
        always = {
            side: {f.field(side) for f in self.entry.mapped if self.entry.writes(f, side) and f.clear}
            | {constant.field for constant in self.entry.constants if constant.side is side}
            for side in Side
        }
        for default in self.entry.defaults:
            path = default.path(self.entry.path)
            if not self.entry.direction.writes(default.side):
                self.checks.refuse(path, "defaults_against_mapping", direction=self.entry.direction.value)
            for name in default.values.keys() & always[default.side]:
                self.checks.refuse((*path, "set", name), "default_of_mapped_field", field=name)


def all_steps(field: FieldEntry) -> Iterator[tuple[Step, ...]]:
    yield from (steps for steps in (field.transforms, field.to_right, field.to_left) if steps)


def hindering(field: FieldEntry) -> Step | None:
    """The step that cannot be undone on a way for which no steps are told."""
    told = [steps for steps in (field.to_right, field.to_left) if steps is not None]
    if len(told) == 2:
        return None
    return chain.hindering(told[0] if told else field.transforms)


def reading(steps: tuple[Step, ...]) -> str:
    return next(step.name for step in steps if chain.reads([step]))
