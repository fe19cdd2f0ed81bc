import sys
from argparse import ArgumentParser
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import of, render
from couplings.models import SyncError
from jobs.management import output
from jobs.management.audited import AuditedCommand
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP
from jobs.services import held
from jobs.services.actions import Requested
from syncstatus.engine.records import Side

HEAD = ("id", "job", "deletes in", "left", "right", "message")


class Command(AuditedCommand):
    help = "List the deletions that a guard holds back; approve or discard them."
    reads = frozenset({"list"})

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        self._add(commands, "list", _("list the records that would be deleted"))
        for name, told in (
            ("approve", _("delete these records here and now, each checked again")),
            ("discard", _("delete none of these records; their errors stay open")),
        ):
            command = self._add(commands, name, told)
            command.add_argument("ids", nargs="*", type=int, metavar="ID", help=_("of the list"))
            command.add_argument("--all", action="store_true", help=_("everything that is held in the mapping"))

    def _add(self, commands: Any, name: str, told: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=told)
        command.add_argument("mapping")
        command.add_argument("--json", action="store_true", help=_("one JSON object a line"))
        return command

    def handle(self, **options: Any) -> None:
        mapping = output.mapping_named(options["mapping"])
        found = held.everything().filter(mapping=mapping)
        match options["command"]:
            case "list":
                self._list(found, options)
                return
            case "approve":
                code = self._approve(self._chosen(found, options), options)
            case _:
                code = self._discard(self._chosen(found, options), options)
        if code:
            sys.exit(code)

    def _chosen(self, found: QuerySet[SyncError], options: dict[str, Any]) -> QuerySet[SyncError]:
        if bool(options["ids"]) == options["all"]:
            raise output.wrong(_("Name the ids of one or more held deletions, or say --all."))
        if options["all"]:
            return found
        chosen = found.filter(pk__in=options["ids"])
        missing = sorted(set(options["ids"]) - set(chosen.values_list("pk", flat=True)))
        if missing:
            told = {"ids": ", ".join(map(str, missing)), "mapping": options["mapping"].upper()}
            raise output.wrong(_("No deletion %(ids)s is held. See: manage.py held list %(mapping)s.") % told)
        return chosen

    def _list(self, found: QuerySet[SyncError], options: dict[str, Any]) -> None:
        related = ("mapping__left_connection", "mapping__right_connection", "connection", "requested")
        rows = found.select_related(*related).order_by("job", "id").iterator(chunk_size=1000)
        if options["json"]:
            for error in rows:
                output.json_line(self.stdout, self._object(error))
            return
        output.table(self.stdout, HEAD, map(self._row, rows))

    def _object(self, error: SyncError) -> dict[str, Any]:
        names = ("job", "left_key", "right_key", "first_seen")
        return {
            "id": error.pk,
            "mapping": error.mapping.name if error.mapping is not None else None,
            "deletes_in": deletes_in(error),
            "reason": error.code,
            "approved": bool(error.request),
            "message": of(error),
        } | {name: getattr(error, name) for name in names}

    def _row(self, error: SyncError) -> tuple[Any, ...]:
        return (error.pk, error.job, deletes_in(error), error.left_key, error.right_key, of(error))

    def _approve(self, chosen: QuerySet[SyncError], options: dict[str, Any]) -> int:
        ids = list(chosen.values_list("pk", flat=True))
        done = held.approve(chosen, user=None, queue=False)
        remaining = SyncError.objects.open().filter(pk__in=ids).count()
        self._say(done, options, remaining)
        if any(output.connection_lost(job.mapping) for job in done.jobs):
            return NO_CONNECTION
        return OUT_OF_STEP if remaining else IN_STEP

    def _discard(self, chosen: QuerySet[SyncError], options: dict[str, Any]) -> int:
        done = held.discard(chosen, user=None)
        self._say(done, options, done.asked)
        return OUT_OF_STEP if done.asked else IN_STEP

    def _say(self, done: Requested, options: dict[str, Any], remaining: int) -> None:
        if options["json"]:
            told = {"action": options["command"], "asked": done.asked, "accepted": done.accepted}
            output.json_line(self.stdout, told | {"refused": done.refused, "open": remaining})
            return
        if options["command"] == "approve":
            text = ngettext("Approved %(count)s deletion.", "Approved %(count)s deletions.", done.accepted)
        else:
            text = ngettext("Discarded %(count)s deletion.", "Discarded %(count)s deletions.", done.accepted)
        self.stdout.write(text % {"count": done.accepted})
        for code, number in done.refused.items():
            self.stdout.write(f"{number}: {render(code, {})}")
        if remaining:
            text = ngettext("%(count)s error is still open.", "%(count)s errors are still open.", remaining)
            self.stdout.write(text % {"count": remaining})


def deletes_in(error: SyncError) -> str:
    """The system in which the record would be deleted."""
    side = Side.LEFT if error.left_exists else Side.RIGHT
    return error.mapping.side_name(side) if error.mapping is not None else ""
