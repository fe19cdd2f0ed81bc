#!/usr/bin/env python
"""Django's command line. Starts the embedded servers when the command needs a store and none is given."""

import os
import sys

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


def needs_store(arguments: list[str]) -> bool:
    """Whether `manage.py ARGUMENTS…` reads or writes the store or the broker."""
    if not arguments or HELP.intersection(arguments):
        return False
    return arguments[0] not in WITHOUT_STORE


def prepare_store(command: str) -> None:
    import syncstatus.celery  # noqa: F401  (starts the embedded servers, makes tasks known to the broker)

    if command != "migrate":
        from syncstatus import embedded

        embedded.migrate()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncstatus.settings")
    from django.core.management import execute_from_command_line

    if needs_store(sys.argv[1:]):
        prepare_store(sys.argv[1])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
