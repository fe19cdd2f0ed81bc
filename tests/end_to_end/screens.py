"""Screens people have, and what can be asked of a page that is drawn on one."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 360, "height": 780}

# WCAG 2.2 AA and what its authors recommend beside it.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}

# What makes the whole page scroll sideways.
TOO_WIDE = """
() => document.documentElement.scrollWidth <= window.innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > window.innerWidth)
  .map((element) => `${element.tagName}.${element.className}`)
"""


def violations(page: Page) -> list[str]:
    """What axe-core finds: the rule, and where it is broken."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate("(options) => axe.run(options)", OPTIONS)["violations"]
    return [f"{rule['id']}: {node['html']} ({node['failureSummary']})" for rule in found for node in rule["nodes"]]


def too_wide(page: Page) -> list[str]:
    """Elements that stand out of the window."""
    return page.evaluate(TOO_WIDE)


def unfold(page: Page) -> None:
    """Opens everything that is folded, but no menu: that would lie over the rest."""
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((folded) => { folded.open = true; })")
