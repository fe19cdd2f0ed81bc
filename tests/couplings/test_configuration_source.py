"""Files that are no configuration at all, and the traps of YAML."""

import pytest

from couplings.configuration.problems import ConfigurationRefused, Problem
from couplings.configuration.sentences import located
from couplings.configuration.source import MAX_BYTES, Node, parse

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "m0: &m0 {k: 1}\n" + "".join(
    f"m{number}: &m{number} {{<<: [{', '.join([f'*m{number - 1}'] * 9)}]}}\n" for number in range(1, 9)
)


def refusal(content: bytes | str) -> Problem:
    with pytest.raises(ConfigurationRefused) as refused:
        parse(content.encode() if isinstance(content, str) else content)
    (problem,) = refused.value.problems
    return problem


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        pytest.param("", 0, "file_empty", id="empty"),
        pytest.param("# only a comment\n", 0, "file_empty", id="comment"),
        pytest.param("- a\n- b\n", 1, "file_not_a_mapping", id="list"),
        pytest.param("just text", 1, "file_not_a_mapping", id="text"),
        pytest.param(b"a: 1\nb: \xff\xfe\n", 2, "file_not_utf8", id="bytes that are not UTF-8"),
        pytest.param("a: 1".encode("utf-16"), 1, "file_not_utf8", id="UTF-16"),
        pytest.param("a:\n\tb: 1\n", 2, "tab_indents", id="tab"),
        pytest.param("a: 1\nb: [1, 2\n", 3, "not_yaml", id="open bracket"),
        pytest.param("a: 'open\n", 2, "not_yaml", id="open quote"),
        pytest.param("a: b: c\n", 1, "not_yaml", id="two colons"),
        pytest.param("a: *nothing\n", 1, "not_yaml", id="unknown alias"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "not_yaml", id="two documents"),
        pytest.param("a: 1\nb: \0\n", 2, "character_refused", id="NUL"),
        pytest.param("[" * 3000, 0, "too_deep", id="thousands of brackets"),
        pytest.param("a: &a [*a]\n", 1, "too_deep", id="an anchor that contains itself"),
        pytest.param("a: &a {<<: *a}\n", 1, "too_deep", id="a mapping merged into itself"),
        pytest.param(BOMB, 1, "too_many_nodes", id="a bomb of aliases"),
        pytest.param(MERGE_BOMB, 1, "too_many_nodes", id="a bomb of merges"),
        pytest.param(b" " * (MAX_BYTES + 1), 0, "file_too_large", id="too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(content: bytes | str, line: int, code: str) -> None:
    problem = refusal(content)

    assert (problem.code, problem.line) == (code, line)


def test_a_broken_line_is_not_repeated_because_it_may_hold_a_password() -> None:
    problem = refusal("connections:\n  ERP: {url: 'postgresql://erp:s3cret@host/erp}\n")

    assert "s3cret" not in located(problem, "erp.yaml")
    assert "s3cret" not in repr(problem)


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, "key_twice", id="key twice"),
        pytest.param("a: 1\r\nb: 2\r\na: 3\r\n", 3, "key_twice", id="CRLF"),
        pytest.param("a: {b: 1, b: 2}\n", 1, "key_twice", id="key twice in one line"),
        pytest.param("a: 1\n? [x, y]\n: 2\n", 2, "key_not_text", id="list as key"),
        pytest.param("a: 1\nb: !!python/object:os.system x\n", 2, "tag_refused", id="a tag that builds objects"),
        pytest.param("a: !secret x\n", 1, "tag_refused", id="unknown tag"),
        pytest.param("a: .inf\n", 1, "number_not_finite", id="infinity"),
        pytest.param("a: .nan\n", 1, "number_not_finite", id="not a number"),
        pytest.param("a: 1e999\n", 1, "number_not_finite", id="a number too large"),
        pytest.param("a: 1\n<<: text\n", 2, "merge_not_a_mapping", id="merge of a text"),
    ],
)
def test_a_single_value_is_refused_with_its_line(content: str, line: int, code: str) -> None:
    _node, problems = parse(content.encode())

    assert [(problem.line, problem.code) for problem in problems] == [(line, code)]


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    _node, problems = parse(b"a: 1\nb: 2\na: 3\n")

    assert problems[0].params == {"key": "a", "first": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("true", True),
        ("~", None),
        ("", None),
        ("12", 12),
        ("012", 12),
        ("'012'", "012"),
        ("1.5", 1.5),
        ("12:30", "12:30"),
        ("2026-11-23", "2026-11-23"),
        ("1" * 5000, "1" * 5000),
        ('"a\\tb"', "a\tb"),
        ("Ærøskøbing", "Ærøskøbing"),
        ("!!str 5", "5"),
        ("!!int x", "x"),
    ],
)
def test_values_are_those_of_yaml_1_2_and_dates_stay_text(text: str, value: object) -> None:
    root, problems = parse(f"a: {text}\n".encode())

    assert root.value["a"].value == value
    assert type(root.value["a"].value) is type(value)
    assert problems == []


def test_keys_are_taken_as_they_are_written() -> None:
    root, problems = parse(b"no: 1\n1: 1\ntrue: 1\nnull: 1\n2026-11-23: 1\n'<<': 1\n")

    assert list(root.value) == ["no", "1", "true", "null", "2026-11-23", "<<"]
    assert problems == []


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    root, _problems = parse("\ufeffa: 1\n".encode())

    assert list(root.value) == ["a"]


def test_aliases_and_merges_stand_for_what_they_name() -> None:
    root, problems = parse(b"base: &base {a: 1, b: 2}\nuse: {<<: *base, b: 3}\nlist: {<<: [*base, {a: 9, c: 4}]}\n")

    assert plain(root)["use"] == {"a": 1, "b": 3}
    assert plain(root)["list"] == {"a": 1, "b": 2, "c": 4}
    assert problems == []


def test_ten_thousand_fields_are_read() -> None:
    lines = "".join(f"  field{number}: column{number}\n" for number in range(10_000))

    root, problems = parse(f"fields:\n{lines}".encode())

    assert root.value["fields"].value["field9999"].place.line == 10_001
    assert problems == []


def test_the_representation_of_a_node_hides_its_value() -> None:
    root, _problems = parse(b"password: s3cret\n")

    assert "s3cret" not in repr(root.value)


def plain(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: plain(value) for name, value in node.value.items()}
    return node.value
