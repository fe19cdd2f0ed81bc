"""Every message code of the code base has a sentence that tells what happened."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils.translation import override

from couplings import messages
from couplings.models.error import KINDS
from couplings.sentences import NEXT_STEPS, NEXT_STEPS_BY_CODE, SENTENCES
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine import problems
from syncstatus.engine.decisions import ErrorKind
from tests import given

ROOT = Path(settings.BASE_DIR)
WORD = r'"([a-z]+(?:_[a-z]+)+)"'
# Where codes are made: refusals, problems, unreadable values, results of writes, states of jobs.
MADE = [
    re.compile(rf"\b(?:Refused|ValueRefused|SecretUnusable|_refuse|Unreadable)\(\s*{WORD}"),
    re.compile(rf"\bProblem\(\s*[\w.]+,\s*{WORD}"),
    re.compile(rf"\bcode={WORD}"),
    re.compile(rf"UNREADABLE_\w+: Final = {WORD}"),
]
# A line of the tables in which a module lists its codes.
LISTED = re.compile(r"^([a-z]+(?:_[a-z]+)*)  +[a-z(]", re.MULTILINE)


def subclasses(error: type[ConnectorError]) -> Iterator[type[ConnectorError]]:
    yield error
    for child in error.__subclasses__():
        yield from subclasses(child)


def codes() -> set[str]:
    found = {error.code for error in subclasses(ConnectorError) if error.__module__.startswith("syncstatus.connectors")}
    for folder in ("syncstatus/engine", "syncstatus/connectors", "jobs", "couplings"):
        for file in (ROOT / folder).rglob("*.py"):
            if "configuration" not in str(file) and "migrations" not in file.parts:
                text = file.read_text()
                found |= {code for pattern in MADE for code in pattern.findall(text)}
    for module in ("syncstatus/engine/problems.py", "syncstatus/connectors/sql/failures.py"):
        found |= set(LISTED.findall((ROOT / module).read_text()))
    return found - {"code"}


def test_the_search_for_codes_finds_them() -> None:
    assert {"conflict", "mass_deletion", "text_too_long", "unreachable", "moved_meanwhile"} <= codes()
    assert problems.__doc__
    assert len(codes()) > 60


def test_every_code_has_a_sentence() -> None:
    assert codes() - set(SENTENCES) == set()


def test_every_kind_of_error_has_a_next_step() -> None:
    assert set(NEXT_STEPS) == {kind.value for kind in ErrorKind} == {value for value, _label in KINDS}
    assert set(NEXT_STEPS_BY_CODE) <= set(SENTENCES)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_reads_well_with_and_without_parameters(code: str, language: str) -> None:
    with override(language):
        for params in ({}, {"record": "Adatum", "side": "ERP", "fields": ["phone"], "detail": "100 % wrong"}):
            sentence = messages.render(code, params)
            assert "%(" not in sentence
            assert "  " not in sentence
            assert sentence[0] not in ".,"


def test_a_time_that_ends_with_a_stop_ends_its_sentence() -> None:
    said = messages.render("why_in_step", {"until": "2026-11-23T07:13:00+00:00"})
    assert said.endswith("7:13 a.m.")


def test_unknown_codes_are_told_in_the_systems_own_words() -> None:
    assert messages.render("brand_new", {"detail": "disk full"}) == "disk full"
    assert messages.render("brand_new", {}) == "Something unexpected happened (brand_new)."


@pytest.mark.parametrize(
    "params", [{"fields": None}, {"fields": [], "side": None}, {"limit": [1]}, {"detail": {"a": 1}}]
)
def test_odd_parameters_break_no_page(params: dict[str, Any]) -> None:
    for code in SENTENCES:
        assert messages.render(code, params)


def test_fields_bear_both_names_and_long_lists_are_cut() -> None:
    params = {"fields": ["phone", "fax"], "right_fields": ["telephone", "fax"], "side": "CRM"}
    many = {"fields": [f"f{number}" for number in range(30)], "side": "CRM"}

    assert messages.render("value_required", params).endswith("phone / telephone, fax requires a value.")
    assert messages.render("value_required", many).endswith("f9, and more requires a value.")
    assert "amount requires a value" in messages.render("value_required", {"field": "amount"})


def test_the_reason_makes_the_sentence() -> None:
    params = {"table": "customer", "connection": "ERP", "reason": "no_primary_key"}

    assert messages.render("key_missing", params) == (
        "The table customer in ERP has no primary key, and the mapping names none."
    )
    assert "no usable key" in messages.render("key_missing", {**params, "reason": "another"})


@pytest.mark.django_db
def test_an_errors_sentence_names_record_table_fields_and_systems() -> None:
    mapping = given.mapping()
    conflict, gone = given.error(mapping, 1), given.deleted(mapping, 2)
    raw = given.error(mapping, 3, code="required_empty", params={"side": "right", "fields": ["phone"]})

    assert messages.of(conflict) == (
        "Cannot update a record in the CUSTOMER table. The mapping of phone / telephone is bidirectional, and both "
        "values have changed since the last synchronization."
    )
    assert messages.of(gone) == (
        "The Adatum 2 record cannot be updated because it is coupled to a deleted record. It was deleted in CRM."
    )
    assert messages.of(raw) == "phone is empty, but CRM requires a value."


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    params = {"fields": ["name"], "length": 1234567, "limit": 100, "side": "ERP"}

    assert "1,234,567 characters" in messages.render("text_too_long", params)
    with override("fr"):
        assert "1\xa0234\xa0567 caractères" in messages.render("text_too_long", params)


def test_the_number_of_a_job_is_its_name() -> None:
    assert "Job 1362 had" in messages.render("job_ended", {"job": 1362})
    assert "Job 1362 has" in messages.render("not_a_plan", {"plan": 1362})
