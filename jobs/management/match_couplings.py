"""`couplings match`: show what would be coupled, let a person choose, couple."""

from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from couplings.messages import named, render
from couplings.models import TableMapping
from couplings.store.imports import ImportLine
from jobs.management import output
from jobs.management.coupling_files import writing
from jobs.services import coupling_files, matching
from jobs.services.matching import Line, Preview, Result
from syncstatus.engine.records import Side

SHOWN = 20  # lines of each result that a terminal gets


def add_arguments(command: ArgumentParser) -> None:
    command.add_argument("--preview", action="store_true", help=_("show what would be coupled; write nothing anywhere"))
    command.add_argument("--apply", action="store_true", help=_("couple all sure pairs, or what --file says"))
    command.add_argument("--file", metavar="FILE", help=_("CSV: written by --preview, read by --apply"))
    command.add_argument(
        "--choose", action="append", default=[], metavar="LEFTKEY=RIGHTKEY", help=_("couple these two; may be repeated")
    )
    command.add_argument("--create-new", action="store_true", help=_("Create New If Unable to Find a Match"))
    command.add_argument("--no-suggestions", action="store_true", help=_("do not look for similar records"))


def check(options: dict[str, Any]) -> None:
    """Raises CommandError for options that do not go together."""
    if options["preview"] and (options["apply"] or options["choose"]):
        raise output.wrong(_("--preview writes nothing; leave --apply and --choose away."))
    if options["file"] and not (options["preview"] or options["apply"]):
        raise output.wrong(_("Say with --preview or --apply what to do with the file."))
    if options["create_new"] and (options["file"] or options["choose"]):
        raise output.wrong(_("--create-new goes with all records, not with chosen ones."))


def chosen(options: dict[str, Any]) -> Iterator[ImportLine]:
    """The pairs of --choose. A key that has an equals sign itself is told by the file. Raises CommandError."""
    for number, pair in enumerate(options["choose"], 1):
        left, sign, right = pair.partition("=")
        if not sign or not left or not right:
            raise output.wrong(_("Write --choose as LEFTKEY=RIGHTKEY, not %(pair)s.") % {"pair": pair})
        yield ImportLine(number, left, right)


def show(stdout: OutputWrapper, mapping: TableMapping, options: dict[str, Any]) -> None:
    """Print a preview, or write it into a file."""
    with matching.preview(mapping, suggest=not options["no_suggestions"]) as found:
        if options["file"]:
            told = _to_file(found, Path(options["file"]))
        elif options["json"]:
            told = None
            for line in found.lines():
                output.json_line(stdout, _object(found, line))
        else:
            told = _to_terminal(stdout, found)
        if told is not None and not options["json"]:
            stdout.write(_summary(mapping, told, options))


def _reason(mapping: TableMapping, line: Line) -> str:
    if not line.reason:
        return ""
    return str(render(line.reason, named(line.params | {"record": line.key}, mapping)))


Numbers = Counter[tuple[str, Side]]
_CREATABLE = "creatable"


def _counted(lines: Iterable[Line], numbers: Numbers) -> Iterator[Line]:
    for line in lines:
        numbers[line.result, line.side] += 1
        numbers[_CREATABLE, line.side] += line.result is Result.UNMATCHED and line.reason != matching.UNCOUPLED
        yield line


def _to_file(found: Preview, path: Path) -> Numbers:
    numbers: Numbers = Counter()
    with writing(path) as out:
        lines = _counted(found.lines(), numbers)
        coupling_files.write_matches(lines, found.fields, lambda line: _reason(found.mapping, line), out)
    return numbers


def _to_terminal(stdout: OutputWrapper, found: Preview) -> Numbers:
    numbers: Numbers = Counter()
    rows: dict[tuple[Result, Side], list[tuple[Any, ...]]] = defaultdict(list)
    for line in _counted(found.lines(), numbers):
        if numbers[line.result, line.side] <= SHOWN:
            rows[line.result, line.side] += _rows(found.mapping, line)
    head = (_("result"), *(found.mapping.side_name(side) for side in Side), _("score"), _("reason"))
    order = sorted(rows, key=lambda one: (list(Result).index(one[0]), one[1]))
    output.table(stdout, head, [row for one in order for row in rows[one]])
    return numbers


def _rows(mapping: TableMapping, line: Line) -> Iterator[tuple[Any, ...]]:
    if not line.options:
        yield (line.result.value, line.key_of(Side.LEFT), line.key_of(Side.RIGHT), None, _reason(mapping, line))
    for place, option in enumerate(line.options):
        keys = {line.side: line.key, line.side.other: option.key}
        score = f"{option.score} %" if option.score is not None else None
        yield (
            line.result.value if not place else "",
            *(f"{keys[side]}?" if side is not line.side else keys[side] for side in Side),
            score,
            _reason(mapping, line) if not place else "",
        )


def _summary(mapping: TableMapping, numbers: Numbers, options: dict[str, Any]) -> str:
    """“CUSTOMER - pairs: 98, ambiguous: 2 ...”, and what to do next."""
    totals = {result: sum(n for (known, _side), n in numbers.items() if known is result) for result in Result}
    parts = [
        _("pairs: %(count)s") % {"count": totals[Result.PAIR]},
        _("ambiguous: %(count)s") % {"count": totals[Result.AMBIGUOUS]},
        _("duplicates: %(count)s") % {"count": totals[Result.DUPLICATE]},
        *(
            _("unmatched in %(side)s: %(count)s")
            % {"side": mapping.side_name(side), "count": numbers[Result.UNMATCHED, side]}
            for side in Side
        ),
    ]
    if options["create_new"]:
        alone = numbers[_CREATABLE, matching.source_side(mapping)]
        parts.append(_("created on the other side with --create-new: %(count)s") % {"count": alone})
    lines = [f"{mapping.name} - {', '.join(parts)}"]
    if options["file"]:
        lines.append(
            _("Written to %(file)s. Say yes in the column “couple” of the lines you want, then --apply --file.")
            % {"file": options["file"]}
        )
    elif any(number > SHOWN for number in numbers.values()):
        lines.append(_("Only the first %(count)s of each are shown; --file or --json tell all.") % {"count": SHOWN})
    return "\n".join(lines)


def _object(found: Preview, line: Line) -> dict[str, Any]:
    mapping = found.mapping
    told: dict[str, Any] = {
        "mapping": mapping.name,
        "result": line.result.value,
        "left_key": line.key_of(Side.LEFT),
        "right_key": line.key_of(Side.RIGHT),
        "priority": line.priority,
        "reason": line.reason,
        "message": _reason(mapping, line),
    }
    candidates = [
        {"key": option.key, "score": option.score, "coupled_to": option.coupled_to} for option in line.options
    ]
    return told | {"candidates": candidates, "values": dict(zip(found.fields, line.values, strict=True))}
