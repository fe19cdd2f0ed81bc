"""The records of one system, read live and in key order, and which of them are coupled."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from couplings.models import SyncError, TableMapping
from couplings.store import couplings as store
from jobs.runner import systems
from jobs.services import records, searching
from jobs.services.errors import Refused
from jobs.services.records import FoundRecord, refusing
from jobs.services.searching import Searchable
from syncstatus.connectors.errors import FilterInvalid
from syncstatus.connectors.ports import Endpoint, Stamp
from syncstatus.engine.records import Side

SIZE = 50
BATCH = 1_000  # keys asked for at once where most of them may be passed over
LOOKED_THROUGH = 10_000  # keys looked at for one page


@dataclass(frozen=True)
class Wanted:
    """What the reader of a list asks for. ``text`` without a ``field`` is a key, or a part of what records are called;
    ``coupled`` None means either; ``after`` is the key behind which the page begins, or ``before`` the one that follows
    its end."""

    text: str = ""
    field: str = ""
    coupled: bool | None = None
    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class ListedRecord:
    """``error`` is the record's open one; ``uncoupled`` says that somebody took it out of its coupling."""

    record: FoundRecord
    error: SyncError | None = None
    uncoupled: bool = False


@dataclass(frozen=True)
class Listing:
    """One page. ``next`` is the key behind which the next one begins, None at the end, and ``previous`` the one before
    which the previous one ends, None at the beginning; ``looked_through`` the number of records after which the search
    for more was left to the next page, None where it was not. ``only_first`` says that more may have the text that was
    looked for."""

    rows: list[ListedRecord] = field(default_factory=list)
    fields: list[Searchable] = field(default_factory=list)
    next: str | None = None
    previous: str | None = None
    looked_through: int | None = None
    only_first: bool = False


def page(mapping: TableMapping, side: Side, wanted: Wanted, size: int = SIZE) -> Listing:
    """The page of ``mapping``'s records of ``side`` within its filter that ``wanted`` asks for.

    Raises ``Refused`` with the connector's message when the system cannot be asked, and ``search_value`` for a text
    that the field cannot hold.
    """
    with refusing():
        endpoint = systems.open_endpoint(mapping, side)
    fields = searching.fields(mapping, side, endpoint)
    if wanted.text and not wanted.field:
        found = records.search(mapping, side, wanted.text, size)
        kept = [record for record in found if wanted.coupled in (None, record.coupling is not None)]
        return Listing(_told(mapping, side, kept), fields, only_first=len(found) >= size)
    keys, further, looked = _keys(mapping, side, _listed(mapping, side, wanted, fields, endpoint), wanted, size)
    if wanted.before and further is None and len(keys) < size:
        # Records have gone since: what is left before the page that was shown is no page.
        return page(mapping, side, replace(wanted, after="", before=""), size)
    with refusing():
        read = endpoint.read(keys) if keys else {}
    inside = [read[key] for key in keys if key in read and read[key].included]
    rows = _told(mapping, side, records.told(mapping, side, endpoint, inside))
    if wanted.before:
        return Listing(rows, fields, keys[-1] if keys else further, further, looked)
    return Listing(rows, fields, further, keys[0] if wanted.after and keys else None, looked)


def _listed(
    mapping: TableMapping, side: Side, wanted: Wanted, fields: list[Searchable], endpoint: Endpoint
) -> Endpoint:
    """What lists the records: the table within the mapping's filter, or what of it has the text that is searched."""
    if not wanted.text:
        return endpoint
    asked = next((one for one in fields if one.name == wanted.field), None)
    if asked is None or "\0" in wanted.text:
        raise Refused("search_value", field=wanted.field, value=wanted.text)
    where = searching.narrowed(getattr(mapping, f"{side.value}_filter"), asked, wanted.text)
    try:
        with refusing():
            return systems.open_endpoint(mapping, side, where=where)
    except Refused as refused:
        if isinstance(refused.__cause__, FilterInvalid):
            raise Refused("search_value", field=wanted.field, value=wanted.text) from None
        raise


def _keys(
    mapping: TableMapping, side: Side, endpoint: Endpoint, wanted: Wanted, size: int
) -> tuple[list[str], str | None, int | None]:
    """The keys of a page, where the next one begins (the previous one, where ``wanted`` asks for what is before a key),
    and after how many records the search for them was left off."""
    found: list[str] = []
    looked, last = 0, wanted.before or wanted.after
    for keys, is_last in _batches(endpoint, wanted, size):
        coupled = store.by_key(mapping.pk, side, keys, with_base=False) if wanted.coupled is not None else {}
        for number, key in enumerate(keys, 1):
            if wanted.coupled is not None and (key in coupled) is not wanted.coupled:
                continue
            found.append(key)
            if len(found) == size:
                return _in_order(found, wanted), None if is_last and number == len(keys) else key, None
        looked, last = looked + len(keys), keys[-1] if keys else last
        if is_last:
            return _in_order(found, wanted), None, None
        if looked >= LOOKED_THROUGH:
            break
    return _in_order(found, wanted), last, looked


def _in_order(found: list[str], wanted: Wanted) -> list[str]:
    return found[::-1] if wanted.before else found


def _batches(endpoint: Endpoint, wanted: Wanted, size: int) -> Iterator[tuple[list[str], bool]]:
    """Keys in order, against it from ``before`` on, and whether they are the last. One more than is shown tells whether
    there is another page."""
    limit = min(size + 1 if wanted.coupled is None else BATCH, endpoint.capabilities.page_max)
    position: str | None = wanted.before or wanted.after or None
    while True:
        with refusing():
            keys = [stamp.key for stamp in _stamps(endpoint, position, limit, backwards=bool(wanted.before))]
        yield keys, len(keys) < limit
        if len(keys) < limit:
            return
        position = keys[-1]


def _stamps(endpoint: Endpoint, position: str | None, limit: int, *, backwards: bool) -> list[Stamp]:
    return endpoint.keys_before(position, limit) if backwards and position else endpoint.keys(position, limit)


def _told(mapping: TableMapping, side: Side, found: list[FoundRecord]) -> list[ListedRecord]:
    keys = [record.key for record in found]
    name = f"{side.value}_key"
    errors = SyncError.objects.open().filter(**{"mapping": mapping, f"{name}__in": keys}) if keys else []
    by_key = {getattr(error, name): error for error in errors}
    marked = store.uncoupled(mapping.pk, side, keys)
    return [ListedRecord(record, by_key.get(record.key), record.key in marked) for record in found]
