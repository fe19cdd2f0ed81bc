"""Commands for the audit log: those that change something say so, with the account they ran under."""

import getpass
import socket
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from couplings import audit
from couplings.audit import Actor
from couplings.models.audit import Origin, Result

DJANGO_OPTIONS: Final = {"verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"}
WRONG_USAGE: Final = 2
PAGES_SAY: Final = {
    "errors.uncouple": "errors.remove_coupling",
    "couplings.remove": "couplings.remove_coupling",
    "couplings.find_deleted": "mappings.find_deleted",
    "connection.check": "check",
}
"""Sub-commands that are an action of the pages under another name."""


class AuditedCommand(BaseCommand):
    """A command whose runs are put down, but for the sub-commands in ``reads`` and dry runs."""

    reads: frozenset[str] = frozenset()

    def execute(self, *args: Any, **options: Any) -> Any:
        if self._only_reads(options) or audit.is_kept():  # the latter: called by another command, and part of it
            return super().execute(*args, **options)
        with audit.acting(Actor(account(), Origin.COMMAND, socket.gethostname())) as act:
            act.action = self._action(options)
            act.subject = told(options)
            # Put down before it starts, as it may be killed and has begun to change things by then.
            entry = audit.write(act, Result.BEGUN)
            result = Result.FAILED
            try:
                answer = super().execute(*args, **options)
                result = Result.DONE
                return answer
            except (SystemExit, CommandError) as end:
                result = result_of(end)
                raise
            finally:
                audit.complete(entry, act, result)

    def _only_reads(self, options: dict[str, Any]) -> bool:
        only_looks = options.get("dry_run") or (options.get("preview") and not options.get("keep"))
        return bool(only_looks) or self._part(options) in self.reads

    def _part(self, options: dict[str, Any]) -> str:
        return str(options.get("command") or options.get("action") or "")

    def _action(self, options: dict[str, Any]) -> str:
        name = type(self).__module__.rpartition(".")[2]
        called = f"{name}.{self._part(options)}".strip(".").replace("-", "_")
        return PAGES_SAY.get(called, called)


def told(options: dict[str, Any]) -> dict[str, Any]:
    """What the command was called with, without what was left at its default."""
    left_out = DJANGO_OPTIONS | {"command", "action", "stdout", "stderr", "json"}
    return {name: value for name, value in options.items() if value and name not in left_out}


def result_of(end: SystemExit | CommandError) -> Result:
    """Exit codes other than that of wrong usage tell what is left to do, not that nothing was done (DESIGN 7.2)."""
    if isinstance(end, CommandError):
        return Result.REFUSED if end.returncode == WRONG_USAGE else Result.FAILED
    return Result.REFUSED if end.code == WRONG_USAGE else Result.DONE


def account() -> str:
    """The account of the machine; a container may have none with a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
