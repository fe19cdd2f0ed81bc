"""Each mistake in a file has its own message, with the line it stands on."""

import re

import pytest

from couplings.configuration.checks import check, same_tables, shared_targets
from couplings.configuration.entries import Document, SideEntry
from couplings.configuration.problems import ConfigurationRefused, Problems
from couplings.configuration.reader import read_document
from couplings.configuration.sentences import SENTENCES, located, render

FILE = """\
connections:
  ERP:
    kind: sql
    url: postgresql://erp@erp.example.com/erp
  CRM:
    kind: sql
    url: mysql://crm.example.com/crm
    auth: {username: ada}
mappings:
  CUSTOMER:
    left: {connection: ERP, table: customer}
    right: {connection: CRM, table: client}
    direction: bidirectional
    only_coupled: false
    update_conflict: ask
    deletion_conflict: ask
    deleted_and_changed: ask
    delete_guard: {share: 0.5, count: 100}
    schedule: {every: 30m}
    depends_on: [ITEM]
    enabled: true
    fields:
      name: full_name
      phone: {to: telephone, match: 1}
  ITEM:
    left: {connection: ERP, table: item}
    right: {connection: CRM, table: product}
    fields:
      no: number
"""


def find_problems(text: str) -> Problems:
    """Everything that is wrong with a file, as far as the file alone shows it."""
    try:
        document, problems = read_document(text.encode())
    except ConfigurationRefused as refused:
        return Problems(refused.problems)
    problems += check(document, Document())
    problems += same_tables(document, by_name) + shared_targets(document, Document(), by_name)
    return Problems(problems.in_order())


def by_name(side: SideEntry) -> tuple[str, str, str]:
    return side.connection, side.schema, side.table


def changed(old: str, new: str) -> str:
    assert FILE.count(old) == 1, old
    return FILE.replace(old, new)


def test_the_file_itself_is_right() -> None:
    assert find_problems(FILE) == []


