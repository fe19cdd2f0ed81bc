"""What every connector must do (SCENARIOS 6), whatever the system behind it.

A suite for one kind of system inherits from ``Contract`` and has a fixture ``system`` that answers with a ``System``:
a table of customers with the fields of ``FIELDS``, empty, and an application of its own that edits it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import pytest

from syncstatus.connectors.errors import ConnectorError, CursorExpired, FieldMissing, TableMissing
from syncstatus.connectors.ports import (
    ChangePage,
    Connector,
    Create,
    Cursor,
    Delete,
    Endpoint,
    Feed,
    Outcome,
    Source,
    TableName,
    Update,
    WriteResult,
)
from syncstatus.engine.values import Kind

FIELDS = ("name", "city", "credit", "active")


class System(Protocol):
    connector: Connector
    source: Source

    def insert(self, key: str, **values: Any) -> None:
        """Another user of the system creates a record."""

    def update(self, key: str, **values: Any) -> None: ...

    def delete(self, key: str) -> None: ...


def customer(name: str = "Ada", **values: Any) -> dict[str, Any]:
    return {"name": name, "city": "Aarhus", "credit": Decimal("12.50"), "active": True, **values}


def create(endpoint: Endpoint, *keys: str, **values: Any) -> dict[str, WriteResult]:
    results = endpoint.create([Create(f"op-{key}", customer(f"Customer {key}", **values), key) for key in keys])
    assert [result.outcome for result in results] == [Outcome.OK] * len(keys)
    return {result.key: result for result in results if result.key is not None}


def all_keys(endpoint: Endpoint, limit: int = 1000) -> dict[str, str]:
    """Key to version of every listed record, in pages of ``limit``."""
    found: dict[str, str] = {}
    after = None
    while True:
        page = endpoint.keys(after, limit)
        assert not found.keys() & {stamp.key for stamp in page}
        found.update((stamp.key, stamp.version) for stamp in page)
        if len(page) < limit:
            return found
        after = page[-1].key


def all_changes(endpoint: Endpoint, cursor: Cursor, limit: int = 1000) -> tuple[dict[str, str], Cursor]:
    """Key to version of what changed, and the cursor behind it."""
    found: dict[str, str] = {}
    page = ChangePage([], [], cursor, True)
    while page.more:
        page = endpoint.changes(page.cursor, limit)
        assert len(page.stamps) <= limit
        found.update((stamp.key, stamp.version) for stamp in page.stamps)
    return found, page.cursor


class Contract:
    @pytest.fixture
    def endpoint(self, system: System) -> Endpoint:
        return system.connector.open(system.source)

    def test_lists_what_was_created(self, endpoint: Endpoint) -> None:
        made = create(endpoint, *"123456789")
        assert all_keys(endpoint) == {key: result.version for key, result in made.items()}

    def test_pages_in_a_deterministic_order(self, endpoint: Endpoint) -> None:
        create(endpoint, *"123456789")
        assert list(all_keys(endpoint, limit=2)) == list(all_keys(endpoint))
        assert len(all_keys(endpoint, limit=3)) == 9

    def test_lists_backwards_what_it_lists_forwards(self, endpoint: Endpoint) -> None:
        create(endpoint, *"123456789")
        listed = list(all_keys(endpoint))
        assert [stamp.key for stamp in endpoint.keys_before(listed[5], 3)] == listed[4:1:-1]
        assert [stamp.key for stamp in endpoint.keys_before(listed[2], 10)] == listed[1::-1]
        assert endpoint.keys_before(listed[0], 3) == []

    def test_reads_nothing_for_nothing(self, endpoint: Endpoint) -> None:
        assert endpoint.read([]) == {}
        assert endpoint.stamps([]) == {}
        assert endpoint.create([]) == endpoint.update([]) == endpoint.delete([]) == []

    def test_reads_a_repeated_key_once(self, endpoint: Endpoint) -> None:
        create(endpoint, "1")
        assert list(endpoint.read(["1", "1"])) == ["1"]

    def test_leaves_out_a_missing_key(self, endpoint: Endpoint) -> None:
        create(endpoint, "1")
        assert list(endpoint.read(["1", "2", "no such key"])) == ["1"]
        assert list(endpoint.stamps(["1", "2", "no such key"])) == ["1"]

    def test_counts_what_it_lists(self, endpoint: Endpoint) -> None:
        assert endpoint.count() in (0, None)
        create(endpoint, "1", "2", "3")
        assert endpoint.count() in (len(endpoint.keys(None, 10)), None)

    def test_reads_back_what_was_written(self, endpoint: Endpoint) -> None:
        values = customer("Ærø Æblegård \N{GRINNING FACE}", city=None, active=False)
        (result,) = endpoint.create([Create("op", values, "1")])
        record = endpoint.read(["1"])["1"]
        assert (record.version, record.values) == (result.version, tuple(values[name] for name in FIELDS))
        assert result.values is None

    def test_says_what_the_system_made_of_a_value(self, endpoint: Endpoint, system: System) -> None:
        (result,) = endpoint.create([Create("op", customer(credit=Decimal("1.005")), "1")])
        stored = endpoint.read(["1"])["1"]
        assert result.outcome is Outcome.OK
        assert (result.values or tuple(customer(credit=Decimal("1.005")).values())) == stored.values
        (result,) = endpoint.update([Update("1", stored.version, {"credit": Decimal("2.675")})])
        stored = endpoint.read(["1"])["1"]
        assert result.version == stored.version
        if stored.values[2] != Decimal("2.675"):
            assert result.values == stored.values

    def test_refuses_to_create_an_existing_key(self, endpoint: Endpoint) -> None:
        made = create(endpoint, "1")
        operations = [Create(f"op-{key}", customer("New"), key) for key in ("2", "1", "3")]
        results = endpoint.create(operations)
        assert [result.outcome for result in results] == [Outcome.OK, Outcome.EXISTS, Outcome.OK]
        assert endpoint.read(["1"])["1"].version == made["1"].version

    @pytest.mark.parametrize("count", [1, 20], ids=["few", "many"])
    def test_refuses_an_old_version_and_a_missing_record(self, endpoint: Endpoint, system: System, count: int) -> None:
        good = [f"{number}" for number in range(1, count + 1)]
        made = create(endpoint, *good, "91", "92")
        system.update("91", name="Somebody else was here")
        system.delete("92")
        stale = ["91", "92", "93"]
        version = {**{key: str(result.version) for key, result in made.items()}, "93": "1"}
        updated = endpoint.update([Update(key, version[key], {"name": "Ours"}) for key in [*good, *stale]])
        assert [r.outcome for r in updated] == [Outcome.OK] * count + [Outcome.CONFLICT, Outcome.GONE, Outcome.GONE]
        assert endpoint.read(["91"])["91"].values[0] == "Somebody else was here"
        new = {result.key: str(result.version) for result in updated[:count]}
        deleted = endpoint.delete([Delete(key, new.get(key, version[key])) for key in [*good, *stale]])
        assert [r.outcome for r in deleted] == [Outcome.OK] * count + [Outcome.CONFLICT, Outcome.GONE, Outcome.GONE]
        assert list(all_keys(endpoint)) == ["91"]

    def test_lists_the_version_that_a_write_returned(self, endpoint: Endpoint) -> None:
        made = create(endpoint, *"12345")
        updates = [Update(key, str(made[key].version), {"city": f"City {key}"}) for key in made]
        versions = {result.key: result.version for result in endpoint.update(updates)}
        assert all_keys(endpoint) == versions
        assert {key: stamp.version for key, stamp in endpoint.stamps(list(made)).items()} == versions
        assert not set(versions.values()) & {result.version for result in made.values()}

    def test_leaves_the_versions_of_others_alone(self, endpoint: Endpoint) -> None:
        made = create(endpoint, *"123")
        endpoint.update([Update("2", str(made["2"].version), {"city": "Odense"})])
        versions = all_keys(endpoint)
        assert (versions["1"], versions["3"]) == (made["1"].version, made["3"].version)

    def test_writes_only_the_fields_it_was_sent(self, endpoint: Endpoint) -> None:
        made = create(endpoint, *"12345678")
        names = ["name", "city", "credit", "active"]
        changes = {key: {names[n % 4]: customer(city="Ribe", active=False)[names[n % 4]]} for n, key in enumerate(made)}
        results = endpoint.update([Update(key, str(made[key].version), changes[key]) for key in made])
        assert {result.outcome for result in results} == {Outcome.OK}
        for key, record in endpoint.read(list(made)).items():
            expected = {**customer(f"Customer {key}"), **changes[key]}
            assert dict(zip(FIELDS, record.values, strict=True)) == expected

    @pytest.mark.parametrize("size", [5, 100], ids=["five", "hundred"])
    def test_a_refused_record_takes_nobody_along(self, endpoint: Endpoint, size: int) -> None:
        """SCENARIOS T1."""
        keys = [f"{number}" for number in range(1, size + 1)]
        operations = [Create(f"op-{key}", customer(None if key == "3" else key), key) for key in keys]  # type: ignore[arg-type]
        results = endpoint.create(operations)
        refused = [result for result in results if result.outcome is not Outcome.OK]
        assert [(r.outcome, r.code, r.field) for r in refused] == [(Outcome.INVALID, "value_required", "name")]
        assert set(all_keys(endpoint)) == set(keys) - {"3"}
        versions = all_keys(endpoint)
        updates = [Update(key, versions[key], {"name": None if key == "4" else "New"}) for key in versions]
        outcomes = dict(zip(versions, endpoint.update(updates), strict=True))
        assert [key for key, result in outcomes.items() if result.outcome is not Outcome.OK] == ["4"]
        assert (outcomes["4"].code, outcomes["4"].field) == ("value_required", "name")

    def test_two_operations_on_one_record_run_one_after_the_other(self, endpoint: Endpoint) -> None:
        version = str(create(endpoint, "1")["1"].version)
        results = endpoint.update([Update("1", version, {"city": "Ribe"}), Update("1", version, {"city": "Odense"})])
        assert [result.outcome for result in results] == [Outcome.OK, Outcome.CONFLICT]
        assert endpoint.read(["1"])["1"].values[1] == "Ribe"

    def test_an_empty_update_changes_nothing(self, endpoint: Endpoint) -> None:
        version = str(create(endpoint, "1")["1"].version)
        (result,) = endpoint.update([Update("1", version, {})])
        assert (result.outcome, result.version) == (Outcome.OK, version)
        assert all_keys(endpoint) == {"1": version}

    def test_a_changed_record_is_listed_once_and_then_no_more(self, endpoint: Endpoint, system: System) -> None:
        if endpoint.capabilities.feed is Feed.NONE:
            pytest.skip("the table has no feed")
        create(endpoint, *"123456789")
        _, cursor = all_changes(endpoint, endpoint.start_cursor())
        before = all_keys(endpoint)
        system.update("4", city="Odense")
        system.insert("94", **customer("New"))
        changed, cursor = all_changes(endpoint, cursor, limit=2)
        now = all_keys(endpoint)
        fresh = {key: version for key, version in changed.items() if before.get(key) != version}
        assert fresh == {"4": now["4"], "94": now["94"]}
        again, _ = all_changes(endpoint, cursor)
        assert {key: version for key, version in again.items() if now.get(key) != version} == {}

    def test_a_deleted_record_is_missing(self, endpoint: Endpoint, system: System) -> None:
        create(endpoint, *"123")
        cursor = endpoint.start_cursor()
        system.delete("2")
        assert set(endpoint.stamps(["1", "2", "3"])) == {"1", "3"}
        if endpoint.capabilities.reports_deletes:
            assert endpoint.changes(cursor, 100).deleted == ["2"]

    def test_a_page_boundary_loses_nothing(self, endpoint: Endpoint) -> None:
        """SCENARIOS T9: all of them may have one and the same modified-on."""
        if endpoint.capabilities.feed is Feed.NONE:
            pytest.skip("the table has no feed")
        cursor = endpoint.start_cursor()
        made = create(endpoint, *(f"{number}" for number in range(1, 26)))
        for limit in (1, 2, 5, 25, 26):
            assert set(all_changes(endpoint, cursor, limit)[0]) == set(made)

    def test_refuses_a_cursor_that_is_not_its_own(self, endpoint: Endpoint) -> None:
        cursor = dict(endpoint.start_cursor())
        for strange in ({}, {**cursor, "v": 999}, {**cursor, "kind": "another"}):
            with pytest.raises(CursorExpired):
                endpoint.changes(strange, 10)

    def test_keys_that_differ_in_case(self, endpoint: Endpoint, system: System) -> None:
        if not _keys_are_text(endpoint, system):
            pytest.skip("keys are numbers")
        create(endpoint, "abc")
        (result,) = endpoint.create([Create("op", customer(), "ABC")])
        if endpoint.capabilities.case_sensitive_keys:
            assert result.outcome is Outcome.OK
            assert set(endpoint.read(["abc", "ABC"])) == {"abc", "ABC"}
        else:
            assert result.outcome is Outcome.EXISTS
            assert endpoint.stamps(["ABC"])["ABC"].key == "abc"

    def test_awkward_keys_survive(self, endpoint: Endpoint, system: System) -> None:
        """SCENARIOS T29."""
        if not _keys_are_text(endpoint, system):
            pytest.skip("keys are numbers")
        quotes = ["O'Neil", '"quoted"', "back\\slash", "a,b", "{x}", "NULL", "\\N", ""]
        keys = [*quotes, "a b", "%0A", "100%", "Привет", "\N{GRINNING FACE}"]
        made = create(endpoint, *keys)
        assert set(all_keys(endpoint, limit=3)) == set(keys)
        results = endpoint.update([Update(key, str(made[key].version), {"city": key}) for key in keys])
        assert {result.outcome for result in results} == {Outcome.OK}
        assert {record.values[1] for record in endpoint.read(keys).values()} == set(keys)
        version = {result.key: str(result.version) for result in results}
        assert {r.outcome for r in endpoint.delete([Delete(key, version[key]) for key in keys])} == {Outcome.OK}

    def test_a_text_that_cannot_be_stored_is_one_records_problem(self, endpoint: Endpoint) -> None:
        """SCENARIOS T29: NUL, half a surrogate pair, and a megabyte."""
        texts = {"1": "NUL \0", "2": "\ud83d", "3": "x" * 1_000_000, "4": "fine"}
        results = endpoint.create([Create(key, customer(city=text), key) for key, text in texts.items()])
        outcomes = dict(zip(texts, results, strict=True))
        assert outcomes["4"].outcome is Outcome.OK
        stored = endpoint.read(list(texts))
        for key, text in texts.items():
            if outcomes[key].outcome is Outcome.OK:
                assert stored[key].values[1] == text
            else:
                assert (outcomes[key].outcome, outcomes[key].field) == (Outcome.INVALID, "city")
                assert outcomes[key].code in ("value_not_storable", "value_too_long")
                assert key not in stored

    def test_searches_by_values(self, endpoint: Endpoint) -> None:
        endpoint.create(
            [
                Create("1", customer("Ada Lovelace", city="London"), "1"),
                Create("2", customer(" ada lovelace ", city="Paris"), "2"),
                Create("3", customer("Ærlig Åse", city="Århus"), "3"),
                Create("4", customer("Bob", city=None), "4"),
            ]
        )

        def found(fields: tuple[str, ...], *wanted: tuple[Any, ...], exact: bool) -> set[str]:
            return {r.key for r in endpoint.search(fields, wanted, case_sensitive=[exact] * len(fields))}

        assert found(("name",), ("Ada Lovelace",), exact=True) == {"1"}
        assert found(("name",), ("ADA LOVELACE ",), exact=False) == {"1", "2"}
        assert found(("name",), ("ÆRLIG ÅSE",), ("bob",), exact=False) == {"3", "4"}
        assert found(("name", "city"), ("ada lovelace", "paris"), ("bob", None), exact=False) == {"2"}
        assert found(("credit",), (Decimal("12.5"),), exact=True) == {"1", "2", "3", "4"}
        assert found(("credit",), ("no number",), exact=True) == set()
        assert found(("name",), exact=True) == set()
        unaccented = {"case_sensitive": [False], "accent_sensitive": [False]}
        assert {r.key for r in endpoint.search(["city"], [("arhus",)], **unaccented)} == {"3"}
        assert {r.key for r in endpoint.search(["city"], [("LÔNDON",)], **unaccented)} == {"1"}

    def test_a_record_outside_the_filter_is_excluded_not_missing(self, system: System) -> None:
        """SCENARIOS T13."""
        whole = system.connector.open(system.source)
        create(whole, "1", "2")
        create(whole, "3", city="Odense")
        endpoint = system.connector.open(_filtered(system.source, {"city": "Aarhus"}))
        assert set(all_keys(endpoint)) == {"1", "2"}
        assert {key: stamp.included for key, stamp in endpoint.stamps(["1", "3"]).items()} == {"1": True, "3": False}
        assert {key: record.included for key, record in endpoint.read(["1", "3"]).items()} == {"1": True, "3": False}
        assert endpoint.search(["city"], [("Odense",)], case_sensitive=[True]) == []

    @pytest.mark.parametrize(
        ("filter_", "expected"),
        [
            ({"name": "Bob"}, {"2"}),
            ({"name": ["Bob", "Cid"]}, {"2", "3"}),
            ({"name": {"in": ["Bob"]}}, {"2"}),
            ({"name": {"ne": "Bob"}}, {"1", "3"}),
            ({"city": {"ne": "Aarhus"}}, {"2", "3"}),
            ({"city": None}, {"3"}),
            ({"city": ["Ribe", None]}, {"2", "3"}),
            ({"city": {"isnull": True}}, {"3"}),
            ({"city": {"isnull": False}}, {"1", "2"}),
            ({"credit": {"gt": 10}}, {"2", "3"}),
            ({"credit": {"ge": "10.00", "lt": 30}}, {"1", "2"}),
            ({"credit": {"le": 10}, "active": True}, {"1"}),
            ({"active": False}, {"3"}),
            ({"name": {"contains": "%_d"}}, {"1"}),
            ({"name": {"startswith": "Ada"}}, {"1"}),
        ],
        ids=str,
    )
    def test_filters(self, system: System, filter_: Mapping[str, Any], expected: set[str]) -> None:
        whole = system.connector.open(system.source)
        whole.create(
            [
                Create("1", customer("Ada %_da", credit=Decimal(10)), "1"),
                Create("2", customer("Bob", city="Ribe", credit=Decimal(20)), "2"),
                Create("3", customer("Cid", city=None, credit=Decimal(30), active=False), "3"),
            ]
        )
        assert set(all_keys(system.connector.open(_filtered(system.source, filter_)))) == expected

    @pytest.mark.parametrize(
        "filter_",
        [
            {"nope": 1},
            {"name": {"like": "x"}},
            {"credit": "many"},
            {"active": "perhaps"},
            {"credit": {"contains": "1"}},
        ],
        ids=str,
    )
    def test_refuses_a_filter_that_does_not_fit(self, system: System, filter_: Mapping[str, Any]) -> None:
        with pytest.raises(ConnectorError) as refused:
            system.connector.open(_filtered(system.source, filter_))
        assert refused.value.code.startswith("filter_")
        assert refused.value.params["field"] in filter_

    def test_its_tables_are_listed_by_the_names_they_are_asked_for(self, system: System) -> None:
        listed = system.connector.tables()

        assert TableName(system.source.table, system.source.schema) in listed
        assert len(set(listed)) == len(listed)
        for table in listed:
            assert system.connector.describe(*table).name == table.name

    def test_a_missing_table_and_a_missing_field_are_two_errors(self, system: System) -> None:
        with pytest.raises(TableMissing):
            system.connector.describe("no_such_table", system.source.schema)
        with pytest.raises(TableMissing):
            system.connector.open(Source("no_such_table", ("name",), schema=system.source.schema))
        with pytest.raises(FieldMissing) as missing:
            system.connector.open(Source(system.source.table, ("name", "nope"), schema=system.source.schema))
        assert missing.value.params["field"] == "nope"

    def test_checks_the_connection(self, system: System) -> None:
        health = system.connector.check()
        assert health.version
        assert health.latency >= 0


def _keys_are_text(endpoint: Endpoint, system: System) -> bool:
    (name,) = system.source.key or endpoint.info.key
    type_ = endpoint.info.fields[name].type
    return type_ is not None and type_.kind is Kind.TEXT


def _filtered(source: Source, filter_: Mapping[str, Any]) -> Source:
    return Source(
        source.table,
        source.fields,
        schema=source.schema,
        key=source.key,
        modified_on=source.modified_on,
        version=source.version,
        filter=filter_,
    )
