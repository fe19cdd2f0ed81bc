"""Several steps one after the other, made into one function."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

from syncstatus.engine.convert import written
from syncstatus.engine.transforms import catalogue
from syncstatus.engine.transforms.step import Function, Nature, RecordFunction, Step, TransformFailed
from syncstatus.engine.values import Kind, Unreadable, ValueRefused

TRANSFORM_FAILED: Final = "transform_failed"
_SIMPLE: Final = frozenset({"trim", "upper", "lower"})
_OF_CASE: Final = frozenset({"upper", "lower", "title"})
_ONE_TO_ONE: Final = frozenset({"prefix", "suffix", "remove_prefix", "remove_suffix"})
_SHOWN: Final = 100  # characters of a value that a message quotes


def is_normal(steps: Iterable[Step]) -> bool:
    """Whether the steps bring values into a form that both sides are compared in."""
    return all(catalogue.nature(step) is Nature.NORMAL for step in steps)


def is_simple(steps: Iterable[Step]) -> bool:
    """Whether what was written reads back in the form that was written, for certain and for each value."""
    return all(step.name in _SIMPLE for step in steps)


def is_one_to_one(steps: Iterable[Step]) -> bool:
    """Whether no two values come out as the same, blanks around them and case aside."""
    return all(step.name in _ONE_TO_ONE | _OF_CASE | {"trim"} for step in steps)


def changes_case(steps: Iterable[Step]) -> bool:
    return any(step.name in _OF_CASE for step in steps)


def normal_end(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps at the end that bring values into a form: what they are given in that form they leave alone."""
    start = len(steps)
    while start and catalogue.nature(steps[start - 1]) is Nature.NORMAL:
        start -= 1
    return tuple(steps[start:])


def undone(steps: Iterable[Step]) -> tuple[Step, ...] | None:
    """The way back; None when a step cannot be undone."""
    back = [catalogue.undone(step) for step in steps]
    known = tuple(step for step in reversed(back) if step is not None)
    return known if len(known) == len(back) else None


def hindering(steps: Iterable[Step]) -> Step | None:
    """The first step that cannot be undone."""
    return next((step for step in steps if catalogue.nature(step) is Nature.ONE_WAY), None)


def kind_after(steps: Iterable[Step], kind: Kind | None) -> Kind | None:
    """The kind that comes out of the steps; None where that depends on the value."""
    return reduce(lambda so_far, step: catalogue.kind_after(step, so_far), steps, kind)


def reads(steps: Iterable[Step]) -> frozenset[str]:
    """The other fields of the record that the steps need."""
    return frozenset().union(*(catalogue.reads(step) for step in steps))


def of_record(steps: Sequence[Step]) -> RecordFunction:
    """The steps as one function of a value and its record. What a step can do nothing with comes out as ``Unreadable``,
    which names the step; an empty value passes by the steps that make nothing of it."""
    made = [(step.name, catalogue.CATALOGUE[step.name], _function(step)) for step in steps]

    def apply(value: Any, record: Mapping[str, Any]) -> Any:
        for name, kind, function in made:
            if type(value) is Unreadable:
                return value
            if (value is None or value == "") and not kind.fills:
                continue
            try:
                text = kind.takes is Kind.TEXT and not isinstance(value, str)
                value = function(written(value) if text else value, record)
            except (TransformFailed, ValueRefused):
                return _failed(name, value)
        return value

    return apply


def _function(step: Step) -> RecordFunction:
    kind, options = catalogue.CATALOGUE[step.name], catalogue.complete(step)
    if kind.record is not None:
        return kind.record(options)
    assert kind.build is not None
    function = kind.build(options)
    return lambda value, _record: function(value)


def _failed(name: str, value: Any) -> Unreadable:
    try:
        text = str(value)[:_SHOWN]
    except ValueError:  # Python writes no integer of more than 4,300 digits
        text = ""
    return Unreadable(TRANSFORM_FAILED, text, {"transform": name, "value": text})


def of_value(steps: Sequence[Step]) -> Function:
    """The steps as a function of the value alone; those that need its record are not possible here."""
    if is_simple(steps):
        return _quick([_function(step) for step in steps])
    apply = of_record(steps)
    return lambda value: apply(value, {})


def _quick(functions: Sequence[Callable[[Any, Mapping[str, Any]], Any]]) -> Function:
    def apply(value: Any) -> Any:
        for function in functions:
            value = function(value, {})
        return value

    return apply
