"""`manage.py prune`: what the workers do once a day, now."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from jobs import retention
from jobs.management import output
from jobs.management.audited import AuditedCommand

HEAD = ("rows", "keep", "deleted")


class Command(AuditedCommand):
    help = _("Delete jobs, log entries and resolved errors that are older than the settings KEEP_… say.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=_("say how many, and delete nothing"))
        parser.add_argument("--json", action="store_true", help=_("one JSON object a line"))

    def handle(self, *, dry_run: bool, json: bool, **options: Any) -> None:
        pruned = retention.prune(dry_run=dry_run)
        if json:
            output.json_line(self.stdout, pruned | {"dry_run": dry_run})
            return
        output.table(self.stdout, HEAD, [(name, _time(name), number) for name, number in pruned.items()])
        if dry_run:
            self.stdout.write(_("Nothing was deleted. Leave out --dry-run to do it."))


def _time(name: str) -> str:
    """How long rows of that name are kept; planned changes go with their plan."""
    keep = retention.kept().get(name, timedelta(0))
    return _("for ever") if keep is None else f"{keep.days}d"
