"""Keys that the store cannot remember: longer than an index takes, with NUL, or no valid text.

Their records get an error under a label of the key; nothing else of a run ever sees such a key.
"""

import hashlib

from jobs.runner.candidates import Candidate
from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.records import Side

LONGEST = 2000  # bytes; an index of PostgreSQL takes 2,700 for all columns of an entry
KEY_NOT_STORABLE = "key_not_storable"
_SHOWN = 100


def is_storable(key: str) -> bool:
    if key.isascii():
        return len(key) <= LONGEST and "\0" not in key
    return _is_text(key) and len(key.encode()) <= LONGEST and "\0" not in key


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def key_problem(side: Side, label: str) -> Problem:
    return Problem(ErrorKind.VALIDATION, "key_not_storable", {"side": side.value, "key": label})


def unstorable(side: Side, key: str) -> Candidate:
    """The record as a problem, under a label that is the same in each run."""
    raw = key.encode("utf-8", "surrogatepass")
    shown = key[:_SHOWN].replace("\0", "\u2400").encode("utf-8", "replace").decode()
    label = f"{shown}… ({hashlib.sha256(raw).hexdigest()[:16]})"
    candidate = Candidate(refused=key_problem(side, label))
    candidate.set_key(side, label)
    return candidate
