"""``couplings explain``: why a record is, or is not, in step."""

from argparse import ArgumentParser

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from couplings.models import TableMapping
from jobs.management.output import IN_STEP, NO_CONNECTION, OUT_OF_STEP, json_line
from jobs.services.explaining import Explanation, explain
from syncstatus.engine.records import Side


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY")
    parser.add_argument("--side", choices=[side.value for side in Side], default="left", help=_("whose key"))


def run(stdout: OutputWrapper, mapping: TableMapping, key: str, side: str, *, as_json: bool) -> int:
    """Print it; the exit code says whether the record is in step, or that nobody could tell."""
    found = explain(mapping, key, Side(side))
    if as_json:
        json_line(stdout, _object(found))
    else:
        for sentence in found.sentences:
            stdout.write(sentence)
    if found.in_step is None:
        return NO_CONNECTION
    return IN_STEP if found.in_step else OUT_OF_STEP


def _object(found: Explanation) -> dict[str, object]:
    return {
        "mapping": found.mapping.name,
        "left_key": found.keys[Side.LEFT],
        "right_key": found.keys[Side.RIGHT],
        "left_exists": found.exists[Side.LEFT],
        "right_exists": found.exists[Side.RIGHT],
        "coupling": found.coupling.pk if found.coupling is not None else None,
        "error": found.error.pk if found.error is not None else None,
        "in_step": found.in_step,
        "action": found.action,
        "reasons": [statement.code for statement in found.statements],
        "sentences": found.sentences,
    }
