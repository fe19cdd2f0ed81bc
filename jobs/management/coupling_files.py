"""`couplings import` and `export`: files in and out, and each refused line with its reason."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import named, render
from couplings.models import TableMapping
from couplings.store.imports import ImportLine
from jobs.management import output
from jobs.management.output import IN_STEP, OUT_OF_STEP
from jobs.services import coupling_files, importing
from jobs.services.importing import Imported


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Raises CommandError when there is no such file, or none that may be read."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115  (closed below; only opening it may fail for the user)
    except OSError as error:
        raise output.wrong(_unusable(path, error)) from None
    with file:
        yield file


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """A new CSV file, with the mark by which spreadsheets know UTF-8. Raises CommandError."""
    try:
        file = path.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise output.wrong(_unusable(str(path), error)) from None
    with file:
        yield file


def _unusable(path: str, error: OSError) -> str:
    return str(render("file_unusable", {"file": path, "detail": error.strerror or str(error)}))


def export(stdout: OutputWrapper, mapping: TableMapping, path: str | None) -> None:
    if path is None:
        coupling_files.export(mapping, stdout)  # type: ignore[arg-type]
        return
    with writing(Path(path)) as out:
        count = coupling_files.export(mapping, out)
    text = ngettext("%(count)s coupling written to %(file)s.", "%(count)s couplings written to %(file)s.", count)
    stdout.write(text % {"count": count, "file": path})


def couple(
    stdout: OutputWrapper, stderr: OutputWrapper, mapping: TableMapping, pairs: Iterable[ImportLine], options: Any
) -> int:
    """Couple pairs that a person named; each refused one is told with its line. The exit code."""

    def tell(line: ImportLine) -> None:
        message = str(render(line.code or "", named(json.loads(line.params), mapping)))
        if options["json"]:
            output.json_line(stdout, line._asdict() | {"params": json.loads(line.params), "message": message})
        else:
            stderr.write(_("line %(line)s: %(message)s") % {"line": line.line, "message": message})

    dry_run, partial = options.get("dry_run", False), options.get("partial", False)
    done = importing.couple_all(mapping, pairs, user=None, dry_run=dry_run, partial=partial, tell=tell)
    if options["json"]:
        output.json_line(stdout, {"mapping": mapping.name, "dry_run": dry_run} | vars(done))
    else:
        stdout.write("\n".join(_summary(done, dry_run, partial)))
    return OUT_OF_STEP if done.refused else IN_STEP


def _summary(done: Imported, dry_run: bool, partial: bool) -> Iterator[str]:
    if done.refused and not partial:
        text = ngettext(
            "%(count)s line is refused, so nothing is coupled. --partial couples the others.",
            "%(count)s lines are refused, so nothing is coupled. --partial couples the others.",
            done.refused,
        )
        yield text % {"count": done.refused}
        return
    if dry_run:
        text = ngettext(
            "%(count)s pair would be coupled (dry run).", "%(count)s pairs would be coupled (dry run).", done.coupled
        )
    else:
        text = ngettext(
            "%(count)s pair was coupled. The next run compares it, as at a first contact.",
            "%(count)s pairs were coupled. The next run compares them, as at a first contact.",
            done.coupled,
        )
    yield text % {"count": done.coupled}
    if done.known:
        text = ngettext("%(count)s was coupled already.", "%(count)s were coupled already.", done.known)
        yield text % {"count": done.known}
    if done.refused:
        text = ngettext("%(count)s line was refused.", "%(count)s lines were refused.", done.refused)
        yield text % {"count": done.refused}


def read(path: str) -> Iterator[ImportLine]:
    """The pairs of a file; ``-`` is standard input. Raises CommandError and ``Refused``."""
    if path == "-":
        yield from coupling_files.read(sys.stdin.buffer)
        return
    with opened(path) as file:
        yield from coupling_files.read(file)
