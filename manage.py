#!/usr/bin/env python
"""Django's command line. Starts the embedded servers when the command needs a store and none is given."""

import os
import signal
import sys
from types import FrameType

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from syncstatus import embedded

# These read source files and settings only, so they start no server.
WITHOUT_STORE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "makemigrations",
    "version",
}
HELP = {"-h", "--help", "--version"}
WRONG_CONFIGURATION = 2


def needs_store(arguments: list[str]) -> bool:
    """Whether `manage.py ARGUMENTS…` reads or writes the store or the broker."""
    if not arguments or HELP.intersection(arguments):
        return False
    return arguments[0] not in WITHOUT_STORE


def prepare_store(command: str) -> None:
    import syncstatus.celery  # noqa: F401  (starts the embedded servers, makes tasks known to the broker)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, leave_in_order)
    if command != "migrate":
        embedded.migrate()


def leave_in_order(number: int, _frame: FrameType | None) -> None:
    """End as at the end of the program, so that the servers are stopped, too."""
    sys.exit(128 + number)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncstatus.settings")
    try:
        if needs_store(sys.argv[1:]):
            prepare_store(sys.argv[1])
        execute_from_command_line(sys.argv)
    except BrokenPipeError:
        # Whoever read our output has read enough; what is still in the buffer must not fail at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (embedded.EmbeddedError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(WRONG_CONFIGURATION)


if __name__ == "__main__":
    main()
