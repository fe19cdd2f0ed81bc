"""Commands as somebody at a terminal or a script sees them: exit code, standard output, standard error."""

import json
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError


@dataclass
class Ran:
    code: int
    said: str
    complained: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What ``--json`` printed: one object a line and nothing else."""
        return [json.loads(line) for line in self.said.splitlines()]

    @property
    def object(self) -> dict[str, Any]:
        (found,) = self.objects
        return found


def run(*command: object) -> Ran:
    """Like ``manage.py COMMAND``, in this process."""
    said, complained = StringIO(), StringIO()
    code = 0
    try:
        call_command(*map(str, command), stdout=said, stderr=complained)
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as error:
        # The parser of a command that is called, not run, raises where it would print its usage and exit with 2.
        code = 2 if str(error).startswith("Error: ") else error.returncode
        complained.write(str(error))
    return Ran(code, said.getvalue(), complained.getvalue())
