"""A person at the errors page, in a real browser: both languages, wide and narrow, with and without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from couplings.models import ErrorRequest, SyncError
from jobs.models import Kind
from tests.end_to_end.screens import NARROW, WIDE, too_wide, violations
from tests.jobs.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert list(ErrorRequest.objects.values_list("error__description", flat=True)) == ["Contoso"]
    page.wait_for_load_state()  # the stylesheet included
    assert not scripts or too_wide(page) == []


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
    assert set(SyncError.objects.values_list("requested__request", flat=True)) == {"use_right"}


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


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_menu_of_the_reader_is_used_with_the_keyboard(open_page: Callable[..., Page], viewport: Any) -> None:
    page = open_page("en", viewport)
    menu = page.locator("details.user")

    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("button", name="Sign out")).to_be_visible()
    assert violations(page) == []
    assert too_wide(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_colours_are_chosen_on_the_page_itself(open_page: Callable[..., Page], scripts: bool) -> None:
    page = open_page("en", WIDE, scripts)
    page.goto("/jobs/?state=failed")

    page.locator("details.user summary").click()
    page.get_by_role("button", name="Dark").click()

    expect(page.locator("body")).to_have_css("background-color", "rgb(17, 21, 27)")
    assert page.url.endswith("/jobs/?state=failed")


def test_a_filter_is_chosen_with_the_keyboard_without_loading_the_page(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/audit/")

    page.get_by_label("Result").focus()
    page.keyboard.press("ArrowDown")

    expect(page.get_by_label("Result")).to_be_focused()
    assert page.url.endswith("/audit/")