CASES = [
    # Names and keys
    ("connections:\n", "connection:\n", 1, "key_unknown"),
    ("connections:\n  ERP:", "connections: [ERP]\nx:\n  ERP:", 1, "not_a_mapping"),
    ("  ERP:\n", "  ERP/1:\n", 2, "name_refused"),
    ("  ERP:\n", "  'ERP ':\n", 2, "name_refused"),
    ("  ERP:\n", f"  {'E' * 101}:\n", 2, "name_refused"),
    ("  CRM:\n", "  erp:\n", 5, "name_twice"),
    ("  ITEM:\n", "  Customer:\n", 25, "name_twice"),
    ("  ITEM:\n", '  "IT\\nEM":\n', 25, "name_refused"),
    ("    direction: bidirectional\n", "    directon: bidirectional\n", 13, "key_unknown"),
    ("    direction: bidirectional\n", "    fields: {a: b}\n", 22, "key_twice"),
    ("share: 0.5, ", "shares: 0.5, ", 18, "key_unknown"),
    ("schedule: {every: 30m}", "schedule: {each: 30m}", 19, "key_unknown"),
    ("schedule: {every: 30m}", "schedule: {}", 19, "key_missing"),
    ("schedule: {every: 30m}", "schedule: 30m", 19, "not_a_mapping"),
    ("{to: telephone, match: 1}", "{to: telephone, macth: 1}", 24, "key_unknown"),
    ("{to: telephone, match: 1}", "{match: 1}", 24, "key_missing"),
    ("    left: {connection: ERP, table: customer}\n", "", 10, "key_missing"),
    ("table: customer}", "tabel: customer}", 11, "key_unknown"),
    ("table: customer}", "table: customer, link: 'javascript:alert({id})'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: '/customer/{id}'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https://{id}.example/'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https://erp@evil.example/{id}'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https:///{id}'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https://[erp/{id}'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https://erp.example/{id'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https://erp.example/ {id}'}", 11, "link_not_web"),
    ("table: customer}", "table: customer, link: 'https://erp.example/'}", 11, "link_without_key"),
    ("table: customer}", "table: customer, link: 7}", 11, "not_text"),
    ("{connection: ERP, table: customer}", "{table: customer}", 11, "key_missing"),
    ("{connection: ERP, table: customer}", "ERP.customer", 11, "not_a_mapping"),
    # Values
    ("direction: bidirectional", "direction: both", 13, "not_a_choice"),
    ("direction: bidirectional", "direction: true", 13, "not_a_choice"),
    ("only_coupled: false", "only_coupled: no", 14, "not_true_or_false"),
    ("only_coupled: false", "only_coupled: 0", 14, "not_true_or_false"),
    ("only_coupled: false", "only_coupled:", 14, "not_true_or_false"),
    ("update_conflict: ask", "update_conflict: oldest", 15, "not_a_choice"),
    ("deletion_conflict: ask", "deletion_conflict: left", 16, "not_a_choice"),
    ("deleted_and_changed: ask", "deleted_and_changed: [ask]", 17, "not_a_choice"),
    ("share: 0.5", "share: 50", 18, "not_a_share"),
    ("share: 0.5", "share: 50%", 18, "not_a_share"),
    ("share: 0.5", "share: true", 18, "not_a_share"),
    ("count: 100", "count: -1", 18, "not_a_whole_number"),
    ("count: 100", "count: 1.5", 18, "not_a_whole_number"),
    ("count: 100", "count: 99999999999", 18, "not_a_whole_number"),
    ("every: 30m", "every: 30", 19, "not_a_duration"),
    ("every: 30m", "every: 0s", 19, "not_a_duration"),
    ("every: 30m", "every: 30 minutes", 19, "not_a_duration"),
    ("every: 30m", "every: -5m", 19, "not_a_duration"),
    ("every: 30m", "every: 9999d", 19, "not_a_duration"),
    ("enabled: true", "enabled: sometimes", 21, "not_true_or_false"),
    ("table: customer}", "table: 1}", 11, "not_text"),
    ("table: customer}", "table: true}", 11, "not_text"),
    ("table: customer}", "table: }", 11, "not_text"),
    ("table: customer}", "table: ''}", 11, "text_empty"),
    ("table: customer}", "table: ' '}", 11, "text_empty"),
    ("table: customer}", f"table: {'c' * 201}}}", 11, "text_too_long"),
    ("table: customer}", 'table: "cus\\0tomer"}', 11, "character_refused"),
    ("table: customer}", 'table: "\\ud800"}', 11, "character_refused"),
    ("table: customer}", "table: customer, key: []}", 11, "list_empty"),
    ("table: customer}", "table: customer, key: [id, id]}", 11, "listed_twice"),
    ("table: customer}", "table: customer, key: [1]}", 11, "not_text"),
    ("table: customer}", "table: customer, version: 7}", 11, "not_text"),
    ("name: full_name", "name: 5", 23, "not_text"),
    ("name: full_name", "name:", 23, "not_text"),
    ("name: full_name", "name: [a, b]", 23, "not_text"),
    ("name: full_name", "? ''\n      : full_name", 23, "text_empty"),
    ("match: 1", "match: 0", 24, "not_a_whole_number"),
    ("match: 1", "match: ", 24, "not_a_whole_number"),
    ("match: 1", "match: true", 24, "not_a_whole_number"),
    ("match: 1", "case_sensitive: false", 24, "case_without_match"),
    ("match: 1", "accent_sensitive: false", 24, "case_without_match"),
    ("match: 1", "conflict: middle", 24, "not_a_choice"),
    ("    fields:\n      no: number\n", "    fields: {}\n", 28, "fields_empty"),
    ("    fields:\n      no: number\n", "    fields: [no]\n", 28, "fields_empty"),
    ("    fields:\n      no: number\n", "", 25, "key_missing"),
    ("      no: number\n", "      no: {to: number, enabled: false}\n", 28, "fields_all_disabled"),
    # Of a later version: refused, never ignored
    # Lookups
    ("match: 1", "lookup: ITEMS", 24, "lookup_unknown"),
    ("match: 1", "lookup: []", 24, "list_empty"),
    ("match: 1", "if_missing: wait", 24, "if_missing_without_lookup"),
    ("match: 1", "lookup: ITEM, if_missing: ignore", 24, "not_a_choice"),
    ("match: 1", "lookup: ITEM, match: 1", 24, "lookup_not_with"),
    ("match: 1", "lookup: ITEM, transform: [trim]", 24, "lookup_not_with"),
    ("match: 1", "lookup: ITEM, values: {a: b}", 24, "lookup_not_with"),
    ("match: 1", "lookup: CUSTOMER, required: true", 24, "lookup_cycle"),
    ("    kind: sql\n    url: mysql", "    kind: odata\n    url: mysql", 6, "kind_not_available"),
    ("    kind: sql\n    url: mysql", "    kind: dataverse\n    tenant: mysql", 6, "kind_not_available"),
    ("    kind: sql\n    url: mysql", "    kind: business_central\n    url: mysql", 6, "kind_not_available"),
    # Transformations
    ("match: 1", "transform: trimm", 24, "transform_unknown"),
    ("match: 1", "transform: [1]", 24, "transform_not_a_step"),
    ("match: 1", "transform: [{trim: 1, upper: 2}]", 24, "transform_not_a_step"),
    ("match: 1", "transform: [{trim: left}]", 24, "transform_without_options"),
    ("match: 1", "transform: [prefix]", 24, "transform_option_missing"),
    ("match: 1", "transform: [{prefix: {txt: a}}]", 24, "transform_option_unknown"),
    ("match: 1", "transform: [{prefix: 5}]", 24, "transform_option_value"),
    ("match: 1", "transform: [{pad: 0}]", 24, "transform_option_value"),
    ("match: 1", "transform: [{pad: {length: 3, with: ab}}]", 24, "transform_one_character"),
    ("match: 1", "transform: [{regex: {pattern: '(', by: ''}}]", 24, "transform_pattern"),
    ("match: 1", "transform: [{regex: {pattern: '(?=a)', by: ''}}]", 24, "transform_pattern"),
    ("match: 1", "transform: [{regex: {pattern: 'a', by: '\\7'}}]", 24, "transform_pattern"),
    ("match: 1", "transform: [{format_number: xx_nowhere}]", 24, "transform_locale"),
    ("match: 1", "transform: [{format_date: {pattern: dd.MM.yyyy, zone: Mars/Olympus}}]", 24, "transform_zone"),
    ("match: 1", "transform: [{format_date: EEEE}]", 24, "transform_date_pattern"),
    ("match: 1", "transform: [{phone: XX}]", 24, "transform_region"),
    ("match: 1", "transform: [{country: alpha2}]", 24, "transform_option_value"),
    ("match: 1", "transform: [{expression: 'value +'}]", 24, "transform_expression"),
    ("match: 1", "transform: [{expression: 'value ** 9'}]", 24, "transform_expression"),
    ("match: 1", "transform: [{expression: 'value.upper()'}]", 24, "transform_function"),
    ("match: 1", "transform: [{expression: 'open(value)'}]", 24, "transform_function"),
    ("match: 1", "transform: [{expression: '[x for x in value]'}]", 24, "transform_expression"),
    ("match: 1", f"transform: [{', '.join(['trim'] * 21)}]", 24, "transforms_too_many"),
    ("match: 1", "transform: [trim, {substring: 3}]", 24, "transform_not_reversible"),
    ("match: 1", "transform: {to_right: [{replace: {text: a, by: b}}]}", 24, "transform_not_reversible"),
    ("match: 1", "transform: {to_right: [{join: [a, b]}], to_left: []}", 24, "transform_reads_record"),
    ("match: 1", "direction: left_to_right, transform: {to_left: [trim]}", 24, "transform_way_unused"),
    ("match: 1", "match: 1, direction: left_to_right, transform: [{join: [a, b]}]", 24, "match_of_record"),
    # Value maps
    ("match: 1", "values: {}", 24, "values_empty"),
    ("match: 1", "values: [a]", 24, "values_empty"),
    ("match: 1", "values: {a: [b]}", 24, "filter_value"),
    ("match: 1", "values: {map: {a: b}, default: c}", 24, "key_unknown"),
    ("match: 1", "values: {a: x, b: y, c: x}", 24, "values_not_reversible"),
    ("match: 1", f"values: {{{', '.join(f'v{n}: {n}' for n in range(10_001))}}}", 24, "values_too_many"),
    # Constants and defaults
    ("depends_on: [ITEM]", "constants: {right: {telephone: x}}", 20, "field_written_twice"),
    ("depends_on: [ITEM]", "constants: {middle: {a: x}}", 20, "key_unknown"),
    ("depends_on: [ITEM]", "constants: {right: {a: [x]}}", 20, "filter_value"),
    ("depends_on: [ITEM]", "defaults: {right: []}", 20, "defaults_count"),
    ("depends_on: [ITEM]", "defaults: {right: [{when: {a: 1}}]}", 20, "key_missing"),
    ("depends_on: [ITEM]", "defaults: {right: [{set: {telephone: x}}]}", 20, "default_of_mapped_field"),
    ("match: 1", "enabled: maybe", 24, "not_true_or_false"),
    ("depends_on: [ITEM]", "constants: {right: {full_name: x}}", 20, "field_written_twice"),
    # Connections
    ("    kind: sql\n    url: mysql", "    kind: sqll\n    url: mysql", 6, "kind_unknown"),
    ("    kind: sql\n    url: mysql", "    kind: 5\n    url: mysql", 6, "kind_unknown"),
    ("    kind: sql\n    url: mysql", "    url: mysql", 5, "key_missing"),
    ("    kind: sql\n    url: mysql", "    kind: sql\n    urls: mysql", 7, "key_unknown"),
    ("mysql://crm.example.com/crm", "crm.example.com", 7, "url_invalid"),
    ("mysql://crm.example.com/crm", "5", 7, "not_text"),
    ("mysql://crm.example.com/crm", "''", 7, "text_empty"),
    ("mysql://crm.example.com/crm", f"mysql://{'c' * 5000}", 7, "text_too_long"),
    ("mysql://crm.example.com/crm", "mysql://u:p@ss@crm.example.com/crm", 7, "url_at_not_encoded"),
    ("mysql://crm.example.com/crm", "mysql://u:p@w/x@crm.example.com/crm", 7, "url_at_not_encoded"),
    ("mysql://crm.example.com/crm", "mysql://${CRM-HOST}/crm", 7, "reference_malformed"),
    ("mysql://crm.example.com/crm", "mysql://${NO_SUCH_VARIABLE}/crm", 7, "variable_unset"),
    ("mysql://crm.example.com/crm", "mysql://:********@crm.example.com/crm", 7, "secret_not_stored"),
    ("mysql://crm.example.com/crm", "mysql://bob@crm.example.com/crm", 8, "credentials_twice"),
    ("{username: ada}", "{username: ada, password: 1234}", 8, "not_text"),
    ("{username: ada}", "{username: ada, password: ********}", 8, "not_yaml"),
    ("{username: ada}", "{username: ada, password: '********'}", 8, "secret_not_stored"),
    ("{username: ada}", "{username: ada, pasword: x}", 8, "key_unknown"),
    ("{username: ada}", "ada", 8, "not_a_mapping"),
    # Filters
    ("table: customer}", "table: customer, filter: DK}", 11, "filter_not_a_mapping"),
    ("table: customer}", "table: customer, filter: {a: {}}}", 11, "filter_empty"),
    ("table: customer}", "table: customer, filter: {a: []}}", 11, "filter_list_needed"),
    ("table: customer}", "table: customer, filter: {a: {in: DK}}}", 11, "filter_list_needed"),
    ("table: customer}", "table: customer, filter: {a: [[1]]}}", 11, "filter_value"),
    ("table: customer}", "table: customer, filter: {a: [null]}}", 11, "filter_value"),
    ("table: customer}", "table: customer, filter: {a: {eq: null}}}", 11, "filter_value"),
    ("table: customer}", "table: customer, filter: {a: {like: x}}}", 11, "operator_unknown"),
    ("table: customer}", "table: customer, filter: {a: {isnull: yes}}}", 11, "not_true_or_false"),
    ("table: customer}", "table: customer, filter: {a: {contains: 5}}}", 11, "operand_not_text"),
    ("table: customer}", "table: customer, filter: {a: {startswith: ''}}}", 11, "operand_not_text"),
    ("table: customer}", "table: customer, filter: {a: {gt: true}}}", 11, "operand_not_ordered"),
    ("table: customer}", 'table: customer, filter: {a: "\\0"}}', 11, "character_refused"),
    # Combinations
    ("left: {connection: ERP, table: item}", "left: {connection: EPR, table: item}", 26, "connection_unknown"),
    ("depends_on: [ITEM]", "depends_on: [ITEMS]", 20, "parent_unknown"),
    ("depends_on: [ITEM]", "depends_on: CUSTOMER", 20, "depends_on_cycle"),
    ("update_conflict: ask", "update_conflict: newest", 15, "newest_needs_modified_on"),
    ("match: 1", "conflict: newest", 24, "newest_needs_modified_on"),
    ("to: telephone", "to: full_name", 24, "field_written_twice"),
    ("connection: CRM, table: client", "connection: ERP, table: customer", 12, "same_table"),
]


