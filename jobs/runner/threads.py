"""Threads of a run say in the log which run they belong to."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from structlog.contextvars import bind_contextvars, get_contextvars


def one_thread(name: str) -> ThreadPoolExecutor:
    """An executor of one thread whose log lines bear what the caller's do: job, mapping, task."""
    return ThreadPoolExecutor(1, thread_name_prefix=name, initializer=_bind, initargs=(get_contextvars(),))


def daemon(name: str, target: Callable[..., Any], *arguments: Any) -> threading.Thread:
    """A thread, not started yet, that does not keep its process alive; its log lines bear what the caller's do."""
    return threading.Thread(target=copy_context().run, args=(target, *arguments), name=name, daemon=True)


def _bind(names: dict[str, Any]) -> None:
    bind_contextvars(**names)
