"""``manage.py connection check [NAME...]``."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from couplings.configuration.problems import nearest
from couplings.models import Connection
from jobs.management.audited import AuditedCommand
from jobs.services.connections import Check, check_all, sentence
from syncstatus.connectors.ports import Health

WRONG = 2
UNUSABLE = 3


class Command(AuditedCommand):
    help = "Asks the business applications whether they can be reached; exits 3 when one of them cannot."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="reach each connection and store what it answered")
        check.add_argument("names", nargs="*", metavar="NAME", help="connections to check, all when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for found in check_all(chosen(options["names"])):
            failed += not found.healthy
            self.stdout.write(line(found))
        if failed:
            sys.exit(UNUSABLE)


def chosen(names: list[str]) -> list[Connection]:
    connections = {row.name: row for row in Connection.objects.order_by("name")}
    if unknown := [name for name in names if name not in connections]:
        text = _("There is no connection “%(name)s”.") % {"name": unknown[0]}
        if near := nearest(unknown[0], connections):
            text = _("%(sentence)s Did you mean “%(near)s”?") % {"sentence": text, "near": near}
        raise CommandError(text, returncode=WRONG)
    if not connections:
        raise CommandError(_("There are no connections yet. Add some with “config apply FILE”."), returncode=WRONG)
    return [connections[name] for name in names] or list(connections.values())


def line(found: Check) -> str:
    name = found.connection.name
    if found.error is not None:
        return f"✗ {name}: {sentence(name, found.error)}"
    return f"✓ {name}: {healthy(found.health)}" if found.health else f"✓ {name}"


def healthy(health: Health) -> str:
    text = _("%(version)s, answers in %(latency)s ms") % {
        "version": health.version,
        "latency": f"{health.latency * 1000:.1f}",
    }
    return f"{text}, {clock(health.clock_offset)}" if health.clock_offset is not None else text


def clock(offset: float) -> str:
    if abs(offset) < 1:
        return _("its clock agrees with ours")
    if offset > 0:
        return _("its clock is %(seconds)s s ahead") % {"seconds": f"{offset:.0f}"}
    return _("its clock is %(seconds)s s behind") % {"seconds": f"{-offset:.0f}"}
