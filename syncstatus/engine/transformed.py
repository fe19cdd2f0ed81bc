"""How a field with transformations or a value map is compared and written.

One side is the field's *home*: the one its values travel to, the right one where they travel both ways. Both sides are
compared in the home's form. What leaves the other side goes through the steps (and the map); what goes back to it is
undone. Three kinds of chains (``transforms.step``):

==========================  =======================================================================================
only normalizing steps      both sides are brought into the form, and what is written to either has it
both ways, reversible       a home value is brought into the form by undoing it and doing it again, so that “1,5”
                            and “1,50” are the same number
both ways, each told        a home value is taken as it is, but for normalizing steps at the end of the chain: the two
                            ways may lose something, and what is read back is remembered as such
one way                     the same
==========================  =======================================================================================

A value that a step can do nothing with, or that the map does not have, is ``Unreadable``, where it would travel; on the
side that is only written to, it is a value like any other and gives way.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from syncstatus.engine.canonical import Canonicalizer, canonicalizer
from syncstatus.engine.convert import Converter, converter, written
from syncstatus.engine.parse import PARSERS
from syncstatus.engine.records import Side, Values
from syncstatus.engine.transforms import chain
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.values import FieldType, Kind, Unreadable, ValueRefused, common_kind

if TYPE_CHECKING:
    from syncstatus.engine.rules import FieldRule

NOT_MAPPED: Final = "value_not_mapped"
_SHOWN: Final = 100
_TEXT: Final = FieldType(Kind.TEXT)


class Transformed:
    """One field's rule, worked out. ``rule.direction`` must be the one in which its values really travel.

    Raises ``KindsDiffer`` where what comes out of the steps cannot be mapped to the other side's type, and
    ``StepInvalid`` for a step that cannot be made.
    """

    def __init__(self, rule: "FieldRule") -> None:
        self.rule = rule
        self.home: Final = rule.home
        self.away: Final = rule.home.other
        self.steps: Final[tuple[Step, ...]] = rule.towards(self.home) or ()
        self.back: Final[tuple[Step, ...] | None] = rule.towards(self.away) if rule.both_ways else None
        self.is_shared: Final = (
            rule.values is None and rule.to_right is rule.to_left is None and chain.is_normal(self.steps)
        )
        self.reads: Final = chain.reads(self.steps)
        # Also refuses, at once, what has no common form.
        self.kind: Final = common_kind(self._compared.left_type, self._compared.right_type)

    # The form that is compared

    def canonicalizer(self, side: Side) -> Canonicalizer | None:
        """What brings a value of ``side`` into the form compared. Not for a side whose field needs its record."""
        if self.is_shared:
            return self._shared(side)
        return self._of_home() if side is self.home else self._of_away(self._steps())

    def record_canonicalizer(self, fields: Sequence["FieldRule"], own: int) -> Callable[[Values], Any]:
        """The same for the other side's field at position ``own`` of ``fields``, from all values of its record."""
        named = {rule.field(self.away): (place, rule.type(self.away)) for place, rule in enumerate(fields)}
        places = [(name, *named[name]) for name in self.reads]
        own_type, steps, finish = fields[own].type(self.away), chain.of_record(self.steps), self._finish

        def canonical(values: Values) -> Any:
            record = {name: _unpadded(values[place], type_) for name, place, type_ in places}
            return finish(steps(_unpadded(values[own], own_type), record))

        return canonical

    def _steps(self) -> Canonicalizer:
        """The steps of values without the blanks that fill a fixed length."""
        steps = chain.of_value(self.steps)
        fixed = next((type_ for side in Side if (type_ := self.rule.type(side)).fixed), None)
        return steps if fixed is None else lambda value: steps(_unpadded(value, fixed))

    def _shared(self, side: Side) -> Canonicalizer:
        steps = self._steps()
        finish = canonicalizer(self._compared, side) or _same
        gives_way = not self.rule.both_ways and side is self.home

        def canonical(value: Any) -> Any:
            form = steps(value)
            if type(form) is Unreadable and gives_way:
                return value
            return finish(form)

        return canonical

    def _of_away(self, steps: Canonicalizer) -> Canonicalizer:
        finish = self._finish
        return lambda value: finish(steps(value))

    @cached_property
    def _finish(self) -> Canonicalizer:
        """From what comes out of the steps to the form."""
        if self.rule.values is not None:
            return self._mapped(self.rule.values.towards(self.home), self.rule.values.default(self.home))
        typed = canonicalizer(self._compared, self.away) or _same
        if self._steps_kind is not None:
            return typed
        return lambda value: typed(_as_text(value))

    def _mapped(self, table: Mapping[str, Any], default: Any) -> Canonicalizer:
        parse = PARSERS.get(self._steps_kind or Kind.TEXT, _same)
        known = {parse(key): self._home_form(value) for key, value in table.items()}
        other = None if default is None else self._home_form(default)
        empty = "" if self.rule.type(self.home).kind is Kind.TEXT else None

        def canonical(value: Any) -> Any:
            if value is None or type(value) is Unreadable:
                return value
            if value == "" and value not in known:
                return empty
            try:
                return known[value]
            except (KeyError, TypeError):
                return _not_mapped(value) if other is None else other

        return canonical

    def _home_form(self, value: Any) -> Any:
        """A value of the configuration in the form compared."""
        return self._plain(as_type(value, self.rule.type(self.home)))

    @cached_property
    def _plain(self) -> Canonicalizer:
        """The form of a home value as it stands."""
        return canonicalizer(self._compared, self.home) or _same

    def _of_home(self) -> Canonicalizer:
        plain = self._plain
        if self.rule.values is not None and self.back is not None:
            return self._in_map(plain)
        if self.back is None or self._gives_way:
            return self._giving_way(plain)
        back, again = chain.of_value(self.back), self._of_away(chain.of_value(self.steps))
        return lambda value: again(back(plain(value)))

    def _giving_way(self, plain: Canonicalizer) -> Canonicalizer:
        end = chain.normal_end(self.steps) if self.rule.values is None else ()
        if not end:
            return plain
        steps = chain.of_value(end)

        def canonical(value: Any) -> Any:
            form = steps(value)
            return plain(value if type(form) is Unreadable else form)

        return canonical

    def _in_map(self, plain: Canonicalizer) -> Canonicalizer:
        """A home value that travels must be in the map, unless there is a default for the others."""
        assert self.rule.values is not None
        if self.rule.values.default(self.away) is not None:
            return plain
        known = {self._home_form(value) for value in self.rule.values.towards(self.home).values()}
        if (default := self.rule.values.default(self.home)) is not None:
            known.add(self._home_form(default))

        def canonical(value: Any) -> Any:
            form = plain(value)
            if form is None or form == "" or type(form) is Unreadable or form in known:
                return form
            return _not_mapped(form)

        return canonical

    @cached_property
    def _steps_kind(self) -> Kind | None:
        return chain.kind_after(self.steps, self.rule.type(self.away).kind)

    @cached_property
    def _compared(self) -> "FieldRule":
        """The rule without its steps, between the types that come out of them."""
        types = {side: self.rule.type(side) for side in Side}
        if self.rule.values is not None:
            types[self.away] = types[self.home]
        else:
            for side in Side if self.is_shared else [self.away]:
                types[side] = _after(self.steps, types[side])
        return self.rule.plain(types[Side.LEFT], types[Side.RIGHT])

    def is_searchable(self, side: Side) -> bool:
        """Whether the values of ``side`` that have the same form are the same, blanks around them and case aside."""
        if self.rule.values is not None and side is self.away:
            is_one_to_one = not self.rule.values.doubled() and self.rule.values.default(self.home) is None
            return is_one_to_one and chain.is_one_to_one(self.steps)
        return chain.is_one_to_one(self._of_home_steps if side is self.home and not self.is_shared else self.steps)

    @property
    def _of_home_steps(self) -> tuple[Step, ...]:
        """What a home value goes through (``_of_home``)."""
        if self.rule.values is not None:
            return ()
        return chain.normal_end(self.steps) if self._gives_way else self.steps

    @property
    def _gives_way(self) -> bool:
        return self.back is None or (self.rule.to_right is not None and self.rule.to_left is not None)

    # The way back

    def converter(self, side: Side) -> Converter | None:
        """What turns the form into a value to be written on ``side``; None where there is no way to that side. Raises
        ``ValueRefused`` when it is called."""
        if self.is_shared or side is self.home:
            type_ = self.rule.type(side)
            return converter(self.rule.plain(type_, type_), side)
        return None if self.back is None else self._backwards(self.back)

    def _backwards(self, back: tuple[Step, ...]) -> Converter:
        unmap, steps = self._unmapped(), chain.of_value(back)
        type_ = self.rule.type(self.away)
        came = chain.kind_after(back, self.kind if self.rule.values is None else Kind.TEXT)
        between = self.rule.plain(*_sides(self.away, type_, _TEXT if came is None else FieldType(came)))
        typed = canonicalizer(between, self.home) or _same
        write = converter(between, self.away)

        def convert(value: Any) -> Any:
            value = steps(unmap(value))
            if type(value) is Unreadable:
                raise ValueRefused(value.code, value.params)
            return write(typed(_as_text(value) if came is None else value))

        return convert

    def _unmapped(self) -> Callable[[Any], Any]:
        values = self.rule.values
        if values is None:
            return _same
        there = values.towards(self.home)
        known = {self._home_form(value): key for key, value in list(there.items())[::-1]}
        default = values.default(self.away)

        def unmap(value: Any) -> Any:
            if value is None or value == "":
                return value
            try:
                return known[value]
            except (KeyError, TypeError):
                return _not_mapped(value) if default is None else str(default)

        return unmap


