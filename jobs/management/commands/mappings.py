import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from couplings.models import TableMapping
from couplings.rules_in_words import arrow
from jobs.management import output
from jobs.services import mappings as service

HEAD = ("mapping", "state", "left", "", "right", "schedule", "next run")
REFUSED = 1  # exit code: a mapping was in that state already


class Command(BaseCommand):
    help = "List mappings; pause and resume them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        self._add(commands, "list", _("list mappings with their state and their next run"))
        self._add(commands, "pause", _("start no job any more; a running one waits after the page it is in"))
        self._add(commands, "resume", _("start jobs again, the first one now; nothing that changed meanwhile is lost"))

    def _add(self, commands: Any, name: str, told: str) -> None:
        command = commands.add_parser(name, help=told)
        command.add_argument("names", nargs="*", metavar="NAME")
        command.add_argument("--json", action="store_true", help=_("one JSON object a line"))

    def handle(self, **options: Any) -> None:
        names = dict.fromkeys(options["names"])
        chosen = [output.mapping_named(name) for name in names]
        if options["command"] == "list":
            self._list(chosen or list(TableMapping.objects.select_related(*output.SIDES)), options["json"])
        elif not chosen:
            raise output.wrong(_("Name one or more mappings."))
        elif [mapping for mapping in chosen if not self._act(mapping, options)]:
            sys.exit(REFUSED)

    def _list(self, mappings: list[TableMapping], as_json: bool) -> None:
        if not as_json:
            output.table(self.stdout, HEAD, map(_row, mappings))
            return
        for mapping in mappings:
            output.json_line(self.stdout, described(mapping))

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
