"""Tell Me with the keyboard alone, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import given
from tests.jobs.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)


def focus_field(page: Page, key: str = "/") -> None:
    page.keyboard.press(key)
    expect(page.locator(".tellme input")).to_be_focused()


def test_a_page_is_reached_without_the_pointer(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/jobs/")

    focus_field(page)
    page.keyboard.type("planif")  # the French word on an English page
    expect(page.locator("#told").get_by_role("link", name="Schedules")).to_be_visible()
    expect(page.locator("#told [role=status]")).to_contain_text("1 answer")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#told").get_by_role("link", name="Schedules")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Schedules")


def test_escape_and_going_elsewhere_put_the_answers_away(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/jobs/")

    focus_field(page, "Alt+q")
    page.keyboard.type("retry")
    expect(page.locator("#told .answers a").first).to_have_text("Retry")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#told .answers a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.locator("#told")).to_be_empty()
    expect(page.locator(".tellme input")).to_be_focused()

    page.keyboard.type(" all")
    expect(page.locator("#told .answers a").first).to_have_text("Retry All")
    page.locator("h1").click()
    expect(page.locator("#told")).to_be_empty()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_enter_looks_in_the_systems_too(open_page: Callable[..., Page], world: World, scripts: bool) -> None:
    world.left.add(name="Adatum Corporation")
    page = open_page("fr", scripts=scripts)
    page.goto("/")

    page.locator(".tellme input").fill("adatum corporation")
    page.locator(".tellme input").press("Enter")
    if not scripts:
        page.get_by_role("link", name="parmi les enregistrements de tous les systèmes").click()

    expect(page.locator("main").get_by_role("link", name="Adatum Corporation", exact=True)).to_be_visible()
    expect(page.locator("main")).to_contain_text("ERP")


def test_the_arrow_keys_go_through_the_answers_of_the_page(open_page: Callable[..., Page]) -> None:
    error = given.error(given.mapping(), 1)
    page = open_page()
    page.goto("/search/?q=adatum")

    focus_field(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(rf"/errors/{error.pk}/$"))
