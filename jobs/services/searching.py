"""Conditions by which a person looks for records of one side: what a system can be asked for (DESIGN 7.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from couplings.layout import layout
from couplings.models import TableMapping
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine.records import Side
from syncstatus.engine.values import Kind

_NOT_SEARCHED = frozenset({Kind.BINARY, Kind.JSON, Kind.FLOAT})


@dataclass(frozen=True)
class Searchable:
    """A mapped field; a text is searched for what it holds, anything else for a value."""

    name: str
    is_text: bool


def fields(mapping: TableMapping, side: Side, endpoint: Endpoint) -> list[Searchable]:
    """The mapped fields of ``side`` that can be searched, each once, in the order of the mapping."""
    named = dict.fromkeys(line.name(side) for line in layout(mapping) if line.field is not None)
    types = {name: endpoint.info.fields[name].type for name in named if name in endpoint.info.fields}
    kinds = {name: type_.kind for name, type_ in types.items() if type_ is not None}
    return [Searchable(name, kind is Kind.TEXT) for name, kind in kinds.items() if kind not in _NOT_SEARCHED]


def spellings(text: str) -> Iterator[str]:
    """``text`` as it was written, and as names are: systems tell upper from lower case where they look into texts."""
    yield from dict.fromkeys((text, text.capitalize(), text.title(), text.upper()))


def narrowed(filter_: Mapping[str, Any], field: Searchable, text: str) -> dict[str, Any]:
    """``filter_`` and, besides, that ``field`` holds ``text``. Where the filter asks for the same in other words, those
    give way: what is found has to be looked at once more."""
    wanted = {"contains": text} if field.is_text else {"eq": text}
    present = filter_.get(field.name, {})
    if not isinstance(present, Mapping):
        present = {"in": present} if isinstance(present, list) else {"eq": present}
    return {**filter_, field.name: {**present, **wanted}}
