"""All transformations by name, and how a step is read from the configuration."""

import difflib
from collections.abc import Mapping
from typing import Any, Final

from syncstatus.engine.transforms.codes import CODES
from syncstatus.engine.transforms.combining import COMBINING
from syncstatus.engine.transforms.dates import DATES
from syncstatus.engine.transforms.expressions import EXPRESSIONS
from syncstatus.engine.transforms.numbers import NUMBERS
from syncstatus.engine.transforms.step import LONGEST, Nature, Option, Step, StepInvalid, Transformation
from syncstatus.engine.transforms.texts import TEXTS
from syncstatus.engine.values import Kind

CATALOGUE: Final[Mapping[str, Transformation]] = {
    one.name: one for one in (*TEXTS, *NUMBERS, *DATES, *CODES, *COMBINING, *EXPRESSIONS)
}
_ANY_KIND: Final = frozenset({"constant", "expression"})


def read(raw: Any) -> Step:
    """A step as it is written: ``trim``, ``{prefix: C-}``, ``{pad: {length: 5, with: "0"}}``.

    Raises ``StepInvalid``: an unknown name, an option that is unknown, missing or of another type, a pattern or an
    expression that cannot be used.
    """
    name, given = _parts(raw)
    if name not in CATALOGUE:
        near = difflib.get_close_matches(name, CATALOGUE, n=1)
        raise StepInvalid("transform_unknown", transform=name, near="".join(near), known=", ".join(CATALOGUE))
    known = CATALOGUE[name].options
    if given is not None and not isinstance(given, Mapping) and known:
        given = {next(iter(known)): given}
    options = _options(name, given if isinstance(given, Mapping) else {})
    if given is not None and not known:
        raise StepInvalid("transform_without_options", transform=name)
    step = Step(name, options)
    _try(step)
    return step


def _parts(raw: Any) -> tuple[str, Any]:
    if isinstance(raw, Mapping) and len(raw) == 1:
        (name, given), *_ = raw.items()
        return str(name), given
    if isinstance(raw, str):
        return raw, None
    raise StepInvalid("transform_not_a_step")


def _options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    known = CATALOGUE[name].options
    for option in given:
        if option not in known:
            params = {"option": option, "transform": name, "known": ", ".join(known)}
            raise StepInvalid("transform_option_unknown", **params)
    for option, rule in known.items():
        if rule.required and option not in given:
            raise StepInvalid("transform_option_missing", option=option, transform=name)
        if isinstance(given.get(option), str) and len(given[option]) > LONGEST:
            raise StepInvalid("transform_option_long", option=option, transform=name, limit=LONGEST)
        if option in given and not _fits(rule, given[option]):
            raise StepInvalid("transform_option_value", option=option, transform=name, wanted=_wanted(rule))
    return {option: given[option] for option in known if option in given}


def _fits(rule: Option, value: Any) -> bool:
    if rule.type is object:
        return isinstance(value, str | int | float | bool)
    if rule.type is int and isinstance(value, bool):
        return False
    return isinstance(value, rule.type) and _is_allowed(rule, value)


def _is_allowed(rule: Option, value: Any) -> bool:
    if rule.choices and value not in rule.choices:
        return False
    too_small = rule.least is not None and value < rule.least
    return not (too_small or (rule.most is not None and value > rule.most))


def _wanted(rule: Option) -> str:
    """What an option takes, in the words of YAML."""
    if rule.choices:
        return " | ".join(map(str, rule.choices))
    if rule.least is not None:
        return f"{rule.least} … {rule.most}"
    return {str: "text", int: "number", bool: "true | false", list: "[…]"}.get(rule.type, "value")


def _try(step: Step) -> None:
    """What is wrong with a pattern, a locale or an expression shows when the step is made."""
    kind = CATALOGUE[step.name]
    make = kind.record or kind.build
    assert make is not None
    make(complete(step))
    if kind.gives_of is not None:
        kind.gives_of(complete(step))


def complete(step: Step) -> dict[str, Any]:
    """The step's options with the defaults of those that were not given."""
    return {name: step.options.get(name, rule.default) for name, rule in CATALOGUE[step.name].options.items()}


def nature(step: Step) -> Nature:
    kind = CATALOGUE[step.name]
    return kind.nature if kind.nature_of is None else kind.nature_of(complete(step))


def undone(step: Step) -> Step | None:
    """The step for the way back; None for one that cannot be undone."""
    match nature(step):
        case Nature.NORMAL:
            return step
        case Nature.REVERSIBLE:
            undo = CATALOGUE[step.name].undone_by
            assert undo is not None
            return undo(complete(step))
    return None


def kind_after(step: Step, kind: Kind | None) -> Kind | None:
    """The kind that comes out of the step when ``kind`` goes in; None where that depends on the value."""
    known = CATALOGUE[step.name]
    if step.name in _ANY_KIND:
        return None
    if step.name == "round" and kind is Kind.TEXT:
        return Kind.DECIMAL
    if known.gives_of is not None:
        return known.gives_of(complete(step))
    return kind if known.gives is None else known.gives


def reads(step: Step) -> frozenset[str]:
    """The other fields of the record that the step needs."""
    kind = CATALOGUE[step.name]
    return frozenset() if kind.reads is None else kind.reads(complete(step))
