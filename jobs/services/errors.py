"""What a service says no to."""

from typing import Any


class Refused(Exception):
    """The wish cannot be carried out, and nothing was changed. ``code`` and ``params`` are a message for the person."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
