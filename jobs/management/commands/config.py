"""``manage.py config apply FILE [--dry-run] | config export [FILE] | config refresh [MAPPING...] [--dry-run]``."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.configuration.problems import ConfigurationRefused
from couplings.configuration.sentences import located
from couplings.models import TableMapping
from jobs.management import output
from jobs.management.audited import AuditedCommand
from jobs.management.changes import report
from jobs.management.tables import refresh
from jobs.services import configuration
from jobs.services.connections import sentence

WRONG = 2
UNUSABLE = 3


class Command(AuditedCommand):
    help = "Applies a configuration file, writes the stored configuration as one, or accepts changed tables."
    reads = frozenset({"export"})

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        apply = actions.add_parser("apply", help="check FILE, say what it changes, and change it; all or nothing")
        apply.add_argument("file", help="YAML file, - for standard input")
        apply.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        export = actions.add_parser("export", help="write the stored configuration; secrets are shown as ********")
        export.add_argument("file", nargs="?", default="-", help="file to write, standard output when left out")
        accept = actions.add_parser("refresh", help="accept tables that were changed, and resume what was paused by it")
        accept.add_argument("mapping", nargs="*", help="all enabled mappings when left out")
        accept.add_argument("--dry-run", action="store_true", help="say what is different, and accept nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        match options["action"]:
            case "apply":
                self.apply(options["file"], options["dry_run"])
            case "refresh":
                self.refresh(options["mapping"], options["dry_run"])
            case _:
                self.export(options["file"])

    def refresh(self, names: list[str], dry_run: bool) -> None:
        chosen = [output.mapping_named(name) for name in dict.fromkeys(names)]
        enabled = TableMapping.objects.filter(enabled=True).select_related(*output.SIDES)
        codes = [refresh(self.stdout, self.stderr, mapping, dry_run=dry_run) for mapping in chosen or enabled]
        if max(codes, default=output.IN_STEP):
            sys.exit(max(codes))

    def apply(self, file: str, dry_run: bool) -> None:
        content = read(file)
        try:
            applied = configuration.apply(content, dry_run=dry_run)
        except ConfigurationRefused as refused:
            raise CommandError(problems(refused, file), returncode=WRONG) from None
        except configuration.ConnectionsUnusable as unusable:
            lines = [sentence(name, error) for name, error in unusable.failed.items()]
            raise CommandError("\n".join([_("Nothing was changed."), *lines]), returncode=UNUSABLE) from None
        for line in report(applied, dry_run=dry_run):
            self.stdout.write(line)

    def export(self, file: str) -> None:
        text = configuration.export()
        if file == "-":
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(file_error(file, error), returncode=WRONG) from None


def read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(file_error(file, error), returncode=WRONG) from None


def file_error(file: str, error: OSError) -> str:
    return f"{file}: {error.strerror}."


def problems(refused: ConfigurationRefused, file: str) -> str:
    count = len(refused.problems)
    text = ngettext("%(count)s problem. Nothing was changed.", "%(count)s problems. Nothing was changed.", count)
    return "\n".join([text % {"count": count}, *(located(problem, file) for problem in refused.problems)])
