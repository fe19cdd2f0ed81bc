"""An administrator changes a field mapping in a real browser, with and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from couplings.models import ConfigurationVersion
from tests.jobs.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("scripts", [False, True], ids=["no-scripts", "scripts"])
def test_a_field_mapping_is_changed_tried_reviewed_and_saved(
    open_page: Callable[..., Page], world: World, scripts: bool
) -> None:
    world.left.add(name="Adatum", phone="123")
    page = open_page(scripts=scripts)
    page.goto("/mappings/CUSTOMER/")
    page.get_by_role("link", name="Edit the fields").click()

    page.get_by_role("link", name="phone", exact=True).click()
    page.get_by_label("Transformations", exact=True).fill("shout")
    page.get_by_role("button", name="Keep in my draft").click()
    expect(page.locator(".field.wrong")).to_contain_text("There is no transformation “shout”")
    page.get_by_label("Transformations", exact=True).fill("prefix: +45")
    page.get_by_role("button", name="Try it on a real record").click()
    expect(page.locator("#preview")).to_contain_text("+45123")
    page.get_by_role("button", name="Keep in my draft").click()
    expect(page.locator(".messages")).to_contain_text("Kept in your draft")
    assert not ConfigurationVersion.objects.exists()

    page.get_by_role("link", name="Review and save").click()
    expect(page.locator("ul.diff")).to_contain_text("fields.phone")
    page.get_by_role("button", name="Save the mapping").click()
    expect(page.locator(".messages")).to_contain_text("The mapping is saved.")
    expect(page.locator(".timeline")).to_contain_text("ada")

    world.sync()
    (key,) = world.right.keys()
    assert world.right.get(key, "phone") == ("+45123",)
