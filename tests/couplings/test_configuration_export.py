"""What is exported, applied again, is no change: for any configuration there can be."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from couplings.configuration.diff import changes
from couplings.configuration.entries import (
    MASK,
    ConnectionEntry,
    Document,
    FieldEntry,
    MappingEntry,
    SideEntry,
)
from couplings.configuration.export import export
from couplings.configuration.new_records import ConstantEntry, DefaultEntry
from couplings.configuration.reader import read_document
from couplings.configuration.section import duration_text, is_name, seconds_of
from couplings.configuration.stored import save_connection, save_mapping, save_parents, stored_document
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction, Guard, UpdatePolicy
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.value_maps import ValueMap

# Everything a database may use in a name: no control characters and no half surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(str.strip)
tricky = st.sampled_from(["no", "true", "null", "~", "1", "1.5", "2026-11-23", "<<", "a: b", "- a", "#", "*a", "&a"])
words = texts | tricky
names = st.text(string.ascii_uppercase + string.digits + "ÆЖ _-", min_size=1, max_size=12).filter(is_name)
fractions = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
values = words | st.integers(-(2**60), 2**60) | st.booleans() | fractions
conditions = (
    values
    | st.lists(values, min_size=1, max_size=3)
    | st.fixed_dictionaries({"isnull": st.booleans()})
    | st.dictionaries(st.sampled_from(["eq", "ne"]), values, min_size=1)
    | st.fixed_dictionaries({"contains": words, "in": st.lists(values, min_size=1, max_size=2)})
)
steps = st.sampled_from(
    [
        Step("trim"),
        Step("upper"),
        Step("prefix", {"text": "C-"}),
        Step("pad", {"length": 5, "with": " ", "side": "right"}),
        Step("country", {"to": "alpha_2", "from": "alpha_3"}),
        Step("constant", {"value": 1.5}),
        Step("join", {"fields": ["no", "null"]}),
        Step("expression", {"text": "value + 'a: b'"}),
    ]
)
LINKS = ["https://erp.example/customer/{id}", "http://localhost:8080/?a={no. 1}&b={key}#{é}"]
chains = st.lists(steps, max_size=3).map(tuple)
maps = st.builds(
    ValueMap, st.dictionaries(words, values, min_size=1, max_size=3), st.none() | values, st.none() | values
)


def ways(draw: st.DrawFn) -> dict[str, tuple[Step, ...]]:
    """The steps of one way, of either, or of both."""
    names = draw(st.sampled_from([("transforms",), ("to_right",), ("to_left",), ("to_right", "to_left")]))
    return {name: draw(chains) for name in names}


def lookups(draw: st.DrawFn) -> dict[str, Any]:
    """What a field looks up, if it does."""
    mappings = draw(st.lists(st.sampled_from(["ITEM", "UNIT", "A.B"]), max_size=2, unique=True))
    return {"lookup": tuple(mappings), "if_missing": draw(st.sampled_from(IfMissing))} if mappings else {}


@st.composite
def field_entries(draw: st.DrawFn) -> tuple[FieldEntry, ...]:
    fields = []
    for left in draw(st.lists(words, min_size=1, max_size=5, unique=True)):
        match = draw(st.none() | st.integers(1, 9))
        fields.append(
            FieldEntry(
                left,
                draw(words),
                draw(st.sampled_from(Direction)),
                policy=draw(st.none() | st.sampled_from(UpdatePolicy)),
                match=match,
                case_sensitive=match is None or draw(st.booleans()),
                values=draw(st.none() | maps),
                required=draw(st.booleans()),
                clear=draw(st.booleans()),
                enabled=draw(st.booleans()),
                **lookups(draw),
                **ways(draw),
            )
        )
    return tuple(fields)


@st.composite
def constant_entries(draw: st.DrawFn) -> tuple[ConstantEntry, ...]:
    return tuple(ConstantEntry(side, name, draw(values)) for side in Side for name in draw(st.sets(words, max_size=2)))


@st.composite
def default_entries(draw: st.DrawFn) -> tuple[DefaultEntry, ...]:
    given = st.dictionaries(words, values, min_size=1, max_size=2)
    when = st.dictionaries(words, conditions, max_size=2)
    return tuple(
        DefaultEntry(side, number, draw(given), draw(when))
        for side in Side
        for number in range(draw(st.integers(0, 2)))
    )


@st.composite
def side_entries(draw: st.DrawFn, connections: list[str]) -> SideEntry:
    return SideEntry(
        draw(st.sampled_from(connections)),
        draw(words),
        draw(st.just("") | words),
        tuple(draw(st.lists(words, max_size=3, unique=True))),
        draw(st.just("") | words),
        draw(st.just("") | words),
        draw(st.dictionaries(words, conditions, max_size=3)),
        draw(st.just("") | st.sampled_from(LINKS)),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    connections = draw(st.lists(names, min_size=1, max_size=3, unique_by=str.upper))
    mappings = draw(st.lists(names.map(str.upper), max_size=3, unique=True))
    url = st.sampled_from(["sqlite:////data/a b.db", "postgresql://ada:${PASSWORD}@host/erp?x=1", "${URL}"])
    return Document(
        {name: ConnectionEntry(name, "sql", {"url": draw(url)}) for name in connections},
        {name: draw(mapping_entries(name, connections, mappings)) for name in mappings},
    )


@st.composite
def mapping_entries(draw: st.DrawFn, name: str, connections: list[str], mappings: list[str]) -> MappingEntry:
    return MappingEntry(
        name,
        draw(side_entries(connections)),
        draw(side_entries(connections)),
        draw(field_entries()),
        direction=draw(st.sampled_from(Direction)),
        only_coupled=draw(st.booleans()),
        update_conflict=draw(st.sampled_from(UpdatePolicy)),
        deletion_conflict=draw(st.sampled_from(DeletionPolicy)),
        deleted_and_changed=draw(st.sampled_from(DeletionPolicy)),
        guard=Guard(draw(st.floats(0, 1)), draw(st.integers(0, 2**31 - 1))),
        every=draw(st.none() | st.integers(1, 366 * 86_400)),
        depends_on=tuple(sorted(draw(st.sets(st.sampled_from(mappings))))) if mappings else (),
        enabled=draw(st.booleans()),
        constants=draw(constant_entries()),
        defaults=draw(default_entries()),
    )


@settings(deadline=None, max_examples=150)
@given(documents())
def test_a_file_says_what_was_exported(document: Document) -> None:
    read, problems = read_document(export(document).encode())

    assert problems == []
    assert read == document
    assert changes(document, read, {}) == []


@pytest.mark.django_db
@settings(deadline=None, max_examples=25)
@given(documents())
def test_the_store_holds_what_was_read(document: Document) -> None:
    for connection in document.connections.values():
        save_connection(connection)
    for mapping in document.mappings.values():
        save_mapping(mapping)
    for mapping in document.mappings.values():
        save_parents(mapping)

    stored = stored_document()

    assert changes(stored, document, {}) == []
    for name, mapping in document.mappings.items():
        assert stored.mappings[name].fields == mapping.fields
        assert stored.mappings[name].defaults == mapping.defaults
    clear()


def clear() -> None:
    """Hypothesis runs all its examples in one test, and so in one transaction."""
    from couplings.models import Connection, TableMapping

    TableMapping.objects.all().delete()
    Connection.objects.all().delete()


def test_the_export_is_made_to_be_read() -> None:
    erp = ConnectionEntry("ERP", "sql", {"url": "postgresql://erp:********@host/erp", "auth": {"username": "ada"}})
    left = SideEntry("ERP", "customer", "sales", ("id",), "modified_at", filter={"country": ["DK", "no"]})
    right = SideEntry("CRM", "client", key=("a", "b"))
    fields = (
        FieldEntry("name", "name"),
        FieldEntry("mail", "email", transforms=(Step("trim"),), match=1, case_sensitive=False),
        FieldEntry("city", "city", match=1, accent_sensitive=False),
    )
    mapping = MappingEntry("CUSTOMER", left, right, fields, every=5400, depends_on=("ITEM",), guard=Guard(0.1, 5))

    assert export(Document({"ERP": erp}, {"CUSTOMER": mapping})) == (
        "connections:\n"
        "  ERP:\n"
        "    kind: sql\n"
        '    url: "postgresql://erp:********@host/erp"\n'
        "    auth: {username: ada}\n"
        "mappings:\n"
        "  CUSTOMER:\n"
        "    left: {connection: ERP, schema: sales, table: customer, key: id, modified_on: modified_at, "
        "filter: {country: [DK, no]}}\n"
        "    right: {connection: CRM, table: client, key: [a, b]}\n"
        "    direction: bidirectional\n"
        "    delete_guard: {share: 0.1, count: 5}\n"
        "    schedule: {every: 1h30m}\n"
        "    depends_on: [ITEM]\n"
        "    fields:\n"
        "      name: name\n"
        "      mail: {to: email, transform: [trim], match: 1, case_sensitive: false}\n"
        "      city: {to: city, match: 1, accent_sensitive: false}\n"
    )


def test_a_mask_is_written_so_that_it_can_be_read() -> None:
    entry = ConnectionEntry("CRM", "sql", {"url": "mysql://host/crm", "auth": {"username": "ada", "password": MASK}})

    read, problems = read_document(export(Document({"CRM": entry})).encode())

    assert problems == []
    assert read.connections == {"CRM": entry}


def test_an_empty_store_is_an_empty_file() -> None:
    assert export(Document()) == "{}\n"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("1h30m", 5400)]
)
def test_durations(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(duration_text(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "1.5h", "30 m", "30M", "-1s", "1m1h", "٣m"])
def test_what_is_no_duration(text: str) -> None:
    assert seconds_of(text) is None


def test_what_a_connection_allows_comes_back() -> None:
    settings = {"url": "sqlite:////tmp/erp", "limit": {"requests": 100, "per": "1m30s"}, "jobs": 2}
    text = export(Document({"ERP": ConnectionEntry("ERP", "sql", settings)}))
    assert "limit: {requests: 100, per: 1m30s}" in text
    read, problems = read_document(text.encode())
    assert not problems
    assert read.connections["ERP"].settings == settings