@pytest.mark.parametrize(("old", "new", "line", "code"), CASES, ids=[f"{case[3]} {case[1][:40]}" for case in CASES])
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, code: str) -> None:
    problems = find_problems(changed(old, new))

    assert (line, code) in [(problem.line, problem.code) for problem in problems]
    assert all(located(problem, "sync.yaml") for problem in problems)


def test_a_field_that_would_travel_against_its_mapping_is_refused() -> None:
    text = changed("direction: bidirectional", "direction: left_to_right").replace(
        "match: 1", "direction: right_to_left"
    )

    assert [(problem.line, problem.code) for problem in find_problems(text)] == [(24, "field_against_mapping")]


def test_a_direction_in_which_no_field_travels_is_refused() -> None:
    text = FILE.replace("      no: number", "      no: {to: number, direction: left_to_right}")

    (problem,) = find_problems(text)

    assert (problem.line, problem.code, problem.params) == (25, "nothing_travels", {"connection": "ERP"})


def test_a_circle_of_dependencies_is_told_once_with_its_way() -> None:
    text = FILE + "    depends_on: [CUSTOMER]\n"

    (problem,) = find_problems(text)

    assert (problem.line, problem.code) == (20, "depends_on_cycle")
    assert problem.params == {"cycle": "CUSTOMER → ITEM → CUSTOMER"}


