"""`manage.py sample create | edit | settle`: business databases to try Syncstatus with, and those who work in them."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from jobs import sample
from syncstatus.sample import incidents
from syncstatus.sample.colleague import Colleague
from syncstatus.sample.databases import SampleError, is_complete


class Command(BaseCommand):
    help = _("Create the sample databases, edit them as a colleague would, or end what keeps them apart.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help=_("create two business databases, mappings and open errors"))
        create.add_argument("--reset", action="store_true", help=_("drop an earlier sample and create it anew"))
        settle = _("end what the systems' own people have to end: locks, holds, the closed warehouse")
        actions.add_parser("settle", help=settle)
        edit = actions.add_parser("edit", help=_("edit records in both databases until stopped"))
        edit.add_argument("--edits", type=positive(int), help=_("stop after so many edits"))
        edit.add_argument("--seconds", type=positive(float), help=_("stop after so many seconds"))
        edit.add_argument("--rate", type=positive(float), default=1.0, help=_("edits a second, 1 if not given"))
        edit.add_argument("--seed", type=int, default=1, help=_("the same seed makes the same edits"))

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            if action == "create":
                sample.create(self.stdout.write, reset=options["reset"])
            elif not is_complete():
                raise CommandError(_("There is no sample yet. Create it with: manage.py sample create"))
            elif action == "edit":
                self.edit(options)
            else:
                self.settle()
        except SampleError as error:
            raise CommandError(str(error)) from error

    def edit(self, options: dict[str, Any]) -> None:
        edits = paced(Colleague(options["seed"]).work(), 1 / options["rate"], options["seconds"])
        try:
            for sentence in islice(edits, options["edits"]):
                self.stdout.write(sentence)
                self.stdout.flush()
        except KeyboardInterrupt:
            self.stdout.write(_("Stopped."))

    def settle(self) -> None:
        incidents.settle()
        self.stdout.write(
            _(
                "The warehouse is open, the posting batch has ended, the legal holds are lifted, the watchdog is "
                "called off and the CRM has its field again. Retry what is still open: manage.py errors retry --all"
            )
        )


def paced(edits: Iterator[str], pause: float, seconds: float | None) -> Iterator[str]:
    """The edits with a pause between them, for so many seconds. What is edited does not depend on the time it is."""
    end = time.monotonic() + seconds if seconds else None
    for sentence in edits:
        yield sentence
        if end and time.monotonic() + pause > end:
            return
        time.sleep(pause)


def positive(kind: type) -> Any:
    """An argument type: a number above zero."""

    def number(text: str) -> Any:
        value = kind(text)
        if value <= 0:
            raise ValueError(text)
        return value

    number.__name__ = kind.__name__
    return number
