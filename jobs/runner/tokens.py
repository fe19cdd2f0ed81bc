"""What a page showed of a pair, in one word: when either record moves, the word is another."""

import hashlib

from syncstatus.engine.records import Record


def token_of(left: Record | None, right: Record | None) -> str:
    parts = [record.version if record is not None else None for record in (left, right)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
