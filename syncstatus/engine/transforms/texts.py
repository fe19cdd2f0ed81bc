"""Steps on texts."""

from collections.abc import Mapping
from typing import Any, Final

import re2

from syncstatus.engine.transforms.step import (
    Function,
    Nature,
    Option,
    Step,
    StepInvalid,
    Transformation,
    TransformFailed,
)

Options = Mapping[str, Any]
_LONGEST_RESULT: Final = 1_000_000


def _plain(function: Function) -> Any:
    """A step without options that leaves what is no text as it is."""

    def build(_options: Options) -> Function:
        return lambda value: function(value) if isinstance(value, str) else value

    return build


def _substring(options: Options) -> Function:
    start, length = options["from"] - 1, options["length"]
    end = None if length is None else start + length
    return lambda text: text[start:end]


def _pad(options: Options) -> Function:
    length, fill = options["length"], options["with"]
    if len(fill) != 1:
        raise StepInvalid("transform_one_character", option="with")
    if options["side"] == "right":
        return lambda text: text.ljust(length, fill)
    return lambda text: text.rjust(length, fill)


def _replace(options: Options) -> Function:
    old, new = options["text"], options["by"]
    if not old:
        raise StepInvalid("transform_option_empty", option="text")
    return lambda text: _bounded(text.replace(old, new))


def _bounded(text: str) -> str:
    if len(text) > _LONGEST_RESULT:
        raise TransformFailed
    return text


def _regex(options: Options) -> Function:
    """RE2 works in a time that grows with the text alone, whatever the pattern (DESIGN: a pattern may not hang us)."""
    settings = re2.Options()
    settings.log_errors = False
    settings.case_sensitive = not options["ignore_case"]
    try:
        pattern = re2.compile(options["pattern"], settings)
        re2.compile(f"(?:{options['pattern']})?", settings).sub(options["by"], "")  # that matches, whatever it is
    except (re2.error, IndexError, ValueError) as error:
        raise StepInvalid("transform_pattern", pattern=options["pattern"], detail=_words(error)) from None
    replacement = options["by"]
    return lambda text: _bounded(pattern.sub(replacement, text))


def _words(error: Exception) -> str:
    """RE2 gives its reasons as bytes."""
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _prefix(options: Options) -> Function:
    prefix = options["text"]
    return lambda text: f"{prefix}{text}"


def _suffix(options: Options) -> Function:
    suffix = options["text"]
    return lambda text: f"{text}{suffix}"


def _without_prefix(options: Options) -> Function:
    prefix = options["text"]

    def remove(text: str) -> str:
        if not text.startswith(prefix):
            raise TransformFailed
        return text[len(prefix) :]

    return remove


def _without_suffix(options: Options) -> Function:
    suffix = options["text"]

    def remove(text: str) -> str:
        if not text.endswith(suffix):
            raise TransformFailed
        return text[: len(text) - len(suffix)]

    return remove


def _split(options: Options) -> Function:
    separator, part, rest = options["by"], options["part"], options["rest"]
    if not separator or not part:
        raise StepInvalid("transform_option_empty", option="part" if separator else "by")

    def pick(text: str) -> str | None:
        parts = text.split(separator, part - 1) if rest and part > 0 else text.split(separator)
        if not -len(parts) <= part <= len(parts):
            return None
        return parts[part if part < 0 else part - 1].strip()

    return pick


def _opposite(name: str) -> Any:
    return lambda options: Step(name, dict(options))


_TEXT: Final = {"text": Option(str, required=True)}

TEXTS: Final = (
    Transformation("trim", Nature.NORMAL, build=_plain(str.strip), takes=None, gives=None),
    Transformation("upper", Nature.NORMAL, build=_plain(str.upper), takes=None, gives=None),
    Transformation("lower", Nature.NORMAL, build=_plain(str.lower), takes=None, gives=None),
    Transformation("title", Nature.NORMAL, build=_plain(str.title), takes=None, gives=None),
    Transformation(
        "substring",
        Nature.ONE_WAY,
        {"length": Option(int, least=1, most=100_000), "from": Option(int, 1, least=1, most=100_000)},
        _substring,
    ),
    Transformation(
        "pad",
        Nature.NORMAL,
        {
            "length": Option(int, required=True, least=1, most=1_000),
            "with": Option(str, "0"),
            "side": Option(str, "left", choices=("left", "right")),
        },
        _pad,
    ),
    Transformation(
        "replace", Nature.ONE_WAY, {"text": Option(str, required=True), "by": Option(str, required=True)}, _replace
    ),
    Transformation(
        "regex",
        Nature.ONE_WAY,
        {
            "pattern": Option(str, required=True),
            "by": Option(str, required=True),
            "ignore_case": Option(bool, False),
        },
        _regex,
    ),
    Transformation("prefix", Nature.REVERSIBLE, _TEXT, _prefix, undone_by=_opposite("remove_prefix")),
    Transformation("suffix", Nature.REVERSIBLE, _TEXT, _suffix, undone_by=_opposite("remove_suffix")),
    Transformation("remove_prefix", Nature.REVERSIBLE, _TEXT, _without_prefix, undone_by=_opposite("prefix")),
    Transformation("remove_suffix", Nature.REVERSIBLE, _TEXT, _without_suffix, undone_by=_opposite("suffix")),
    Transformation(
        "split",
        Nature.ONE_WAY,
        {
            "by": Option(str, required=True),
            "part": Option(int, 1, least=-1_000, most=1_000),
            "rest": Option(bool, False),
        },
        _split,
    ),
)