TWICE = """\
  CLIENT:
    left: {connection: ERP, table: person}
    right: {connection: CRM, table: client}
    direction: left_to_right
    fields:
      label: full_name
"""


def test_two_mappings_that_write_the_same_field_are_refused() -> None:
    (problem,) = find_problems(FILE + TWICE)

    assert (problem.line, problem.code) == (35, "target_shared")
    assert problem.params == {"field": "full_name", "connection": "CRM", "other": "CUSTOMER"}


def test_filters_on_both_may_keep_their_records_apart() -> None:
    text = changed("table: client}", "table: client, filter: {kind: company}}")

    assert find_problems(text + TWICE.replace("table: client}", "table: client, filter: {kind: person}}")) == []
    same = find_problems(text + TWICE.replace("table: client}", "table: client, filter: {kind: company}}"))
    assert [problem.code for problem in same] == ["target_shared"]


def test_a_disabled_mapping_writes_nothing_and_is_in_nobodys_way() -> None:
    assert find_problems(FILE + TWICE + "    enabled: false\n") == []


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = FILE.replace("share: 0.5", "share: 7").replace("only_coupled: false", "only_coupled: no")
    text = text.replace("match: 1", "lookups: ITEM").replace("table: item", "tabel: item")
    text = text.replace("depends_on: [ITEM]", "depends_on: [VENDOR]")

    found = [(problem.line, problem.code) for problem in find_problems(text)]

    assert found == [
        (14, "not_true_or_false"),
        (18, "not_a_share"),
        (20, "parent_unknown"),
        (24, "key_unknown"),
        (26, "key_missing"),
        (26, "key_unknown"),
    ]


