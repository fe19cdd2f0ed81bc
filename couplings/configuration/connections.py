"""Connections of a file: their settings, with the secrets taken out."""

from collections.abc import Sequence
from typing import Any

from couplings.configuration import references, urls
from couplings.configuration.allowances import read_allowances
from couplings.configuration.entries import MASK, ConnectionEntry
from couplings.configuration.problems import Problems, nearest
from couplings.configuration.section import Section, kind_of, refused_character
from couplings.configuration.source import Node

KINDS = ("sql",)
LATER_KINDS = ("odata", "dataverse", "business_central")
SETTINGS_LENGTH = 5_000


def read_connection(name: str, node: Node, problems: Problems, kinds: Sequence[str] = KINDS) -> ConnectionEntry | None:
    """The connection, or None when its kind is none of ``kinds``."""
    declared = node.value.get("kind") if isinstance(node.value, dict) else None
    if declared is not None and declared.value not in kinds:
        refuse_kind(declared, kinds, problems)
        return None
    section = Section(node, problems, ("kind", "url", "auth", "limit", "jobs"))
    kind = section.required("kind")
    if kind is None:
        return None
    reader = SettingsReader(section, problems)
    settings = {"url": reader.url(section.required("url")), **reader.auth(section.get("auth"))}
    return ConnectionEntry(name, kind.value, settings | read_allowances(section, problems), reader.secrets)


def refuse_kind(node: Node, kinds: Sequence[str], problems: Problems) -> None:
    kind = node.value if isinstance(node.value, str) else kind_of(node.value)
    later = kind in LATER_KINDS
    code, near = ("kind_not_available", "") if later else ("kind_unknown", nearest(kind, (*kinds, *LATER_KINDS)))
    problems.add(node.place, node.path, code, kind=kind, near=near, known=", ".join(kinds))


class SettingsReader:
    """Reads texts that may be secrets: no problem ever repeats one."""

    def __init__(self, section: Section, problems: Problems) -> None:
        self.section = section
        self.problems = problems
        self.secrets: dict[str, str] = {}

    def text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if not isinstance(node.value, str):
            self.section.refuse(node, "not_text", key=node.path[-1], kind=kind_of(node.value))
        elif not node.value.strip():
            self.section.refuse(node, "text_empty", key=node.path[-1])
        elif bad := refused_character(node.value):
            self.section.refuse(node, "character_refused", character=bad)
        elif len(node.value) > SETTINGS_LENGTH:
            self.section.refuse(node, "text_too_long", key=node.path[-1], limit=SETTINGS_LENGTH)
        elif references.is_malformed(node.value):
            self.section.refuse(node, "reference_malformed", key=node.path[-1])
        else:
            return node.value
        return ""

    def url(self, node: Node | None) -> str:
        text = self.text(node)
        if not text or node is None:
            return ""
        if not urls.is_url(text):
            self.section.refuse(node, "url_invalid")
        elif urls.has_stray_at(text):
            self.section.refuse(node, "url_at_not_encoded")
        else:
            return urls.rewrite(text, self.take_out)
        return ""

    def auth(self, node: Node | None) -> dict[str, Any]:
        if node is None:
            return {}
        section = Section(node, self.problems, ("username", "password"))
        read = {name: text for name in ("username", "password") if (text := self.text(section.get(name)))}
        if "password" in read:
            read["password"] = self.take_out("auth.password", read["password"])
        self.refuse_twice(section)
        return {"auth": read} if read else {}

    def refuse_twice(self, auth: Section) -> None:
        """Two places for one thing: which of them counts should nobody have to guess."""
        url = self.section.get("url")
        text = url.value if url and isinstance(url.value, str) else ""
        for name, in_url in (("username", urls.user(text)), ("password", urls.password(text))):
            if in_url and (node := auth.get(name)):
                auth.refuse(node, "credentials_twice", key=name)

    def take_out(self, part: str, raw: str) -> str:
        """A reference stays where it is; anything literal is kept apart, to be encrypted."""
        if raw == MASK or references.is_only_references(raw):
            return raw
        self.secrets[part] = raw
        return MASK
