"""A person works through the errors page, in a real browser, with and without scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from couplings.models import ErrorRequest, SyncError
from jobs.models import Kind
from tests import given
from tests.end_to_end.screens import NARROW, WIDE
from tests.jobs.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)

OpenPage = Callable[..., Page]
with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@pytest.fixture
def mixed(world: World) -> World:
    """Adatum and Contoso, whose phone both sides changed, and Fabrikam, which was deleted in CRM."""
    pairs = [world.pair(name=name, phone="1") for name in ("Adatum", "Contoso", "Fabrikam")]
    for left, right in pairs[:2]:
        world.left.edit(left, phone="2")
        world.right.edit(right, phone="3")
    world.right.delete(pairs[2][1])
    world.sync()
    return world


@pytest.fixture
def many() -> list[SyncError]:
    """More errors than one page of the list holds."""
    mapping = given.mapping()
    return [given.error(mapping, number) for number in range(60)]


def requested() -> dict[str, int]:
    wishes = list(ErrorRequest.objects.values_list("request", flat=True))
    return {wish: wishes.count(wish) for wish in wishes}


@with_and_without_scripts
def test_everything_in_a_view_is_retried_watched_and_cancelled(
    open_page: OpenPage, many: list[SyncError], scripts: bool
) -> None:
    page = open_page("en", WIDE, scripts)
    page.goto("/errors/?kind=conflict")

    page.get_by_role("link", name="Select all 60 in this view").click()
    expect(page.get_by_text("All 60 in this view are selected.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Retry 60")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retry 60 records?")
    page.get_by_role("button", name="Retry 60 records").click()

    expect(page.locator(".live")).to_contain_text("60 are being retried (0 done).")
    assert requested() == {"retry": 60}
    ErrorRequest.objects.filter(error__in=[error.pk for error in many[:20]]).delete()
    if not scripts:
        page.reload()
    expect(page.locator(".live")).to_contain_text("60 are being retried (20 done).")

    page.get_by_role("button", name="Cancel what has not begun").click()
    expect(page.locator(".messages")).to_contain_text("40 errors were not begun yet and stay as they are.")
    assert requested() == {}


def test_the_buttons_say_to_how_many_of_the_selected_rows_they_apply(open_page: OpenPage, mixed: World) -> None:
    page = open_page()
    page.goto("/errors/")
    restore = page.get_by_role("button", name=re.compile("^Restore Records"))
    expect(restore).to_be_disabled()

    page.get_by_role("link", name="Select all on this page").click()
    expect(page.locator(".chosen")).to_have_text("Selected: 3")
    expect(restore).to_have_text(re.compile("1 / 3"))
    page.locator("tbody tr", has_text="Fabrikam").get_by_role("checkbox").uncheck()
    expect(restore).to_be_disabled()
    page.get_by_label("Data to use").select_option("left")
    page.get_by_role("button", name=re.compile("^Synchronize")).click()

    expect(page.locator(".messages")).to_contain_text("has been scheduled for 2 of 2 records.")
    assert requested() == {"use_left": 2}


def test_without_scripts_the_confirmation_says_what_is_left_out(open_page: OpenPage, mixed: World) -> None:
    page = open_page("en", NARROW, False)
    page.goto("/errors/?select=page")

    page.get_by_role("button", name="Restore Records").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Restore 1 record in CRM?")
    expect(page.locator("main")).to_contain_text("Left out: 2. Neither record is deleted")
    page.get_by_role("button", name="Restore 1 record in CRM").click()
    expect(page.locator(".messages")).to_contain_text("has been scheduled for 1 of 3 records.")

    mixed.sync(Kind.RETRY)
    assert len(mixed.right.keys()) == 3


@with_and_without_scripts
def test_a_group_of_one_cause_is_assigned(open_page: OpenPage, mixed: World, scripts: bool) -> None:
    page = open_page("en", WIDE, scripts)
    page.goto("/errors/")

    page.locator("aside").get_by_role("link", name="select all 2").click()
    page.locator("summary", has_text="Assign").last.click()
    page.get_by_role("button", name=re.compile("^Assign")).click()
    page.get_by_role("button", name="Assign 2 errors to ada").click()

    expect(page.locator(".messages")).to_contain_text("2 errors are assigned to ada.")
    assert SyncError.objects.filter(assigned_to__username="ada").count() == 2


def test_the_list_is_gone_through_with_keys(open_page: OpenPage, mixed: World) -> None:
    page = open_page()
    page.goto("/errors/?sort=description")

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Contoso")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name="Select Contoso")).to_be_checked()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="Adatum")).to_be_focused()
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Adatum")


def test_enter_in_a_field_presses_no_button(open_page: OpenPage, mixed: World) -> None:
    page = open_page()
    page.goto("/errors/?select=page")

    page.locator("summary", has_text="Ignore").click()
    page.get_by_label("Out of the list until").press("Enter")

    expect(page.locator(".messages")).to_contain_text("Choose one of the actions of the page.")
    assert requested() == {}