PARENT = """\
  NOTE:
    left: {connection: ERP, table: note}
    right: {connection: %s, table: memo}
    fields:
      customer: {to: client, lookup: CUSTOMER, required: true}
"""


def test_a_lookup_names_the_mapping_of_the_records_it_refers_to() -> None:
    assert find_problems(changed("match: 1", "lookup: item, if_missing: keep") + PARENT % "CRM") == []
    found = find_problems(FILE + PARENT % "ERP")
    assert [(problem.line, problem.code) for problem in found] == [(34, "lookup_connections")]


def test_a_key_of_several_fields_is_no_lookups_parent() -> None:
    text = changed("table: customer}", "table: customer, key: [area, no]}") + PARENT % "CRM"
    assert [(problem.line, problem.code) for problem in find_problems(text)] == [(34, "lookup_composite")]


def test_records_that_cannot_be_without_each_other_are_refused_with_their_circle() -> None:
    text = changed("match: 1", "lookup: NOTE, required: true") + PARENT % "CRM"
    (problem,) = find_problems(text)
    assert (problem.line, problem.params["cycle"]) == (24, "CUSTOMER → NOTE → CUSTOMER")
    assert find_problems(text.replace("lookup: NOTE, required: true", "lookup: NOTE")) == []


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        ("    direction: bidirectional\n", "    directon: bidirectional\n", "direction"),
        ("update_conflict: ask", "update_conflict: Newest", "newest"),
        ("depends_on: [ITEM]", "depends_on: [ITEMS]", "ITEM"),
        ("match: 1", "lookup: ITEMS", "ITEM"),
        ("left: {connection: ERP, table: item}", "left: {connection: erp, table: item}", "ERP"),
        ("table: customer}", "table: customer, filter: {a: {contain: x}}}", "contains"),
    ],
)
def test_a_near_miss_is_told_what_was_probably_meant(old: str, new: str, near: str) -> None:
    (problem,) = find_problems(changed(old, new))

    assert render(problem).endswith(f"Did you mean “{near}”?")


