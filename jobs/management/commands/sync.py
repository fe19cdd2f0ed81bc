import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from couplings.messages import render
from couplings.models import TableMapping
from jobs.management import first, output
from jobs.management.audited import AuditedCommand
from jobs.management.interruption import interruptible
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.management.progress import Progress
from jobs.management.record_lines import Previewed
from jobs.models import OUTCOMES, JobState, Kind, SyncJob
from jobs.services import couplings, dependencies, jobs, plans
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectionFailed, ConnectorError
from syncstatus.engine.records import Side


class Command(AuditedCommand):
    help = "Synchronize mappings, here and now; with --queue the workers do it."
    catching_up = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", nargs="*", help=_("names of mappings"))
        parser.add_argument("--all", action="store_true", help=_("every enabled mapping, parents first"))
        parser.add_argument("--full", action="store_true", help=_("compare every record, not only changed ones"))
        parser.add_argument("--preview", action="store_true", help=_("say what would be done and write nothing"))
        parser.add_argument("--keep", action="store_true", help=_("keep the preview as a plan that can be applied"))
        parser.add_argument(
            "--apply",
            type=int,
            nargs="?",
            const=0,
            metavar="JOB",
            help=_("carry out the plan that this preview has kept; with --first, and no job: what it recommends"),
        )
        parser.add_argument("--discard", type=int, metavar="JOB", help=_("forget the plan that this preview has kept"))
        parser.add_argument("--queue", action="store_true", help=_("hand the job to the workers"))
        parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))
        parser.add_argument("--records", nargs="+", metavar="KEY", help=_("only the records with these keys"))
        parser.add_argument("--side", choices=[side.value for side in Side], help=_("whose keys: left by default"))
        parser.add_argument("--use", choices=[side.value for side in Side], help=_("whose data wins every difference"))
        first.add_arguments(parser)

    def handle(self, **options: Any) -> None:
        self.options = options
        first.check(options)
        if options["first"]:
            self._first()
            return
        plan = self._plan()
        mappings = [plan.mapping] if plan is not None else self._mappings()
        with interruptible(self.stderr.write) as self.interruption:
            codes = {mapping.pk: self._sync(mapping, plan) for mapping in mappings if not self.interruption.stopped}
            codes |= self._catch_up(mappings)
        if code := max(codes.values(), default=IN_STEP):
            sys.exit(code)

    def _catch_up(self, mappings: list[TableMapping]) -> dict[int, int]:
        """What had to wait for a later mapping: parents whose deletion is refused while they have children."""
        options = self.options
        if not options["all"] or options["preview"] or options["queue"]:
            return {}
        self.catching_up = True
        waiting = [mapping for mapping in reversed(mappings) if jobs.is_due(mapping)]
        return {mapping.pk: self._sync(mapping, None) for mapping in waiting if not self.interruption.stopped}

    def _first(self) -> None:
        mappings = self._mappings()
        with interruptible(self.stderr.write) as self.interruption:
            running = first.First(self.stdout, self.stderr, self.options, self._run_first, self._say)
            code = running.run(mappings, lambda: self.interruption.stopped)
        if code:
            sys.exit(code)

    def _run_first(self, mapping: TableMapping, kind: Kind, parameters: dict[str, Any]) -> SyncJob:
        with self._watched(mapping) as watched:
            return jobs.start_here(mapping, kind, parameters=parameters, **watched)

    def _plan(self) -> SyncJob | None:
        """The preview that --apply or --discard names."""
        options = self.options
        job = options["apply"] or options["discard"]
        if job is None:
            return None
        others = ("mapping", "all", "full", "preview", "keep", "records", "side", "use")
        if any(options[name] for name in others) or (options["apply"] and options["discard"]):
            raise output.wrong(_("--apply and --discard stand alone: the plan knows its mapping and its records."))
        related = ("mapping__left_connection", "mapping__right_connection")
        found = SyncJob.objects.select_related(*related).filter(pk=job).first()
        if found is None:
            raise output.wrong(_("There is no job %(job)s.") % {"job": job})
        return found

    def _mappings(self) -> list[TableMapping]:
        names, everything = self.options["mapping"], self.options["all"]
        if bool(names) == everything:
            raise output.wrong(_("Name one or more mappings, or say --all."))
        if self.options["records"] and (everything or len(names) != 1):
            raise output.wrong(_("--records needs exactly one mapping."))
        if self.options["side"] and not self.options["records"]:
            raise output.wrong(_("--side says whose keys --records are; it needs --records."))
        if self.options["keep"] and not self.options["preview"]:
            raise output.wrong(_("--keep keeps a preview; it needs --preview."))
        if self.options["preview"] and self.options["queue"] and not self.options["keep"]:
            raise output.wrong(_("A preview is shown here; leave out --queue, or keep it with --keep."))
        if everything:
            enabled = TableMapping.objects.filter(enabled=True).select_related("left_connection", "right_connection")
            # A first synchronization tells what is paused, and holds back what depends on it.
            chosen = enabled if self.options["first"] else enabled.filter(paused=False)
            return dependencies.in_order(chosen, dependencies.dependencies())[0]
        return [output.mapping_named(name) for name in dict.fromkeys(names)]

    def _sync(self, mapping: TableMapping, plan: SyncJob | None) -> int:
        started = time.monotonic()
        try:
            job = self._do(mapping) if plan is None else self._settle(plan)
        except Refused as refused:
            raise output.wrong(str(render(refused.code, refused.params))) from None
        except ConnectorError as error:
            self.stderr.write(str(render(error.code, {**error.params, "detail": error.detail})))
            return NO_CONNECTION if isinstance(error, ConnectionFailed) else OUT_OF_STEP
        self._say(mapping, job, time.monotonic() - started)
        return self._exit_code(mapping, job)

    def _wish(self) -> tuple[Kind, dict[str, Any]]:
        options = self.options
        if self.catching_up:
            return Kind.RETRY, {}
        parameters: dict[str, Any] = {"use": options["use"]} if options["use"] else {}
        if options["records"]:
            return Kind.RECORDS, parameters | {"side": options["side"] or "left", "keys": options["records"]}
        return (Kind.FULL if options["full"] else Kind.MODIFIED), parameters

    def _do(self, mapping: TableMapping) -> SyncJob:
        kind, parameters = self._wish()
        if kind is Kind.RECORDS:
            self._check_keys(mapping, parameters)
        queue = self.options["queue"]
        if self.options["preview"] and not self.options["keep"]:
            return self._preview(mapping, kind, parameters)
        with self._watched(mapping) as watched:
            if self.options["keep"]:
                return plans.preview(mapping, kind, user=None, parameters=parameters, queue=queue, **watched)
            if queue:
                return jobs.start(mapping, kind, parameters=parameters)
            return jobs.start_here(mapping, kind, parameters=parameters, **watched)

    def _preview(self, mapping: TableMapping, kind: Kind, parameters: dict[str, Any]) -> SyncJob:
        """People get what would be done to each record, scripts the counters."""
        if self.options["json"]:
            return jobs.preview(mapping, kind, parameters)
        previewed = Previewed(self.stdout, mapping)
        job = jobs.preview(mapping, kind, parameters, tell=previewed.tell)
        for line in previewed.rest():
            self.stdout.write(line)
        return job

    def _settle(self, plan: SyncJob) -> SyncJob:
        if self.options["discard"]:
            return plans.discard(plan, user=None)
        with self._watched(plan.mapping) as watched:
            return plans.apply(plan, user=None, queue=self.options["queue"], **watched)

    @contextmanager
    def _watched(self, mapping: TableMapping) -> Iterator[dict[str, Any]]:
        """How the services let a person watch a job that runs here, and stop it."""
        with Progress(mapping, quiet=self.options["json"] or self.options["queue"]) as progress:
            yield {"on_page": progress.page, "stop": lambda: self.interruption.stopped}

    def _check_keys(self, mapping: TableMapping, parameters: dict[str, Any]) -> None:
        parameters["keys"] = couplings.existing_keys(mapping, Side(parameters["side"]), parameters["keys"])

    def _say(self, mapping: TableMapping, job: SyncJob, seconds: float) -> None:
        counters = {name: getattr(job, name) for name in ("read", *OUTCOMES)}
        if self.options["json"]:
            found: dict[str, Any] = {"mapping": mapping.name, "job": job.pk, "state": job.state}
            found |= counters | {"seconds": round(seconds, 3)}
            output.json_line(self.stdout, found | ({"preview": True} if self.options["preview"] else {}))
            return
        told = ", ".join(f"{number} {name}" for name, number in counters.items() if number or name == "read")
        label = JobState(job.state).label
        self.stdout.write(f"{mapping.name}: {label} - {told} ({seconds:.1f} s)")
        if job.code:
            self.stderr.write(str(render(job.code, job.params)))

    def _exit_code(self, mapping: TableMapping, job: SyncJob) -> int:
        if self.options["queue"] or self.options["discard"]:
            return IN_STEP
        if self.options["preview"] and job.state != JobState.FAILED:
            return OUT_OF_STEP if job.failed or job.held or job.skipped else IN_STEP
        return output.exit_code(mapping, job)
