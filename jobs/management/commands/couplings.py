import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import render
from couplings.models import Coupling, SyncError, TableMapping
from jobs.management import coupling_files, explain, match_couplings, output
from jobs.management.audited import AuditedCommand
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.models import JobState, SyncJob
from jobs.services import actions, matching
from jobs.services import couplings as service
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectorError, NothingToMatchBy
from syncstatus.engine.records import Side


class Command(AuditedCommand):
    help = "List, add, remove, match, export and import couplings."
    reads = frozenset({"explain", "export", "list"})

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        self._add(commands, "list", _("list the couplings of a mapping"))
        add = self._add(commands, "add", _("couple two records"))
        add.add_argument("left_key")
        add.add_argument("right_key")
        remove = self._add(commands, "remove", _("remove couplings; neither record is touched"))
        remove.add_argument("keys", nargs="*", metavar="KEY")
        remove.add_argument("--all", action="store_true", help=_("all couplings of the mapping"))
        remove.add_argument(
            "--filter", action="append", default=[], metavar="FIELD=VALUE", help=_("couplings of records like this")
        )
        remove.add_argument(
            "--side", choices=[side.value for side in Side], default="left", help=_("whose keys or fields")
        )
        remove.add_argument("--dry-run", action="store_true", help=_("count them, and stop"))
        match_couplings.add_arguments(self._add(commands, "match", _("couple records that match; create nothing")))
        export = self._add(commands, "export", _("write all couplings as CSV"))
        export.add_argument("file", nargs="?", metavar="FILE", help=_("instead of standard output"))
        import_ = self._add(commands, "import", _("couple the pairs of a CSV file, all or none"))
        import_.add_argument("file", metavar="FILE", help=_("“-” is standard input"))
        import_.add_argument("--dry-run", action="store_true", help=_("check every line, and stop"))
        import_.add_argument("--partial", action="store_true", help=_("couple the good lines where others are refused"))
        self._add(commands, "find-deleted", _("look for coupled records that were deleted"))
        explain.add_arguments(self._add(commands, "explain", _("say why a record is, or is not, in step")))

    def _add(self, commands: Any, name: str, told: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=told)
        command.add_argument("mapping")
        command.add_argument("--json", action="store_true", help=_("one JSON object a line"))
        return command

    def handle(self, **options: Any) -> None:
        mapping = output.mapping_named(options["mapping"])
        calls = {
            "list": self._list,
            "add": self._couple,
            "remove": self._remove,
            "match": self._match,
            "find-deleted": self._find_deleted,
            "export": self._export,
            "import": self._import,
            "explain": self._explain,
        }
        try:
            code = calls[options["command"]](mapping, options)
        except (Refused, NothingToMatchBy) as refused:
            raise output.wrong(str(render(refused.code, refused.params))) from None
        except ConnectorError as error:
            self.stderr.write(str(render(error.code, {**error.params, "detail": error.detail})))
            code = NO_CONNECTION
        if code:
            sys.exit(code)

    def _list(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        rows = Coupling.objects.filter(mapping=mapping).order_by("id").iterator(chunk_size=2000)
        if options["json"]:
            for row in rows:
                output.json_line(self.stdout, self._object(mapping, row))
            return IN_STEP
        head = ("id", mapping.side_name(Side.LEFT), mapping.side_name(Side.RIGHT), _("last synchronized"))
        output.table(self.stdout, head, ((row.pk, row.left_key, row.right_key, row.last_synced) for row in rows))
        return IN_STEP

    def _object(self, mapping: TableMapping, row: Coupling) -> dict[str, Any]:
        keys = {"left_key": row.left_key, "right_key": row.right_key}
        return {"id": row.pk, "mapping": mapping.name} | keys | {"last_synced": row.last_synced}

    def _explain(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        return explain.run(self.stdout, mapping, options["key"], options["side"], as_json=options["json"])

    def _couple(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        coupling = service.add(mapping, options["left_key"], options["right_key"], user=None)
        if options["json"]:
            coupling.refresh_from_db()
            output.json_line(self.stdout, self._object(mapping, coupling))
        else:
            self.stdout.write(
                _("%(left)s and %(right)s are coupled.") % {"left": coupling.left_key, "right": coupling.right_key}
            )
        return OUT_OF_STEP if SyncError.objects.open().filter(coupling=coupling).exists() else IN_STEP

    def _remove(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        if sum(map(bool, (options["keys"], options["filter"], options["all"]))) != 1:
            raise output.wrong(_("Name the keys of one or more records, or say --filter or --all."))
        removed = 0
        for found in self._found(mapping, Side(options["side"]), options):
            removed += found.count() if options["dry_run"] else service.remove(found, user=None)
        if options["json"]:
            told = {"mapping": mapping.name, "removed": removed}
            output.json_line(self.stdout, told | {"dry_run": True} if options["dry_run"] else told)
        elif options["dry_run"]:
            text = ngettext("%(count)s coupling would be removed.", "%(count)s couplings would be removed.", removed)
            self.stdout.write(text % {"count": removed})
        else:
            text = ngettext("%(count)s coupling was removed.", "%(count)s couplings were removed.", removed)
            self.stdout.write(text % {"count": removed})
        return IN_STEP

    def _found(self, mapping: TableMapping, side: Side, options: dict[str, Any]) -> Iterable[QuerySet[Coupling]]:
        if options["all"]:
            return [Coupling.objects.filter(mapping=mapping)]
        if options["filter"]:
            return service.of_records_where(mapping, side, _conditions(options["filter"]))
        found = service.of_keys(mapping, side, options["keys"])
        unknown = set(options["keys"]) - set(found.values_list(f"{side.value}_key", flat=True))
        if unknown:
            raise Refused("record_not_coupled", side=mapping.side_name(side), key=", ".join(sorted(unknown)[:5]))
        return [found]

    def _match(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        match_couplings.check(options)
        if options["preview"]:
            match_couplings.show(self.stdout, mapping, options)
            return IN_STEP
        if options["file"] or options["choose"]:
            pairs = coupling_files.read(options["file"]) if options["file"] else match_couplings.chosen(options)
            return coupling_files.couple(self.stdout, self.stderr, mapping, pairs, options)
        return self._ran(
            mapping, matching.apply(mapping, user=None, create_new=options["create_new"], queue=False), options
        )

    def _export(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        coupling_files.export(self.stdout, mapping, options["file"])
        return IN_STEP

    def _import(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        return coupling_files.couple(self.stdout, self.stderr, mapping, coupling_files.read(options["file"]), options)

    def _find_deleted(self, mapping: TableMapping, options: dict[str, Any]) -> int:
        jobs = actions.find_deleted([mapping], user=None, queue=False)
        if not jobs:
            raise Refused("mapping_paused", mapping=mapping.name)
        return self._ran(mapping, jobs[0], options)

    def _ran(self, mapping: TableMapping, job: SyncJob, options: dict[str, Any]) -> int:
        names = (
            "read",
            "inserted",
            "coupled",
            "deleted",
            "uncoupled",
            "unchanged",
            "excluded",
            "held",
            "skipped",
            "failed",
        )
        counters = {name: getattr(job, name) for name in names}
        if options["json"]:
            output.json_line(self.stdout, {"mapping": mapping.name, "job": job.pk, "state": job.state} | counters)
        else:
            told = ", ".join(f"{number} {name}" for name, number in counters.items() if number or name == "read")
            self.stdout.write(f"{mapping.name}: {JobState(job.state).label} - {told}")
        if job.code:
            self.stderr.write(str(render(job.code, job.params)))
        return output.exit_code(mapping, job)


def _conditions(filters: Sequence[str]) -> dict[str, Any]:
    """FIELD=VALUE as a filter (DESIGN 7.1); a field that is named twice may have either value. Raises CommandError."""
    found: dict[str, list[str]] = {}
    for text in filters:
        field, sign, value = text.partition("=")
        if not sign or not field:
            raise output.wrong(_("Write --filter as FIELD=VALUE, not %(text)s.") % {"text": text})
        found.setdefault(field, []).append(value)
    return dict(found)