def test_a_problem_reads_like_that_of_a_compiler() -> None:
    (problem,) = find_problems(changed("only_coupled: false", "only_coupled: no"))

    assert located(problem, "sync.yaml") == (
        "sync.yaml:14: mappings.CUSTOMER.only_coupled: “only_coupled” must be true or false, not “no”."
    )


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_of_other_systems_count_the_same(ending: str) -> None:
    text = changed("only_coupled: false", "only_coupled: no").replace("\n", ending)

    assert [problem.line for problem in find_problems(text)] == [14]


@pytest.mark.parametrize("secret", ["s3cret", "1234", "s3 cret", "${"])
def test_no_message_repeats_a_password(secret: str) -> None:
    files = [
        changed("{username: ada}", f"{{username: ada, password: {secret}, x: 1}}"),
        changed("mysql://crm.example.com/crm", f"mysql://u:{secret}@a@b/crm"),
        changed("mysql://crm.example.com/crm", f"'mysql:// u:{secret}'"),
    ]
    for text in files:
        shown = "".join(located(problem, "f") + repr(problem) for problem in find_problems(text))
        assert secret not in shown.replace("“${”", "").replace("“$${”", "").replace("${PASSWORD}", "")


def test_fields_may_have_any_name_a_database_allows() -> None:
    names = [
        "name",
        "Ærø",
        "with space",
        "quo'te",
        'dou"ble',
        "no",
        "true",
        "1",
        "ключ",
        "a.b",
        "😀",
        "#x",
        "- y",
        "<<",
    ]
    lines = "".join(
        f"      {name!r}: {name!r}\n" if "'" not in name else f'      "{name}": "{name}"\n' for name in names
    )
    document, problems = read_document(FILE.replace("      name: full_name\n", lines).encode())

    assert problems == []
    assert [field.left for field in document.mappings["CUSTOMER"].fields][:-1] == [*names]


