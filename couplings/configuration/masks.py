"""Where secrets were taken out of a connection's settings, and putting them back.

A secret is named by its part: ``url``, ``url?sslpassword``, ``auth.password``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from couplings.configuration import urls
from couplings.configuration.entries import MASK
from couplings.configuration.problems import Path


def texts(settings: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in the settings, with the keys that lead to it."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from texts(value, (*path, name))
        elif isinstance(value, str):
            yield (*path, name), value


def change_texts(settings: Mapping[str, Any], change: Callable[[Path, str], str], path: Path = ()) -> dict[str, Any]:
    """The settings with every text replaced by ``change(path, text)``."""
    changed: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            changed[name] = change_texts(value, change, (*path, name))
        else:
            changed[name] = change((*path, name), value) if isinstance(value, str) else value
    return changed


def masked_parts(settings: Mapping[str, Any]) -> list[str]:
    """The parts that hold a mask."""
    found: list[str] = []

    def look(part: str, raw: str) -> str:
        if raw == MASK:
            found.append(part)
        return raw

    for path, text in texts(settings):
        visit(path, text, look)
    return found


def put_back(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The settings with secrets in place of their masks. Raises KeyError for a mask without a secret."""

    def reveal(part: str, raw: str) -> str:
        return secrets[part] if raw == MASK else raw

    return change_texts(settings, lambda path, text: visit(path, text, reveal))


def visit(path: Path, text: str, change: Callable[[str, str], str]) -> str:
    return urls.rewrite(text, change) if path == ("url",) else change(".".join(path), text)


def path_of(part: str) -> Path:
    """The setting a part stands in: ``url?sslpassword`` is in ``url``."""
    return tuple(part.partition("?")[0].split("."))
