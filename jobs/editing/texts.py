"""Settings that a person writes as text: values, lists of values, steps and value maps."""

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from couplings.configuration.problems import ConfigurationRefused, Problem
from couplings.configuration.source import parse
from couplings.configuration.values import plain
from syncstatus.engine.transforms.catalogue import CATALOGUE
from syncstatus.engine.value_maps import as_text
from syncstatus.engine.values import Kind

_TRUE, _FALSE = frozenset({"true", "yes", "oui", "vrai", "1"}), frozenset({"false", "no", "non", "faux", "0"})
_INTEGER: Final = re.compile(r"[+-]?\d{1,30}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)
# A side of “left = right” stands in quotes when it has an equals sign, or spaces at its ends.
_PAIR: Final = re.compile(r'\s*(?P<left>"(?:[^"\\]|\\.)*"|[^=]*?)\s*=\s*(?P<right>"(?:[^"\\]|\\.)*"|.*?)\s*')
# What YAML reads as something else than the text it looks like.
_QUOTED: Final = re.compile(r"^[\s\"']|[\s]$|=")


def typed(text: str, kind: Kind | None) -> Any:
    """What ``text`` means in a field of ``kind``; the text itself where it does not fit, which is told when checked."""
    match kind:
        case Kind.BOOLEAN if text.casefold() in _TRUE | _FALSE:
            return text.casefold() in _TRUE
        case Kind.INTEGER | Kind.DECIMAL | Kind.FLOAT if _INTEGER.fullmatch(text):
            return int(text)
        case Kind.DECIMAL | Kind.FLOAT if _NUMBER.fullmatch(text):
            return float(text)
    return text


def list_text(values: list[Any]) -> str:
    """``a, b, "c, d"``."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(map(as_text, values))
    return out.getvalue().replace(",", ", ") if not any("," in as_text(one) for one in values) else out.getvalue()


def list_of(text: str, kind: Kind | None) -> list[Any]:
    rows = list(csv.reader([text], skipinitialspace=True)) if text.strip() else []
    return [typed(one.strip(), kind) for row in rows for one in row if one.strip()]


def pairs_text(pairs: Mapping[str, Any]) -> str:
    """``DK = Denmark``, a line each."""
    return "\n".join(f"{_quoted(left)} = {_quoted(as_text(right))}" for left, right in pairs.items())


def pairs_of(text: str, kind: Kind | None) -> tuple[dict[str, Any], list[str]]:
    """The pairs, right values as those of a field of ``kind``; and the lines that are none, or that say again what a
    line before has said."""
    found: dict[str, Any] = {}
    odd = []
    for line in text.splitlines():
        if not line.strip():
            continue
        pair = _PAIR.fullmatch(line)
        left = _unquoted(pair["left"]) if pair else None
        right = _unquoted(pair["right"]) if pair else None
        if left is None or right is None or left in found:
            odd.append(line.strip())
        else:
            found[left] = typed(right, kind)
    return found, odd


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if not text or _QUOTED.search(text) else text


def _unquoted(text: str) -> str | None:
    """None for what is no text in quotes, though it looks like one."""
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return None


def steps_text(steps: list[Any]) -> str:
    """One step a line, as the file writes it."""
    return "\n".join(_step_text(step) for step in steps)


def _step_text(step: Any) -> str:
    if isinstance(step, str):
        return step
    ((name, options),) = step.items()
    return f"{name}: {json.dumps(options, ensure_ascii=False)}"


def steps_of(text: str) -> tuple[list[Any], list[Problem]]:
    """The steps, and what is wrong with lines that are not even YAML."""
    steps: list[Any] = []
    problems: list[Problem] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if (step := _step_of_text(line)) is not None:
            steps.append(step)
            continue
        try:
            root, odd = parse(f"step:\n  {line}\n".encode())
        except ConfigurationRefused as refused:
            problems += refused.problems
            continue
        problems += odd
        steps += [plain(root.value["step"])] if "step" in root.value else []
    return steps, problems


def _step_of_text(line: str) -> Any:
    """``prefix: +45``, whose option is a text whatever it looks like; None for a line that says more than that."""
    name, colon, text = line.partition(":")
    options = CATALOGUE[name].options if name in CATALOGUE else {}
    main = next(iter(options.values()), None)
    if not colon or not text.strip() or main is None or main.type is not str or text.strip()[0] in "\"'{[&*!|>%@`#":
        return None
    return {name: text.strip()}