def test_an_alias_may_stand_for_a_side() -> None:
    text = changed("right: {connection: CRM, table: client}", "right: &crm {connection: CRM, table: client}")
    text = text.replace("right: {connection: CRM, table: product}", "right: {<<: *crm, table: product}")
    document, problems = read_document(text.encode())

    assert problems == []
    assert document.mappings["ITEM"].right == SideEntry("CRM", "product")


def test_every_message_says_something_and_ends_like_a_sentence() -> None:
    for code, sentence in SENTENCES.items():
        assert str(sentence).endswith((".", "?")), code
        assert not re.search(r"[^%]%[^(%]", str(sentence)), code


LIMITED = """\
connections:
  ERP:
    kind: sql
    url: sqlite:////tmp/erp
    limit: {requests: 100, per: 90s}
    jobs: 2
"""


def test_what_a_connection_allows() -> None:
    document, problems = read_document(LIMITED.encode())
    assert list(problems) == []
    assert document.connections["ERP"].settings["limit"] == {"requests": 100, "per": "1m30s"}
    assert document.connections["ERP"].settings["jobs"] == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("requests: 100, ", "", 5, "key_missing"),
        (", per: 90s", "", 5, "key_missing"),
        ("requests: 100", "requests: 0", 5, "not_a_whole_number"),
        ("per: 90s", "per: 0s", 5, "not_a_duration"),
        ("per: 90s", "per: fast", 5, "not_a_duration"),
        ("per: 90s", "per: 90s, burst: 5", 5, "key_unknown"),
        ("{requests: 100, per: 90s}", "100", 5, "not_a_mapping"),
        ("jobs: 2", "jobs: 0", 6, "not_a_whole_number"),
        ("jobs: 2", "jobs: many", 6, "not_a_whole_number"),
    ],
)
def test_allowances_that_make_no_sense(old: str, new: str, line: int, code: str) -> None:
    found = find_problems(LIMITED.replace(old, new))
    assert [(problem.line, problem.code) for problem in found] == [(line, code)]


def test_a_kind_of_an_installed_package() -> None:
    text = LIMITED.replace("kind: sql", "kind: fax").encode()
    document, problems = read_document(text, ("sql", "fax"))
    assert list(problems) == []
    assert document.connections["ERP"].kind == "fax"
    assert [problem.code for problem in read_document(text)[1]] == ["kind_unknown"]


def test_two_mappings_with_a_constant_for_the_same_field_are_refused() -> None:
    first = changed("depends_on: [ITEM]", "constants: {right: {company: 1}}")
    second = TWICE.replace("label: full_name", "label: nickname\n    constants: {right: {company: 2}}")

    (problem,) = find_problems(first + second)

    assert (problem.code, problem.path) == ("target_shared", ("mappings", "CLIENT", "constants", "right", "company"))
    assert problem.line == 36
