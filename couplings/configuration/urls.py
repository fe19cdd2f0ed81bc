"""The places of a connection's URL that hold secrets: the password, and parameters such as ``?sslpassword=``."""

import re
from collections.abc import Callable
from urllib.parse import quote

from couplings.configuration import references

# As SQLAlchemy reads it: the password may hold "/" and ":", but neither it nor what follows an "@".
URL = re.compile(
    r"(?P<head>[^:/?#]+://)(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?(?P<at>@))?(?P<place>[^?]*)(?:\?(?P<query>.*))?",
    re.DOTALL,
)
SECRET_PARAMETERS = {"password", "passwd", "pwd", "passphrase", "sslpassword", "ssl_key_password", "token", "secret"}
Change = Callable[[str, str], str]
"""Gets the name of a part (``url``, ``url?sslpassword``) and its raw text, gives the text to put there."""


def is_url(text: str) -> bool:
    """Whether the text has the form of a URL, or may become one when its references are filled in."""
    return URL.fullmatch(text) is not None or references.is_only_references(text)


def has_stray_at(text: str) -> bool:
    """Whether an "@" follows the one behind the password: then the password holds one that is not written %40,
    and where it ends cannot be told."""
    found = URL.fullmatch(text)
    return found is not None and found["at"] is not None and "@" in found["place"]


def password(text: str) -> str:
    found = URL.fullmatch(text)
    return (found["password"] or "") if found else ""


def user(text: str) -> str:
    found = URL.fullmatch(text)
    return (found["user"] or "") if found else ""


def rewrite(text: str, change: Change) -> str:
    """The URL with each secret replaced by what ``change`` gives for it; a text that is no URL stays as it is."""
    found = URL.fullmatch(text)
    if found is None:
        return text
    return assemble(found["head"], userinfo(found, change), found["place"], query(found["query"], change))


def fill(text: str, value: Callable[[str], str]) -> str:
    """The URL with its references filled in. In the user, the password and parameters values are percent-encoded:
    a variable holds the plain password, whatever characters are in it."""
    found = URL.fullmatch(text)
    if found is None:
        return references.fill(text, value)

    def encoded(name: str) -> str:
        return quote(value(name), safe="")

    head, place = references.fill(found["head"], value), references.fill(found["place"], value)
    account = references.fill(userinfo(found, lambda _part, raw: raw), encoded)
    return assemble(head, account, place, None if found["query"] is None else references.fill(found["query"], encoded))


def with_account(text: str, username: str, password: str) -> str:
    """The URL with an account written beside it; parts that are "" stay as the URL has them."""
    found = URL.fullmatch(text)
    if found is None or not (username or password):
        return text
    account = quote(username, safe="") if username else (found["user"] or "")
    secret = quote(password, safe="") if password else (found["password"] or "")
    return assemble(found["head"], f"{account}:{secret}@" if secret else f"{account}@", found["place"], found["query"])


def userinfo(found: re.Match[str], change: Change) -> str:
    if found["at"] is None:
        return ""
    if not found["password"]:
        return f"{found['user']}{'' if found['password'] is None else ':'}@"
    return f"{found['user']}:{change('url', found['password'])}@"


def query(text: str | None, change: Change) -> str | None:
    if text is None:
        return None
    changed = []
    for parameter in text.split("&"):
        name, equals, raw = parameter.partition("=")
        if raw and name.lower() in SECRET_PARAMETERS:
            raw = change(f"url?{name}", raw)
        changed.append(f"{name}{equals}{raw}")
    return "&".join(changed)


def assemble(head: str, account: str, place: str, parameters: str | None) -> str:
    return f"{head}{account}{place}" + ("" if parameters is None else f"?{parameters}")
