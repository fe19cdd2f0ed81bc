"""One step of a transformation: how it is written, what it does, and whether it can be undone.

==============  ======================================================================================================
nature          meaning; in a field that travels both ways
==============  ======================================================================================================
``NORMAL``      brings a value into a form that it leaves alone when it meets it again (trim, upper, round, phone):
                both sides are compared in that form, and it is what is written to either
``REVERSIBLE``  has a step that undoes it (a prefix is taken away again): applied towards one side, undone towards the
                other
``ONE_WAY``     loses something (a part of a text, a pattern replaced): not possible, unless the way back is told
==============  ======================================================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from syncstatus.engine.values import Kind

Function = Callable[[Any], Any]
RecordFunction = Callable[[Any, Mapping[str, Any]], Any]
"""A value and the other values of its record, by field."""

LONGEST: Final = 1_000  # characters of an option's text


class Nature(StrEnum):
    NORMAL = "normal"
    REVERSIBLE = "reversible"
    ONE_WAY = "one_way"


class StepInvalid(Exception):
    """A step that cannot be used as it is written; ``code`` and ``params`` make the message."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class TransformFailed(Exception):
    """A value that a step can do nothing with."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a step. ``type`` is the Python type of its value, ``default`` what holds when it is not given."""

    type: type
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Transformation:
    """A kind of step. The first of ``options`` may be given alone: ``{prefix: C-}`` is ``{prefix: {text: C-}}``.

    ``takes`` TEXT: values of other kinds are written as text first; None: they come as they are. ``gives`` is the kind
    that comes out, None the kind that went in. ``build`` and ``record`` make the function, of the value alone or of its
    record; they may raise ``StepInvalid``. Empty values pass by, unless ``fills`` says that the step makes something
    of them.
    """

    name: str
    nature: Nature
    options: Mapping[str, Option] = field(default_factory=dict)
    build: Callable[[Mapping[str, Any]], Function] | None = None
    record: Callable[[Mapping[str, Any]], RecordFunction] | None = None
    undone_by: Callable[[Mapping[str, Any]], "Step"] | None = None
    reads: Callable[[Mapping[str, Any]], frozenset[str]] | None = None
    nature_of: Callable[[Mapping[str, Any]], Nature] | None = None
    gives_of: Callable[[Mapping[str, Any]], Kind | None] | None = None
    takes: Kind | None = Kind.TEXT
    gives: Kind | None = Kind.TEXT
    fills: bool = False


@dataclass(frozen=True)
class Step:
    """A step as it is configured: its name, and the options that were given."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def as_written(self) -> Any:
        """The shortest form that ``catalogue.read`` reads back; JSON."""
        from syncstatus.engine.transforms.catalogue import CATALOGUE  # it is made of what is declared here

        if not self.options:
            return self.name
        main = next(iter(CATALOGUE[self.name].options))
        alone = self.options.get(main)
        if set(self.options) == {main} and not isinstance(alone, dict):
            return {self.name: alone}
        return {self.name: dict(self.options)}
