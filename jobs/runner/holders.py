"""Who works on something, and until when it is believed to live."""

import os
import socket
import uuid
from datetime import timedelta

TERM = timedelta(seconds=20)


class LeaseLost(Exception):
    """The job or its records belong to somebody else by now: nothing of this page may be remembered."""


def new_holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that no longer exists."""
    host, _, rest = holder.partition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(rest.partition(":")[0]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False
