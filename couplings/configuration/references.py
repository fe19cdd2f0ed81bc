"""``${NAME}`` in a connection's settings: kept as written in the store, read from the environment when used."""

import re
from collections.abc import Callable

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# ``$${`` stands for the two characters ``${`` themselves.
TOKEN = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MALFORMED = re.compile(r"(?<!\$)\$\{(?![A-Za-z_][A-Za-z0-9_]*\})")


def names(text: str) -> list[str]:
    """The variables a text refers to, in order."""
    return [name for name in TOKEN.findall(text) if name]


def is_malformed(text: str) -> bool:
    """Whether the text holds a ``${`` that is neither a reference nor doubled."""
    return MALFORMED.search(text) is not None


def is_only_references(text: str) -> bool:
    """Whether nothing of the text is literal, so that storing it as it is gives no secret away."""
    return bool(text) and "$$" not in text and not REFERENCE.sub("", text)


def fill(text: str, value: Callable[[str], str]) -> str:
    """The text with each reference replaced by ``value(name)``."""
    return TOKEN.sub(lambda found: value(found[1]) if found[1] else "${", text)
