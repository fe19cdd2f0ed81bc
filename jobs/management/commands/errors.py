import sys
from argparse import ArgumentParser
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.causes import causes, spans
from couplings.filters import ErrorFilter
from couplings.messages import named, of, render
from couplings.models import SyncError
from couplings.models.error import KINDS, State
from jobs.management import output
from jobs.management.audited import AuditedCommand
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.services import actions, unanswered
from jobs.services.couplings import compact
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side

CAUSES_HEAD = ("cause", "count", "mapping", "kind", "message")
HEAD = ("id", "mapping", "kind", "state", "left", "right", "message")


class Command(AuditedCommand):
    help = "List open synchronization errors and put them right."
    reads = frozenset({"causes", "list"})

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        listing = commands.add_parser("list", help=_("list open errors, newest first"))
        self._add_filter(listing)
        self._add_filter(commands.add_parser("causes", help=_("group open errors by cause, the most frequent first")))
        adopting = commands.add_parser("adopt", help=_("couple the record with one of those that were found"))
        adopting.add_argument("id", type=int, metavar="ID")
        adopting.add_argument("key", metavar="KEY")
        adopting.add_argument("--json", action="store_true", help=_("one JSON object a line"))
        for action in ("retry", "restore", "delete", "uncouple", "synchronize", "create-again"):
            command = commands.add_parser(action, help=_("work it off here, for the errors named or for --all"))
            command.add_argument("ids", nargs="*", type=int, metavar="ID")
            command.add_argument("--all", action="store_true", help=_("every open error, or those of the filter"))
            self._add_filter(command)
            if action == "synchronize":
                sides = [side.value for side in Side]
                command.add_argument("--use", choices=sides, required=True, help=_("whose data to take"))

    def _add_filter(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mapping", help=_("only errors of this mapping"))
        parser.add_argument("--kind", choices=[kind for kind, _label in KINDS], help=_("only errors of this kind"))
        parser.add_argument("--cause", metavar="CAUSE", help=_("only errors of this cause; see: errors causes"))
        parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))

    def handle(self, **options: Any) -> None:
        if options["command"] == "adopt":
            (error,) = self._chosen(SyncError.objects.open(), {"ids": [options["id"]], "all": False})
            sys.exit(self._adopt(error, options))
        errors = self._filtered(options)
        if options["command"] == "list":
            self._list(errors, options)
        elif options["command"] == "causes":
            self._causes(options)
        else:
            sys.exit(self._act(self._chosen(errors, options), options))

    def _filtered(self, options: dict[str, Any]) -> QuerySet[SyncError]:
        errors = SyncError.objects.open()
        if options["mapping"]:
            errors = errors.filter(mapping=output.mapping_named(options["mapping"]))
        wanted = {name: options[name] for name in ("kind", "cause") if options[name]}
        return errors.filter(**wanted)

    def _chosen(self, errors: QuerySet[SyncError], options: dict[str, Any]) -> QuerySet[SyncError]:
        if bool(options["ids"]) == options["all"]:
            raise output.wrong(_("Name the ids of one or more errors, or say --all."))
        if options["all"]:
            return errors.exclude(state=State.IGNORED)  # as on the page: somebody has put them off
        chosen = errors.filter(pk__in=options["ids"])
        missing = sorted(set(options["ids"]) - set(chosen.values_list("pk", flat=True)))
        if missing:
            told = ", ".join(map(str, missing))
            raise output.wrong(_("There is no open error %(ids)s. See: manage.py errors list.") % {"ids": told})
        return chosen

    def _list(self, errors: QuerySet[SyncError], options: dict[str, Any]) -> None:
        rows = errors.select_related("mapping", "connection").order_by("-last_seen", "-id").iterator(chunk_size=1000)
        if options["json"]:
            for error in rows:
                output.json_line(self.stdout, self._object(error))
            return
        output.table(self.stdout, HEAD, map(self._row, rows))

    def _causes(self, options: dict[str, Any]) -> None:
        mapping = output.mapping_named(options["mapping"]).name if options["mapping"] else ""
        found = causes(ErrorFilter({"mapping": mapping, "kind": options["kind"], "cause": options["cause"]}))
        if not options["json"]:
            rows = ((one.key, one.count, one.mapping, one.example.kind, one.message) for one in found)
            output.table(self.stdout, CAUSES_HEAD, rows)
            return
        seen = spans(found)
        for one in found:
            error = one.example
            first, last = seen.get((error.mapping_id, one.key), (error.first_seen, error.last_seen))
            told = {"cause": one.key, "count": one.count, "mapping": one.mapping or None, "kind": error.kind}
            told |= {"fields": error.fields, "message": one.message}
            output.json_line(self.stdout, told | {"first_seen": first, "last_seen": last})

    def _object(self, error: SyncError) -> dict[str, Any]:
        names = ("left_key", "right_key", "left_exists", "right_exists", "attempts", "first_seen", "last_seen")
        return {
            "id": error.pk,
            "mapping": error.mapping.name if error.mapping is not None else None,
            "kind": error.kind,
            "state": error.state,
            "message": of(error),
            "fields": error.fields,
        } | {name: getattr(error, name) for name in names}

    def _row(self, error: SyncError) -> tuple[Any, ...]:
        owner = error.mapping.name if error.mapping is not None else str(error.connection)
        message = of(error)
        return (error.pk, owner, error.kind, error.state, error.left_key, error.right_key, message)

    def _act(self, errors: QuerySet[SyncError], options: dict[str, Any]) -> int:
        ids = list(errors.values_list("pk", flat=True))
        use = output.side_named(options.get("use"))
        if options["command"] == "create-again":
            done = unanswered.create_again(errors, user=None, queue=False)
        else:
            done = actions.request(errors, options["command"], user=None, use=use, queue=False)
        remaining = SyncError.objects.open().filter(pk__in=ids).count()
        if options["json"]:
            told = {"action": options["command"], "asked": done.asked, "accepted": done.accepted}
            output.json_line(self.stdout, told | {"refused": done.refused, "open": remaining})
        else:
            self._say(done, remaining)
        if any(output.connection_lost(job.mapping) for job in done.jobs):
            return NO_CONNECTION
        return OUT_OF_STEP if remaining else IN_STEP

    def _adopt(self, error: SyncError, options: dict[str, Any]) -> int:
        refused: dict[str, int] = {}
        try:
            coupling = unanswered.adopt(error, compact(options["key"]), user=None, queue=False)
            remaining = SyncError.objects.open().filter(coupling=coupling).count()
        except Refused as no:
            refused, remaining = {no.code: 1}, 1
            self.stderr.write(render(no.code, named(no.params, error.mapping)))
        except ConnectorError as lost:
            self.stderr.write(render(lost.code, {**lost.params, "detail": lost.detail}))
            return NO_CONNECTION
        if options["json"]:
            told = {"action": "adopt", "asked": 1, "accepted": 1 - len(refused), "refused": refused}
            output.json_line(self.stdout, told | {"open": remaining})
        return OUT_OF_STEP if remaining else IN_STEP

    def _say(self, done: actions.Requested, remaining: int) -> None:
        accepted = {"accepted": done.accepted, "asked": done.asked}
        self.stdout.write(_("Worked off %(accepted)s of %(asked)s errors.") % accepted)
        for code, number in done.refused.items():
            self.stdout.write(f"{number}: {render(code, {})}")
        if remaining:
            text = ngettext("%(count)s error is still open.", "%(count)s errors are still open.", remaining)
            self.stdout.write(text % {"count": remaining})
