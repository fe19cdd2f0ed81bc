"""``sync --first``: what a first synchronization would do, and the running of what is approved."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from couplings.first_in_words import ADVICE, reason
from couplings.messages import render
from couplings.models import TableMapping
from jobs.management import output
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.models import Kind, SyncJob
from jobs.services import first
from jobs.services.first import Advice, Done, Plan, Problem, Start, Step
from syncstatus.engine.records import Side

REFUSED = ("full", "keep", "records", "side", "use", "queue", "discard")

Say = Callable[[TableMapping, SyncJob, float], None]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--first", action="store_true", help=_("first synchronization: what to do with each mapping, parents first")
    )
    parser.add_argument(
        "--only", nargs="+", choices=[Advice.COUPLE.value, Advice.CREATE.value], help=_("of --first, only these")
    )
    parser.add_argument(
        "--create-new",
        action="store_true",
        help=_("with --first: create what has no match, when the others are coupled"),
    )


def check(options: dict[str, Any]) -> None:
    """Raises CommandError for options that do not go together."""
    if not options["first"]:
        if options["only"] or options["create_new"]:
            raise output.wrong(_("--only and --create-new go with --first."))
        if options["apply"] == 0:
            raise output.wrong(_("Name the job whose plan is to be applied: --apply JOB."))
    elif options["apply"] or any(options[name] for name in REFUSED):
        raise output.wrong(
            _("--first goes with --apply (without a job), --only, --create-new, --preview and --json only.")
        )
    elif options["preview"] and options["apply"] is not None:
        raise output.wrong(_("--preview writes nothing; leave --apply away."))


class First:
    """``start`` runs a job here, ``say`` tells what it did."""

    def __init__(
        self, stdout: OutputWrapper, stderr: OutputWrapper, options: dict[str, Any], start: Start, say: Say
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.options = options
        self.start = start
        self.say = say

    def run(self, mappings: list[TableMapping], stopped: Callable[[], bool]) -> int:
        """Show the plan, then carry out what is approved; the exit code."""
        found = first.plan(mappings)
        approved = {Advice(name) for name in self.options["only"] or (Advice.COUPLE, Advice.CREATE)}
        wanted = self.options["apply"] is not None
        if not (wanted and self.options["json"]):
            self._show(found)
        if not wanted and not self._approved(found, approved):
            return max((_code(step.problem) for step in found.steps), default=IN_STEP)
        code, create_new = IN_STEP, self.options["create_new"]
        for done in first.carry_out(found.steps, approved, start=self._start, create_new=create_new):
            code = max(code, self._told(done))
            if stopped():
                break
        return code

    def _approved(self, found: Plan, approved: set[Advice]) -> bool:
        """Whether a person at a terminal says yes."""
        asks = not (self.options["json"] or self.options["preview"]) and sys.stdin.isatty()
        if not asks or not any(step.advice in approved for step in found.steps):
            return False
        return input(_("Do this now? [y/N] ")).strip().lower() in (_("y"), _("yes"))

    def _start(self, mapping: TableMapping, kind: Kind, parameters: dict[str, Any]) -> SyncJob:
        started = time.monotonic()
        job = self.start(mapping, kind, parameters)
        self.say(mapping, job, time.monotonic() - started)
        return job

    def _told(self, done: Done) -> int:
        name = done.step.mapping.name
        if done.job is not None:
            return output.exit_code(done.step.mapping, done.job)
        if self.options["json"]:
            state = "held" if done.held_by else "failed"
            output.json_line(self.stdout, {"mapping": name, "state": state, "held_by": done.held_by})
        if done.held_by:
            params = {"mapping": name, "parents": ", ".join(done.held_by)}
            self.stderr.write(_("%(mapping)s is held back, because it depends on %(parents)s, which failed.") % params)
        elif done.problem is not None:
            self.stderr.write(f"{name}: {render(done.problem.code, done.problem.params)}")
        return max(_code(done.problem), OUT_OF_STEP)

    # The plan

    def _show(self, found: Plan) -> None:
        if self.options["json"]:
            for number, step in enumerate(found.steps, 1):
                output.json_line(self.stdout, _object(number, step))
        else:
            head = (_("mapping"), _("after"), _("left"), _("right"), _("coupled"), _("pairs"), _("unclear"))
            output.table(self.stdout, (*head, _("do"), _("because")), map(_row, found.steps))
        for circle in found.circles:
            self.stderr.write(_("These depend on each other: %(path)s.") % {"path": " → ".join(circle)})
        for step in found.steps:
            if step.problem is not None:
                self.stderr.write(f"{step.mapping.name}: {render(step.problem.code, step.problem.params)}")


def _code(problem: Problem | None) -> int:
    if problem is None:
        return IN_STEP
    return NO_CONNECTION if problem.lost else OUT_OF_STEP


def _row(step: Step) -> tuple[Any, ...]:
    facts, advice = step.facts, str(ADVICE[step.advice.value])
    parents = ", ".join(step.parents)
    if facts is None:
        return (step.mapping.name, parents, *[None] * 5, advice, _reason(step))
    counts = (facts.records[Side.LEFT], facts.records[Side.RIGHT], facts.coupled, facts.pairs, facts.unclear)
    return (step.mapping.name, parents, *counts, advice, _reason(step))


def _reason(step: Step) -> str:
    facts, mapping = step.facts, step.mapping
    created = {mapping.side_name(side): facts.created[side] for side in Side} if facts is not None else {}
    return reason(step.reason.value, pairs=facts.pairs if facts is not None else 0, created=created)


def _object(number: int, step: Step) -> dict[str, Any]:
    facts = step.facts
    counts: dict[str, Any] = {"left_records": None, "right_records": None, "coupled": None, "pairs": None}
    counts |= {"unclear": None, "left_created": None, "right_created": None}
    if facts is not None:
        counts = {f"{side.value}_records": facts.records[side] for side in Side}
        counts |= {"coupled": facts.coupled, "pairs": facts.pairs, "unclear": facts.unclear}
        counts |= {f"{side.value}_created": facts.created[side] for side in Side}
    told: dict[str, Any] = {"order": number, "mapping": step.mapping.name, "depends_on": step.parents}
    told |= {"advice": step.advice.value, "reason": step.reason.value}
    return (
        told | counts | {"message": render(step.problem.code, step.problem.params) if step.problem is not None else ""}
    )
