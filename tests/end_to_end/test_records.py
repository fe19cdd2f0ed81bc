"""A person puts single records right, in a real browser, with and without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from couplings.models import Coupling
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import runner
from tests.jobs.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
OpenPage = Callable[..., Page]
both = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def work_off() -> None:
    """What the workers do when the jobs are rung."""
    for pk in SyncJob.objects.filter(state=JobState.QUEUED).order_by("pk").values_list("pk", flat=True):
        runner.run(pk)


def row(page: Page, name: str) -> Any:
    return page.locator("tbody tr", has_text=name)


@both
def test_a_conflict_is_solved_field_by_field(open_page: OpenPage, world: World, scripts: bool) -> None:
    left, right = world.pair(name="Adatum", phone="1", fax="5")
    world.left.edit(left, phone="2", name="Adatum A/S")
    world.right.edit(right, phone="3", fax="6")
    world.sync()
    page = open_page("en", scripts=scripts)
    page.goto(f"/errors/{world.error().pk}/")

    phone, fax = row(page, "phone / telephone"), row(page, "fax")
    expect(fax.get_by_role("radio").nth(1)).to_be_checked()
    expect(phone.locator(".result")).to_contain_text("choose")
    phone.get_by_role("radio").nth(0).check()
    expect(phone.locator(".result .becomes-left")).to_be_visible()
    expect(phone.locator(".result .becomes-right")).to_be_hidden()
    fax.get_by_role("radio").nth(0).check()
    page.get_by_role("button", name="Synchronize", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("has been scheduled for 1 of 1 record.")
    work_off()

    assert world.left.get(left) == world.right.get(right) == ("Adatum A/S", "2", "5")
    assert world.errors() == []


@both
def test_what_moved_while_the_page_was_open_is_marked(open_page: OpenPage, world: World, scripts: bool) -> None:
    left, right = world.pair(name="Adatum", phone="1", fax="5")
    world.left.edit(left, phone="2", fax="6")
    world.right.edit(right, phone="3", fax="7")
    world.sync()
    page = open_page("fr", scripts=scripts, failing=409)
    page.goto(f"/errors/{world.error().pk}/")
    row(page, "phone / telephone").get_by_role("radio").nth(0).check()
    row(page, "fax").get_by_role("radio").nth(0).check()
    world.right.edit(right, fax="8")

    page.get_by_role("button", name="Synchroniser", exact=True).click()

    expect(row(page, "fax").locator(".badge.new")).to_have_text("nouveau")
    expect(row(page, "phone / telephone").get_by_role("radio").nth(0)).to_be_checked()
    expect(row(page, "fax").get_by_role("radio").nth(0)).not_to_be_checked()
    assert world.right.get(right) == ("Adatum", "3", "8")


@both
def test_a_deleted_record_is_created_again(open_page: OpenPage, world: World, scripts: bool) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.right.delete(right)
    world.sync()
    page = open_page("en", scripts=scripts)
    page.goto(f"/errors/{world.error().pk}/")
    expect(page.locator(".compare")).to_contain_text("Adatum")

    page.get_by_role("button", name="Create it again in CRM").click()
    expect(page.locator(".messages")).to_contain_text("has been scheduled for 1 of 1 record.")
    work_off()

    (again,) = world.right.keys()
    assert world.coupling(left).right_key == again
    assert world.right.get(again) == ("Adatum", "1", None)


@both
def test_its_survivor_is_deleted_after_a_question(open_page: OpenPage, world: World, scripts: bool) -> None:
    _left, right = world.pair(name="Adatum", phone="1")
    world.right.delete(right)
    world.sync()
    page = open_page("en", scripts=scripts)
    page.goto(f"/errors/{world.error().pk}/")

    page.get_by_role("button", name="Delete it in ERP as well").click()
    assert len(world.left.keys()) == 1
    page.get_by_role("button", name="Delete 1 record in ERP").click()
    expect(page.locator(".messages")).to_be_visible()
    work_off()

    assert world.left.keys() == []
    assert world.errors() == []


@both
def test_two_records_are_searched_compared_and_coupled(open_page: OpenPage, world: World, scripts: bool) -> None:
    world.set(only_coupled=True)
    left = world.left.add(name="Adatum Corporation", phone="1")
    right = world.right.add(name="Adatum Corp.", phone="2")
    page = open_page("en", scripts=scripts)
    page.goto("/records/?mapping=CUSTOMER&coupling=no")

    row(page, "Adatum Corporation").get_by_role("link", name="Adatum Corporation").click()
    expect(page.locator("main")).to_contain_text("only coupled records are synchronized")
    page.get_by_role("link", name="Set Up Coupling").click()
    search = page.locator("section", has=page.get_by_role("heading", name="CRM"))
    search.get_by_role("searchbox").fill("adatum")
    search.get_by_role("button", name="Search").click()
    page.get_by_role("button", name=f"Choose {right}").click()
    page.get_by_label("Where they differ").select_option("left")
    page.get_by_role("button", name="Set Up Coupling").click()
    expect(page.locator(".messages")).to_contain_text("are coupled")
    work_off()

    assert (world.coupling(left).right_key, world.right.get(right, "name", "phone")) == (
        right,
        ("Adatum Corporation", "1"),
    )


@both
def test_what_matches_is_coupled_for_many(open_page: OpenPage, make_world: Any, scripts: bool) -> None:
    world = make_world(match=["name"], only_coupled=True)
    for name in ("Adatum", "Contoso"):
        world.left.add(name=name, phone="1")
        world.right.add(name=name, phone="1")
    world.left.add(name="Alone")
    page = open_page("en", scripts=scripts)
    page.goto("/records/?mapping=CUSTOMER")

    page.get_by_role("link", name="Select all on this page").click()
    expect(page.locator("input[name=selected]:checked")).to_have_count(3)
    page.get_by_role("button", name="Couple", exact=True).click()
    expect(page.locator("main")).to_contain_text("No free record in the other system")
    page.get_by_label("Couple").nth(0).uncheck()
    page.get_by_role("button", name="Couple what is selected").click()

    expect(page.locator(".messages")).to_contain_text("1 pair was coupled.")
    assert Coupling.objects.count() == 1


@both
def test_a_coupling_is_removed_from_the_records_page(open_page: OpenPage, world: World, scripts: bool) -> None:
    left, _right = world.pair(name="Adatum", phone="1")
    page = open_page("en", scripts=scripts)
    page.goto("/records/")
    page.get_by_role("link", name="ERP customer").click()
    row(page, "Adatum").get_by_role("link", name="Adatum").click()
    expect(page.locator("main")).to_contain_text("In step since")

    page.get_by_role("button", name="Remove Coupling").click()
    page.get_by_role("button", name="Remove 1 coupling").click()

    expect(page.locator(".messages")).to_contain_text("1 coupling was removed.")
    assert not Coupling.objects.exists()
    page.goto(f"/couplings/by/CUSTOMER/left/{left}/")
    expect(page.locator("main")).to_contain_text("ada removed its coupling on")


@both
def test_synchronize_shows_what_it_writes_before_it_does(open_page: OpenPage, world: World, scripts: bool) -> None:
    left, right = world.pair(name="Adatum", phone="1")
    world.left.edit(left, phone="2")
    page = open_page("en", scripts=scripts)
    page.goto(f"/couplings/{world.coupling(left).pk}/")

    page.get_by_role("link", name="Synchronize", exact=True).click()
    expect(row(page, "telephone").locator("ins")).to_have_text("2")
    assert world.right.get(right, "phone") == ("1",)
    page.get_by_role("button", name="Synchronize", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("has been scheduled for 1 of 1 record.")
    work_off()

    assert world.right.get(right, "phone") == ("2",)
    assert SyncJob.objects.filter(kind=Kind.RECORDS).count() == 1
