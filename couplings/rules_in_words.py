"""A mapping's rules as sentences, and its fields as rows; the systems by their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.messages import named
from couplings.models import FieldMapping, TableMapping
from couplings.shown import every
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction, UpdatePolicy
from syncstatus.engine.value_maps import as_text

ARROWS = {Direction.BIDIRECTIONAL: "↔", Direction.LEFT_TO_RIGHT: "→", Direction.RIGHT_TO_LEFT: "←"}


class Named(Protocol):
    """What knows the names of both sides: a mapping, or one that is being edited."""

    def side_name(self, side: Side | str) -> str: ...


@dataclass(frozen=True)
class FieldRow:
    left: str
    arrow: str
    right: str
    notes: str


def arrow(direction: str) -> str:
    return ARROWS[Direction(direction)]


def sentences(mapping: TableMapping) -> list[str]:
    """What this mapping does, one rule a sentence."""
    rules = [*_travel(mapping), *_defaults(mapping), *_conflicts(mapping), _guard(mapping), _schedule(mapping)]
    return [*rules, *_parents(mapping)]


def fields(mapping: TableMapping) -> list[FieldRow]:
    return [FieldRow(f.left, arrow(f.direction), f.right, notes(f, mapping)) for f in mapping.fields.all()]


def notes(field: FieldMapping, mapping: Named) -> str:
    """What is to be known of a field besides its partner and direction."""
    return ", ".join(_notes(field, mapping))


def _names(mapping: TableMapping) -> dict[str, Any]:
    return {"left": mapping.side_name("left"), "right": mapping.side_name("right")}


def _travel(mapping: TableMapping) -> Iterator[str]:
    match Direction(mapping.direction):
        case Direction.BIDIRECTIONAL:
            text = _("Changes travel in both directions between %(left)s and %(right)s.")
        case Direction.LEFT_TO_RIGHT:
            text = _("Changes travel from %(left)s to %(right)s only.")
        case Direction.RIGHT_TO_LEFT:
            text = _("Changes travel from %(right)s to %(left)s only.")
    yield text % _names(mapping)
    if mapping.only_coupled:
        yield _("Only coupled records are synchronized; others are left alone.")
    else:
        yield _("Records that exist in one system only are created in the other one and coupled.")


def _conflicts(mapping: TableMapping) -> Iterator[str]:
    winner = update_policy(mapping.update_conflict, mapping)
    yield _("When both systems changed the same field: %(what)s.") % {"what": winner}
    what = deletion_policy(mapping.deletion_conflict)
    yield _("When a record was deleted in one system: %(what)s.") % {"what": what}
    what = deletion_policy(mapping.deleted_and_changed)
    yield _("When a record was deleted in one system and changed in the other: %(what)s.") % {"what": what}


def update_policy(policy: str, mapping: Named) -> str:
    match UpdatePolicy(policy):
        case UpdatePolicy.ASK:
            return _("ask a person")
        case UpdatePolicy.NEWEST:
            return _("the newest wins")
        case UpdatePolicy.LEFT | UpdatePolicy.RIGHT as side:
            return _("%(side)s wins") % named({"side": side.value}, mapping)


def deletion_policy(policy: str) -> str:
    match DeletionPolicy(policy):
        case DeletionPolicy.ASK:
            return _("ask a person")
        case DeletionPolicy.RESTORE:
            return _("create it again")
        case DeletionPolicy.UNCOUPLE:
            return _("remove the coupling")
        case DeletionPolicy.DELETE:
            return _("delete it on the other side as well")


def _defaults(mapping: TableMapping) -> Iterator[str]:
    for side, rules in mapping.defaults.items():
        names = sorted({name for rule in rules for name in rule["set"]})
        told = {"side": mapping.side_name(side), "fields": ", ".join(names)}
        yield _("New records in %(side)s are given defaults: %(fields)s.") % told


def _guard(mapping: TableMapping) -> str:
    share = number_format(mapping.guard_share * 100, 0)
    text = _(
        "A run that would delete more than %(count)s records, or %(share)s %% of them, is held until a person decides."
    )
    return text % {"count": number_format(mapping.guard_count, force_grouping=True), "share": share}


def _schedule(mapping: TableMapping) -> str:
    if not mapping.schedule_every:
        return _("It runs when somebody asks for it.")
    return _("It runs %(every)s.") % {"every": every(mapping.schedule_every)}


def _parents(mapping: TableMapping) -> Iterator[str]:
    if names := [parent.name for parent in mapping.depends_on.all()]:
        yield _("It comes after %(mappings)s.") % {"mappings": ", ".join(names)}


def schedule(mapping: TableMapping) -> str:
    """“every 30 min”, for a column."""
    if not mapping.schedule_every:
        return _("when asked for")
    return every(mapping.schedule_every)


def _notes(field: FieldMapping, mapping: Named) -> Iterator[str]:
    yield from _value_notes(field, mapping)
    if field.policy:
        yield _("conflict: %(what)s") % {"what": update_policy(field.policy, mapping)}
    if field.match is not None:
        yield _("match priority %(number)s") % {"number": field.match}
    if not field.case_sensitive:
        yield _("upper and lower case are the same")
    if not field.accent_sensitive:
        yield _("letters with and without accents are the same")


def _value_notes(field: FieldMapping, mapping: Named) -> Iterator[str]:
    """What happens to the values."""
    if field.constant is not None:
        yield _("always %(value)s") % {"value": as_text(field.constant)}
    if field.transforms:
        yield from _ways(field.transforms, mapping)
    if field.values:
        count = len(field.values["map"])
        text = ngettext("%(count)s value mapped", "%(count)s values mapped", count)
        yield text % {"count": number_format(count, force_grouping=True)}
    if field.lookup:
        yield _("record of %(mappings)s") % {"mappings": ", ".join(field.lookup)}
    if field.required:
        yield _("required")
    if not field.clear:
        yield _("emptied values do not travel")
    if not field.enabled:
        yield _("not enabled")


def _ways(transforms: Any, mapping: Named) -> Iterator[str]:
    """The steps; where each way has its own, behind the system they lead to."""
    if not isinstance(transforms, dict):
        yield ", ".join(map(_step, transforms))
        return
    for way, steps in transforms.items():
        yield f"→ {mapping.side_name(way.removeprefix('to_'))}: {', '.join(map(_step, steps))}"


def _step(step: Any) -> str:
    """``trim``, ``prefix C-``, ``pad (length: 5, with: 0)``."""
    if isinstance(step, str):
        return step
    ((name, options),) = step.items()
    if not isinstance(options, dict):
        return f"{name} {_told(options)}"
    return f"{name} ({', '.join(f'{option}: {_told(value)}' for option, value in options.items())})"


def _told(value: Any) -> str:
    return ", ".join(map(as_text, value)) if isinstance(value, list) else as_text(value)
