import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from couplings.messages import render
from couplings.models import SyncLogEntry, TableMapping
from jobs.management import output
from jobs.management.audited import AuditedCommand
from jobs.management.interruption import interruptible
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.management.progress import Progress
from jobs.models import OUTCOMES, JobState, SyncJob
from jobs.services import couplings, undo
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectionFailed, ConnectorError
from syncstatus.engine.records import Side


class Command(AuditedCommand):
    help = "Undo everything that a job did, or what was done to one record last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", nargs="?", type=int, help=_("the job's number"))
        parser.add_argument("--record", nargs=2, metavar=("MAPPING", "KEY"), help=_("only the record with this key"))
        parser.add_argument("--side", choices=[side.value for side in Side], help=_("whose key: left by default"))
        parser.add_argument("--preview", action="store_true", help=_("say what would be done and write nothing"))
        parser.add_argument("--queue", action="store_true", help=_("hand the job to the workers"))
        parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))

    def handle(self, **options: Any) -> None:
        self.options = options
        self._check()
        started = time.monotonic()
        try:
            done = self._undo_job() if options["job"] is not None else self._undo_record()
        except Refused as refused:
            raise output.wrong(str(render(refused.code, refused.params))) from None
        except ConnectorError as error:
            self.stderr.write(str(render(error.code, {**error.params, "detail": error.detail})))
            sys.exit(NO_CONNECTION if isinstance(error, ConnectionFailed) else OUT_OF_STEP)
        self._say(done, time.monotonic() - started)
        if code := self._exit_code(done):
            sys.exit(code)

    def _check(self) -> None:
        options = self.options
        if (options["job"] is None) == (options["record"] is None):
            raise output.wrong(_("Name a job, or say --record with a mapping and a key."))
        if options["side"] and not options["record"]:
            raise output.wrong(_("--side says whose key --record names; it needs --record."))
        if options["preview"] and options["queue"]:
            raise output.wrong(_("A preview is shown here; leave out --queue."))

    def _undo_job(self) -> SyncJob:
        related = ("mapping__left_connection", "mapping__right_connection")
        found = SyncJob.objects.select_related(*related).filter(pk=self.options["job"]).first()
        if found is None:
            raise output.wrong(_("There is no job %(job)s.") % {"job": self.options["job"]})
        if self.options["preview"]:
            return undo.preview_job(found)
        with self._watched(found.mapping) as watched:
            return undo.undo_job(found, user=None, queue=self.options["queue"], **watched)

    def _undo_record(self) -> SyncJob:
        entry = self._entry()
        if self.options["preview"]:
            return undo.preview_record(entry)
        with self._watched(entry.mapping) as watched:
            return undo.undo_record(entry, user=None, queue=self.options["queue"], **watched)

    @contextmanager
    def _watched(self, mapping: TableMapping) -> Iterator[dict[str, Any]]:
        """How a person watches the job where it runs here, and stops it."""
        quiet = self.options["json"] or self.options["queue"]
        with interruptible(self.stderr.write) as interruption, Progress(mapping, quiet=quiet) as progress:
            yield {"on_page": progress.page, "stop": lambda: interruption.stopped}

    def _entry(self) -> SyncLogEntry:
        name, key = self.options["record"]
        mapping, side = output.mapping_named(name), Side(self.options["side"] or "left")
        entry = undo.newest_entry_of(mapping, side, couplings.compact(key))
        if entry is None:
            told = {"key": key, "side": mapping.side_name(side)}
            raise output.wrong(_("Nothing was done to a record %(key)s in %(side)s.") % told)
        return entry

    def _say(self, job: SyncJob, seconds: float) -> None:
        counters = {name: getattr(job, name) for name in ("read", *OUTCOMES)}
        if self.options["json"]:
            found: dict[str, Any] = {"mapping": job.mapping.name, "job": job.pk, "state": job.state}
            found |= counters | {"seconds": round(seconds, 3)}
            output.json_line(self.stdout, found | ({"preview": True} if self.options["preview"] else {}))
        else:
            told = ", ".join(f"{number} {name}" for name, number in counters.items() if number or name == "read")
            self.stdout.write(f"{job.mapping.name}: {JobState(job.state).label} - {told} ({seconds:.1f} s)")
            self._say_why(job)
        if job.code:
            self.stderr.write(str(render(job.code, job.params)))

    def _say_why(self, job: SyncJob) -> None:
        if job.pk and (job.skipped or job.failed):
            text = _("Why records were left as they are: manage.py jobs show %(job)s --records")
            self.stderr.write(text % {"job": job.pk})

    def _exit_code(self, job: SyncJob) -> int:
        if self.options["queue"]:
            return IN_STEP
        left_out = OUT_OF_STEP if job.failed or job.skipped else IN_STEP
        if self.options["preview"]:
            return left_out
        return output.exit_code(job.mapping, job) or left_out
