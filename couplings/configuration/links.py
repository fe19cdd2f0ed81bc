"""A side's ``link``: where its records open in their own application."""

from couplings import links
from couplings.configuration.problems import Problems
from couplings.configuration.section import read_text
from couplings.configuration.source import Node

LENGTH = 1_000


def read_link(node: Node | None, problems: Problems) -> str:
    """The link, "" and a problem when it is no address of http or https that a key can be filled in to."""
    if node is None:
        return ""
    link = read_text(node, problems, LENGTH)
    if not link:
        return ""
    if not links.is_sound(link):
        problems.add(node.place, node.path, "link_not_web")
    elif not links.places(link):
        problems.add(node.place, node.path, "link_without_key")
    return link