def _after(steps: tuple[Step, ...], type_: FieldType) -> FieldType:
    kind = chain.kind_after(steps, type_.kind)
    if kind is None:
        return _TEXT
    return type_ if kind is type_.kind else FieldType(kind)


def _sides(away: Side, away_type: FieldType, home_type: FieldType) -> tuple[FieldType, FieldType]:
    return (away_type, home_type) if away is Side.LEFT else (home_type, away_type)


def as_type(value: Any, type_: FieldType) -> Any:
    """A value of the configuration, or a stored one, as one of the kind of ``type_``; what cannot be read as one stays
    the text it is."""
    if type_.kind is Kind.TEXT:
        return _as_text(value)
    parse = PARSERS.get(type_.kind)
    return parse(_as_text(value)) if parse is not None else value


def typed_value(value: Any, type_: FieldType) -> Any:
    """A value of the configuration as one that can be written into a field of ``type_``; raises ``ValueRefused``."""
    from syncstatus.engine.rules import FieldRule  # rules are made of what is worked out here

    return converter(FieldRule("", "", type_, type_), Side.RIGHT)(as_type(value, type_))


def _unpadded(value: Any, type_: FieldType) -> Any:
    return value.rstrip(" ") if type_.fixed and isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    if value is None or isinstance(value, str | Unreadable):
        return value
    return written(value)


def _not_mapped(value: Any) -> Unreadable:
    text = str(_as_text(value))[:_SHOWN]
    return Unreadable(NOT_MAPPED, text, {"value": text})


def _same(value: Any) -> Any:
    return value
