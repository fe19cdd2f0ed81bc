"""Records of one side of a mapping, for a person who looks for one to couple."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from couplings.layout import field_names
from couplings.models import SyncError, TableMapping
from couplings.store import couplings as store
from jobs.runner import systems
from jobs.services.comparison import display
from jobs.services.couplings import compact
from jobs.services.errors import Refused
from jobs.services.searching import Searchable, narrowed, spellings
from syncstatus.connectors.errors import ConnectorError
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine.records import Record, Side
from syncstatus.engine.values import Kind

LIMIT = 20  # records that are offered at once
TELLING = 5


@dataclass(frozen=True)
class FoundRecord:
    """A record as a person recognizes it. ``values`` are the mapped fields by their names, as texts or yes and no;
    ``coupled_to`` is the key of its partner and ``coupling`` the id of the pair, None for a record that is free."""

    key: str
    description: str
    values: list[tuple[str, str | bool | None]]
    coupled_to: str | None = None
    coupling: int | None = None
    included: bool = True

    @property
    def telling(self) -> list[tuple[str, str | bool | None]]:
        """A few values that tell it from others of the same description."""
        return [pair for pair in self.values if pair[1] not in (None, "", self.description)][:TELLING]


def search(mapping: TableMapping, side: Side, text: str, limit: int = LIMIT) -> list[FoundRecord]:
    """At most ``limit`` records within the filter: the one whose key is ``text``, then those one of whose mapped text
    fields equals it without regard to case and surrounding space, then those whose first text field holds it.

    Raises ``Refused`` with the connector's message when the system cannot be asked.
    """
    with refusing():
        endpoint = systems.open_endpoint(mapping, side)
        found: dict[str, Record] = {}
        for record in _found(mapping, side, endpoint, text, limit):
            found.setdefault(record.key, record)
            if len(found) >= limit:
                break
    return told(mapping, side, endpoint, list(found.values()))


def _found(mapping: TableMapping, side: Side, endpoint: Endpoint, text: str, limit: int) -> Iterator[Record]:
    yield from (record for record in endpoint.read([compact(text)]).values() if record.included)
    names = _text_fields(mapping, side, endpoint)
    for name in names:
        yield from endpoint.search([name], [(text,)], case_sensitive=[False])
    if names and (text := text.strip()) and "\0" not in text:
        yield from _containing(mapping, side, endpoint, Searchable(names[0], is_text=True), text, limit)


def _containing(
    mapping: TableMapping, side: Side, endpoint: Endpoint, name: Searchable, text: str, limit: int
) -> Iterator[Record]:
    for spelling in spellings(text):
        where = narrowed(getattr(mapping, f"{side.value}_filter"), name, spelling)
        keys = [stamp.key for stamp in systems.open_endpoint(mapping, side, where=where).keys(None, limit)]
        records = endpoint.read(keys) if keys else {}
        yield from (records[key] for key in keys if key in records and records[key].included)


def by_key(mapping: TableMapping, side: Side, keys: Collection[str]) -> list[FoundRecord]:
    """Those of ``keys`` that exist, in or outside the filter, in their order. Raises ``Refused`` like ``search``."""
    with refusing():
        endpoint = systems.open_endpoint(mapping, side)
        found = endpoint.read(keys)
    return told(mapping, side, endpoint, [found[key] for key in keys if key in found])


def candidates(mapping: TableMapping, side: Side, partner: str, limit: int = LIMIT) -> list[FoundRecord]:
    """The records of ``side`` between which the record ``partner`` of the other side could not be decided (DESIGN R14):
    those that its open error names. Raises ``Refused`` like ``search``."""
    errors = SyncError.objects.open().filter(**{"mapping": mapping, f"{side.other.value}_key": partner})
    named = [key for params in errors.values_list("params", flat=True) for key in params.get("candidates", [])]
    found = by_key(mapping, side, named[:limit]) if named else []
    return [record for record in found if record.included]


@contextmanager
def refusing() -> Iterator[None]:
    """A system that cannot be asked is a message for the person."""
    try:
        yield
    except ConnectorError as error:
        raise Refused(error.code, **{**error.params, "detail": error.detail}) from error


def _fields(mapping: TableMapping, side: Side) -> list[str]:
    return list(field_names(mapping, side))


def _text_fields(mapping: TableMapping, side: Side, endpoint: Endpoint) -> list[str]:
    """A field that is mapped twice is searched once."""
    types = {name: endpoint.info.fields[name].type for name in _fields(mapping, side)}
    return [name for name, type_ in types.items() if type_ is not None and type_.kind is Kind.TEXT]


def told(mapping: TableMapping, side: Side, endpoint: Endpoint, records: list[Record]) -> list[FoundRecord]:
    """``records``, as ``endpoint`` has read them, in the words of people."""
    coupled = store.by_key(mapping.pk, side, [record.key for record in records], with_base=False)
    names, texts = _fields(mapping, side), _text_fields(mapping, side, endpoint)
    told = []
    for record in records:
        values = dict(zip(names, map(display, record.values), strict=True))
        pair = coupled.get(record.key)
        found = FoundRecord(
            key=record.key,
            description=next((name for field in texts if (name := str(values[field] or "").strip())), ""),
            values=list(values.items()),
            coupled_to=pair.key(side.other) if pair is not None else None,
            coupling=pair.id if pair is not None else None,
            included=record.included,
        )
        told.append(found)
    return told
