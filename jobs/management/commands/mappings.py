import sys
from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from couplings import rules_in_words
from couplings.messages import render
from couplings.models import Coupling, SyncError, TableMapping
from couplings.rules_in_words import arrow
from jobs.management import counts, output
from jobs.management.audited import AuditedCommand
from jobs.services import counting, mapping_deletion
from jobs.services import mappings as service
from jobs.services.errors import Refused

HEAD = ("mapping", "state", "left", "", "right", "schedule", "next run")
REFUSED = 1  # exit code: a mapping was in that state already, or is kept


class Command(AuditedCommand):
    help = "List and show mappings; pause, resume and delete them."
    reads = frozenset({"list", "show"})

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        listing = self._add(commands, "list", _("list mappings with their state and their next run"))
        listing.add_argument("--counts", action="store_true", help=_("ask both systems how many records there are"))
        self._add(commands, "show", _("tell the rules of mappings, and how many records their filters let in"))
        self._add(commands, "pause", _("start no job any more; a running one waits after the page it is in"))
        self._add(commands, "resume", _("start jobs again, the first one now; nothing that changed meanwhile is lost"))
        told = _("forget mappings with their couplings, errors and log; no record of the systems is touched")
        self._add(commands, "delete", told).add_argument("--yes", action="store_true", help=_("do not ask"))

    def _add(self, commands: Any, name: str, told: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=told)
        command.add_argument("names", nargs="*", metavar="NAME")
        command.add_argument("--json", action="store_true", help=_("one JSON object a line"))
        return command

    def handle(self, **options: Any) -> None:
        names = dict.fromkeys(options["names"])
        chosen = [output.mapping_named(name) for name in names]
        if options["command"] == "list":
            self._list(chosen or list(TableMapping.objects.select_related(*output.SIDES)), options)
        elif not chosen:
            raise output.wrong(_("Name one or more mappings."))
        elif options["command"] == "show":
            for mapping in chosen:
                self._show(mapping, options["json"])
        elif options["command"] == "delete":
            if not self._delete(chosen, options):
                sys.exit(REFUSED)
        elif [mapping for mapping in chosen if not self._act(mapping, options)]:
            sys.exit(REFUSED)

    def _list(self, mappings: list[TableMapping], options: dict[str, Any]) -> None:
        asked = {mapping: counting.counts(mapping) for mapping in mappings} if options["counts"] else {}
        if options["json"]:
            for mapping in mappings:
                output.json_line(self.stdout, described(mapping) | counts.as_object(asked.get(mapping, {})))
        elif not asked:
            output.table(self.stdout, HEAD, map(_row, mappings))
        else:
            rows = ((*_row(mapping), *map(counts.short, found.values())) for mapping, found in asked.items())
            output.table(self.stdout, (*HEAD, "left records", "right records"), rows)

    def _show(self, mapping: TableMapping, as_json: bool) -> None:
        asked = counting.counts(mapping)
        if as_json:
            rules = {"rules": rules_in_words.sentences(mapping)}
            output.json_line(self.stdout, described(mapping) | counts.as_object(asked) | rules)
            return
        output.table(self.stdout, HEAD, [_row(mapping)])
        for line in [*rules_in_words.sentences(mapping), *counts.lines(mapping.name, asked.values())]:
            self.stdout.write(line)
        rows = ((row.left, row.arrow, row.right, row.notes) for row in rules_in_words.fields(mapping))
        output.table(self.stdout, (mapping.side_name("left"), "", mapping.side_name("right"), ""), rows)

    def _act(self, mapping: TableMapping, options: dict[str, Any]) -> bool:
        action = options["command"]
        changed = {"pause": service.pause, "resume": service.resume}[action](mapping, user=None)
        said = {
            ("pause", True): _("paused; changes are kept and played back when it resumes"),
            ("pause", False): _("it was paused already"),
            ("resume", True): _("resumed"),
            ("resume", False): _("it was not paused"),
        }[action, changed]
        if options["json"]:
            mapping.refresh_from_db()
            output.json_line(self.stdout, {"action": action, "accepted": changed} | described(mapping))
        else:
            self.stdout.write(f"{mapping.name}: {said}")
        return changed

    def _delete(self, mappings: list[TableMapping], options: dict[str, Any]) -> bool:
        """All of them or none: they may need each other."""
        accepted = options["yes"] or self._are_meant(mappings)
        try:
            accepted = accepted and mapping_deletion.delete(*mappings, user=None)
            said = _("deleted; no record of the systems was touched") if accepted else _("it is kept")
        except Refused as refused:
            accepted, said = False, render(refused.code, refused.params)
        for mapping in mappings:
            if options["json"]:
                row = {"action": "delete", "accepted": accepted, "mapping": mapping.name}
                output.json_line(self.stdout, row if accepted else row | {"message": said})
            else:
                self.stdout.write(f"{mapping.name}: {said}")
        return accepted

    def _are_meant(self, mappings: list[TableMapping]) -> bool:
        """Asked at a terminal only: who has none says --yes."""
        if not sys.stdin.isatty():
            raise output.wrong(_("Say --yes to delete mappings where nobody can be asked."))
        told = _("Delete %(mapping)s with %(couplings)s couplings and %(errors)s open errors? [y/N] ") % {
            "mapping": ", ".join(mapping.name for mapping in mappings),
            "couplings": Coupling.objects.filter(mapping__in=mappings).count(),
            "errors": SyncError.objects.open().filter(mapping__in=mappings).count(),
        }
        return input(told).strip().lower() in (_("y"), _("yes"))


def described(mapping: TableMapping) -> dict[str, Any]:
    return {
        "mapping": mapping.name,
        "state": state(mapping),
        "left": mapping.side_name("left"),
        "right": mapping.side_name("right"),
        "direction": mapping.direction,
        "schedule_every": mapping.schedule_every,
        "next_run": mapping.next_run,
    }


def state(mapping: TableMapping) -> str:
    if not mapping.enabled:
        return "disabled"
    return "paused" if mapping.paused else "ready"


def _row(mapping: TableMapping) -> tuple[Any, ...]:
    names = mapping.side_name("left"), arrow(mapping.direction), mapping.side_name("right")
    due = mapping.next_run if state(mapping) == "ready" else None
    return (mapping.name, state(mapping), *names, mapping.schedule_every, due)
