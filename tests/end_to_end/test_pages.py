"""A person at the errors page, in a real browser: both languages, wide and narrow, with and without scripts."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from couplings.models import SyncError
from jobs.models import Kind
from tests import given, servers
from tests.jobs.worlds import World

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 360, "height": 780}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        servers.skip_or_fail("No Chromium is installed: apt-get install chromium")
    # Playwright's loop runs in this thread, and Django would take its own tests for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """Opens a page of its own session and signs Ada in; nothing a page asks for may be missing or fail."""
    contexts, broken = [], []
    given.person("ada", "administrator")

    def start(language: str = "en", viewport: Any = WIDE, scripts: bool = True, scheme: Any = "light") -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale=language,
            viewport=viewport,
            java_script_enabled=scripts,
            color_scheme=scheme,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("response", lambda answer: broken.append(answer.url) if answer.status >= 400 else None)
        page.goto("/accounts/login/")
        page.locator("#id_username").fill("ada")
        page.locator("#id_password").fill(given.PASSWORD)
        page.locator("main button").click()
        expect(page.locator("h1")).to_be_visible()
        return page

    yield start
    for context in contexts:
        context.close()
    assert broken == []


@pytest.fixture
def conflicts(world: World) -> list[SyncError]:
    """Two customers whose phone was changed on both sides."""
    pairs = [world.pair(name=name, phone="1") for name in ("Adatum", "Contoso")]
    for left, right in pairs:
        world.left.edit(left, phone="2")
        world.right.edit(right, phone="3")
    world.sync()
    return world.errors()


def row(page: Page, name: str) -> Any:
    return page.locator("tbody tr", has_text=name)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    ("language", "heading", "retry", "scheduled"),
    [
        ("en", "Coupled Data Synchronization Errors", "Retry", "has been scheduled for 1 of 1 record."),
        (
            "fr",
            "Erreurs de synchronisation des données couplées",
            "Réessayer",
            "a été planifiée pour 1 enregistrement sur 1.",
        ),
    ],
)
def test_one_error_is_selected_and_retried(
    open_page: Callable[..., Page],
    conflicts: list[SyncError],
    scripts: bool,
    viewport: Any,
    language: str,
    heading: str,
    retry: str,
    scheduled: str,
) -> None:
    page = open_page(language, viewport, scripts)
    page.goto("/errors/")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)

    row(page, "Contoso").get_by_role("checkbox").check()
    page.get_by_role("button", name=retry, exact=True).click()

    expect(page.locator(".messages")).to_contain_text(scheduled)
    assert list(SyncError.objects.exclude(request="").values_list("description", flat=True)) == ["Contoso"]
    page.wait_for_load_state()  # the stylesheet included
    assert not scripts or page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_conflict_is_decided_side_by_side(
    open_page: Callable[..., Page], world: World, conflicts: list[SyncError], scripts: bool
) -> None:
    page = open_page("en", WIDE, scripts)
    page.goto("/errors/")

    row(page, "Adatum").get_by_role("link", name="Compare").click()
    page.locator("label", has_text="3").get_by_role("radio").check()
    page.get_by_role("button", name="Synchronize", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("has been scheduled for 1 of 1 record.")
    world.sync(Kind.RETRY)

    page.reload()
    expect(page.locator("main")).to_contain_text("Resolved: synchronized, by ada")
    assert world.left.get(conflicts[0].left_key or "", "phone") == ("3",)


def test_a_deletion_is_confirmed_before_anything_is_deleted(open_page: Callable[..., Page], world: World) -> None:
    _left, right = world.pair(name="Adatum", phone="1")
    world.right.delete(right)
    world.sync()
    page = open_page("fr", NARROW, False)
    page.goto("/errors/")

    row(page, "Adatum").get_by_role("checkbox").check()
    page.get_by_role("button", name="Supprimer des enregistrements").click()
    expect(page.locator("main")).to_contain_text("1 enregistrement sera supprimé dans ERP")
    page.get_by_role("button", name="Supprimer 1 enregistrement dans ERP").click()
    expect(page.locator(".messages")).to_contain_text("planifiée pour 1 enregistrement sur 1")

    world.sync(Kind.RETRY)
    assert world.left.keys() == []
    assert world.errors() == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_whole_page_is_selected(open_page: Callable[..., Page], conflicts: list[SyncError], scripts: bool) -> None:
    page = open_page("en", WIDE, scripts)
    page.goto("/errors/")

    page.get_by_role("link", name="Select all on this page").click()
    expect(page.locator("input[name=selected]:checked")).to_have_count(2)
    page.get_by_label("Data to use").select_option("right")
    page.get_by_role("button", name="Synchronize", exact=True).click()

    expect(page.locator(".messages")).to_contain_text("has been scheduled for 2 of 2 records.")
    assert set(SyncError.objects.values_list("request", flat=True)) == {"use_right"}


def test_the_language_is_switched_on_the_page_itself(open_page: Callable[..., Page]) -> None:
    page = open_page("en", WIDE, False)
    page.goto("/jobs/?state=failed")

    page.locator("summary", has_text="ada").click()
    page.get_by_role("button", name="Français").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Tâches de synchronisation de l'intégration")
    assert page.url.endswith("/jobs/?state=failed")


def test_the_errors_page_is_used_with_the_keyboard(open_page: Callable[..., Page], conflicts: list[SyncError]) -> None:
    page = open_page()
    page.goto("/errors/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Tell me what you want to do")).to_be_focused()
    page.keyboard.type("find for del")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Find for Deleted")).to_be_visible()


# The contrast of each text with what lies behind it (WCAG 2.2, 1.4.3), read from the page as it is drawn.
CONTRAST = """
() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const color = parse(getComputedStyle(element).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest(".skip, option")) continue;
    const [one, two] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < 4.5) faint.push(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
  }
  return faint;
}
"""
# What makes the whole page scroll sideways.
TOO_WIDE = """
() => document.documentElement.scrollWidth <= window.innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > window.innerWidth)
  .map((element) => `${element.tagName}.${element.className}`)
"""
UNNAMED = """
() => [...document.querySelectorAll("input:not([type=hidden]), select, button, a")]
  .filter((element) => !(element.labels?.length || element.ariaLabel || element.textContent.trim()))
  .map((element) => element.outerHTML)
"""


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(
    open_page: Callable[..., Page], world: World, conflicts: list[SyncError], viewport: Any, scheme: str
) -> None:
    job = world.mapping.jobs.latest("pk")
    page = open_page("fr", viewport, True, scheme)
    for url in (
        "/",
        "/errors/",
        f"/errors/{conflicts[0].pk}/",
        "/couplings/",
        f"/couplings/{conflicts[0].coupling_id}/",
        "/mappings/",
        "/mappings/CUSTOMER/",
        "/jobs/",
        f"/jobs/{job.pk}/",
        "/connections/",
        "/search/?q=re",
    ):
        page.goto(url)

        assert page.evaluate(CONTRAST) == [], url
        assert page.evaluate(UNNAMED) == [], url
        assert page.evaluate(TOO_WIDE) == [], url
        assert page.locator("h1").count() == 1, url
