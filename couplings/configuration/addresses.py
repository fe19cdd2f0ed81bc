"""The URL of a database taken apart for a form, and put together again."""

from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import quote, unquote

from couplings.configuration import references, urls

FILE: Final = "sqlite"
SYSTEMS: Final = ("postgresql", "mariadb", "mysql", FILE)


@dataclass(frozen=True, slots=True)
class Address:
    """``system`` is one of SYSTEMS. ``user`` and ``password`` are those that stand in the URL, the password as it is
    written there; ``options`` what follows the question mark. References (``${NAME}``) stay as such everywhere."""

    system: str
    host: str = ""
    port: str = ""
    database: str = ""
    user: str = ""
    password: str = ""
    options: str = ""

    @classmethod
    def of(cls, url: str) -> Self | None:
        """The parts of ``url``; None for one that would not be the same when put together again."""
        found = urls.URL.fullmatch(url)
        if found is None:
            return None
        system = found["head"].removesuffix("://")
        host, port, database = _place(system, found["place"])
        user, password = _decoded(found["user"] or ""), found["password"] or ""
        parts = cls(system, host, port, database, user, password, found["query"] or "")
        return parts if system in SYSTEMS and parts.url() == url else None

    def url(self) -> str:
        place = f"/{self.database}" if self.system == FILE else self._server()
        account = ""
        if self.user or self.password:
            account = f"{_encoded(self.user)}{':' if self.password else ''}{self.password}@"
        return urls.assemble(f"{self.system}://", account, place, self.options or None)

    def _server(self) -> str:
        port = f":{self.port}" if self.port else ""
        database = f"/{_encoded(self.database)}" if self.database else ""
        return f"{self.host}{port}{database}"

    def same_system(self, other: "Address") -> bool:
        """Whether both lead to the same program: what is sent to one may be sent to the other."""
        mine, theirs = (replace(one, database="", user="", password="") for one in (self, other))
        return mine == theirs


def written(password: str) -> str:
    """A password as it stands in a URL."""
    return password if references.is_only_references(password) else quote(password, safe="")


def _place(system: str, place: str) -> tuple[str, str, str]:
    if system == FILE:
        return "", "", place.removeprefix("/")
    server, _slash, database = place.partition("/")
    host, colon, port = server.rpartition(":")
    if not colon or server.endswith("]"):
        host, port = server, ""
    return host, port, _decoded(database)


def _encoded(text: str) -> str:
    return text if references.names(text) else quote(text, safe="")


def _decoded(text: str) -> str:
    return text if references.names(text) else unquote(text)
