import sys
from argparse import ArgumentParser
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from couplings.messages import render
from couplings.shown import number
from couplings.templatetags.records import job_message, outcomes
from jobs import progress
from jobs.management import output
from jobs.management.audited import AuditedCommand
from jobs.management.record_lines import record_line
from jobs.models import OUTCOMES, JobState, SyncJob, Wish
from jobs.services import job_records, stopping
from jobs.services.errors import Refused

HEAD = ("id", "mapping", "kind", "state", "trigger", "started", "read", "outcomes", "progress")
RELATED = ("mapping__left_connection", "mapping__right_connection", "requested_by")
ACTIONS = {"pause": stopping.pause, "resume": stopping.resume, "cancel": stopping.cancel}
STATED = ("id", "kind", "state", "asked", "trigger", "attempts", "created", "started", "finished")
REFUSED = 1  # exit code: something was asked for that did not fit a job's state


class Command(AuditedCommand):
    help = "List jobs, show what one did to each record; pause, resume and cancel them."
    reads = frozenset({"list", "show"})

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        listing = self._add(commands, "list", _("list jobs, newest first"))
        listing.add_argument("--limit", type=int, default=50, help=_("how many at most: 50 unless told; 0 for all"))
        show = self._add(commands, "show", _("show jobs, how far they are and what they did"))
        show.add_argument("--records", action="store_true", help=_("what was done to each record, field by field"))
        show.add_argument("--outcome", choices=OUTCOMES, help=_("only records of this outcome; implies --records"))
        self._add(commands, "pause", _("put jobs on hold; a running one ends with the page it is in"))
        self._add(commands, "resume", _("let jobs go on after their last page"))
        self._add(commands, "cancel", _("end jobs; what they did stays"))

    def _add(self, commands: Any, name: str, told: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=told)
        command.add_argument("ids", nargs="*", type=int, metavar="ID")
        command.add_argument("--mapping", help=_("only jobs of this mapping"))
        command.add_argument("--state", choices=JobState.values, help=_("only jobs in this state"))
        command.add_argument("--json", action="store_true", help=_("one JSON object a line"))
        return command

    def handle(self, **options: Any) -> None:
        self.options = options
        command = options["command"]
        jobs = self._chosen()
        if command == "list":
            self._list(jobs)
        elif command == "show":
            self._show(jobs)
        elif [job for job in jobs.order_by("pk") if not self._act(job)]:
            sys.exit(REFUSED)

    def _chosen(self) -> QuerySet[SyncJob]:
        """The jobs that were named. Raises CommandError when one does not exist, or nothing at all was named."""
        ids, mapping, state = (self.options[name] for name in ("ids", "mapping", "state"))
        if self.options["command"] != "list" and not (ids or mapping or state):
            raise output.wrong(_("Name the ids of one or more jobs, or say --mapping or --state."))
        jobs = SyncJob.objects.select_related(*RELATED)
        if ids:
            jobs = jobs.filter(pk__in=ids)
            self._check_all_exist(ids, jobs)
        if mapping:
            jobs = jobs.filter(mapping=output.mapping_named(mapping))
        return jobs.filter(state=state) if state else jobs

    def _check_all_exist(self, ids: list[int], jobs: QuerySet[SyncJob]) -> None:
        if missing := sorted(set(ids) - set(jobs.values_list("pk", flat=True))):
            told = ", ".join(map(str, missing))
            raise output.wrong(_("There is no job %(ids)s. See: manage.py jobs list.") % {"ids": told})

    def _list(self, jobs: QuerySet[SyncJob]) -> None:
        newest = jobs.order_by("-pk")
        newest = newest[: self.options["limit"]] if self.options["limit"] > 0 else newest
        rows = newest.iterator(chunk_size=1000)
        if self.options["json"]:
            for job in rows:
                output.json_line(self.stdout, described(job))
            return
        output.table(self.stdout, HEAD, map(_row, rows))

    def _show(self, jobs: QuerySet[SyncJob]) -> None:
        records = self.options["records"] or self.options["outcome"]
        for job in jobs.order_by("pk").iterator(chunk_size=1000):
            if records:
                self._show_records(job)
            elif self.options["json"]:
                output.json_line(self.stdout, described(job))
            else:
                self.stdout.write("\n".join(_sentences(job)))

    def _show_records(self, job: SyncJob) -> None:
        outcome = self.options["outcome"] or ""
        shown = 0
        for record in job_records.all_of(job, outcome):
            shown += 1
            if self.options["json"]:
                output.json_line(self.stdout, {"job": job.pk} | _record(record))
            else:
                self.stdout.write(record_line(record))
        elsewhere = job_records.elsewhere(job, outcome) if not shown else None
        if elsewhere is not None:
            self.stderr.write(elsewhere.text)
            if elsewhere.page == "couplings:errors":
                self.stderr.write(f"manage.py errors list --mapping {job.mapping.name}")

    def _act(self, job: SyncJob) -> bool:
        action = self.options["command"]
        try:
            now, message = ACTIONS[action](job, user=None), ""
        except Refused as refused:
            now, message = job, str(render(refused.code, refused.params))
        told = message or (str(Wish(now.asked).label) if now.asked else str(JobState(now.state).label))
        if self.options["json"]:
            found = {"action": action, "job": now.pk, "mapping": now.mapping.name, "state": now.state}
            output.json_line(self.stdout, found | {"asked": now.asked, "accepted": not message, "message": told})
        else:
            stream = self.stderr if message else self.stdout
            stream.write(f"{now.pk} {now.mapping.name}: {told}")
        return not message


def described(job: SyncJob) -> dict[str, Any]:
    """A job as one JSON object."""
    found: dict[str, Any] = {name: getattr(job, name) for name in STATED}
    found["mapping"] = job.mapping.name
    found["requested_by"] = job.requested_by.get_username() if job.requested_by is not None else None
    found |= {name: getattr(job, name) for name in ("read", *OUTCOMES)}
    far = progress.of(job)
    found["phase"] = job.phase if far is not None else None
    found |= {name: getattr(far, name, None) for name in ("done", "expected", "rate", "remaining")}
    return found | {"code": job.code, "message": job_message(job) if job.code else ""}


def _row(job: SyncJob) -> tuple[Any, ...]:
    far = progress.of(job)
    state = f"{job.state}, {job.asked}" if job.asked else job.state
    told = progress.in_short(far) if far else None
    return (job.pk, job.mapping.name, job.kind, state, job.trigger, job.started, job.read, outcomes(job), told)


def _sentences(job: SyncJob) -> list[str]:
    who = f" ({job.requested_by.get_username()})" if job.requested_by is not None else ""
    lines = [f"{job.pk} {job.mapping.name}: {job.get_kind_display()}, {job.get_state_display()}{who}"]
    far = progress.of(job)
    if far is not None:
        lines.append(f"  {far.phase}: {progress.in_short(far)}")
    lines.append("  " + _("%(count)s read: %(outcomes)s") % {"count": number(job.read), "outcomes": outcomes(job)})
    said = [str(Wish(job.asked).label), job_message(job) if job.code else ""]
    return lines + [f"  {line}" for line in said if line]


def _record(record: Any) -> dict[str, Any]:
    changes = [{"side": c.side, "field": c.field, "old": c.old, "new": c.new} for c in record.changes]
    names = ("outcome", "left_key", "right_key", "coupling", "message", "at")
    return {name: getattr(record, name) for name in names} | {"changes": changes}
