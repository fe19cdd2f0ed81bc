"""Where a record can be opened in its own application: a side's ``link``, filled in with the record's key.

``{column}`` stands for that part of the key, percent-encoded, and ``{key}`` for the whole of a key with one part.
"""

import json
import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from couplings.models import TableMapping
from syncstatus.engine.records import Side

KEY = "key"
PLACE = re.compile(r"\{([^{}]*)\}")


def places(link: str) -> list[str]:
    """The columns that ``link`` names, in their order."""
    return PLACE.findall(link)


def is_sound(link: str) -> bool:
    """Whether it is a web address, of http or https, whose host no key can change and whose braces are closed."""
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or re.search(r"[{}@]", parts.netloc):
        return False
    return not re.search(r"[{}\s\\]", PLACE.sub("", link))


def unknown(link: str, key: Collection[str]) -> str:
    """The first column that ``link`` names and the key does not have, "" when there is none."""
    known = {*key, KEY} if len(key) == 1 else set(key)
    return next((name for name in places(link) if name not in known), "")


def of(mapping: TableMapping, side: Side, key: str | None) -> str:
    """Where the record ``key`` of ``side`` opens in its application; "" where nobody has said where, or where the key
    is not one of the columns that the link was written for."""
    link = str(getattr(mapping, f"{side.value}_link"))
    if not link or not key:
        return ""
    values = _parts(list(getattr(mapping, f"{side.value}_key")), places(link), key)
    return PLACE.sub(lambda place: quote(values[place[1]], safe=""), link) if values is not None else ""


def _parts(columns: list[str], named: list[str], key: str) -> dict[str, str] | None:
    """The key's parts by column; one that has a single part is what every place stands for."""
    if len(columns) < 2:
        return dict.fromkeys(named, key)
    try:
        parts = json.loads(key)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) != len(columns):
        return None
    return dict(zip(columns, map(str, parts), strict=True))
