"""Every page there is, as each kind of reader sees it: nothing that axe-core objects to, nothing that stands out of the
window, and a picture of each in the folder ``.screenshots``, for people to look at."""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from couplings.models import Coupling
from jobs.models import Kind
from tests.end_to_end.screens import NARROW, WIDE, too_wide, unfold, violations
from tests.jobs.worlds import World
from tests.pages import addresses, samples

PICTURES = Path(settings.BASE_DIR) / ".screenshots"
SCREENS: dict[str, Any] = {"wide": WIDE, "narrow": NARROW}
# What an address alone does not show.
BESIDES = {
    "/audit/?action=nothing",
    "/connections/add/?kind=sql",
    "/couplings/?q=nothing-like-this",
    "/errors/?q=nothing-like-this",
    "/errors/?select=page",
    "/jobs/?state=failed",
    "/mappings/ACCOUNT/example/?side=right",
    "/mappings/ACCOUNT/matches/?show=ambiguous",
    "/mappings/add/?left=ERP&right=CRM",
    "/mappings/first/?look=1",
    "/nowhere/",
    "/records/?mapping=ACCOUNT",
    "/records/?mapping=ACCOUNT&side=right&q=nothing-like-this",
    "/search/?q=adatum",
    "/search/?q=nothing-like-this",
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def urls(make_world: Callable[..., World]) -> list[str]:
    """Each address, with records behind it: in conflict, deleted, too long for the other side, in step; and some pages
    about records for which no system answers."""
    world = make_world(match=["name"])
    names = ("Adatum Corporation", "Contoso", "Trey Research", "Relecloud")
    keys = [world.left.add(name=name, phone="1") for name in names]
    world.sync()
    conflict, deleted = (world.coupling(key) for key in keys[:2])
    world.left.edit(conflict.left_key, phone="2", fax="4")
    world.right.edit(conflict.right_key, phone="3")
    world.right.delete(deleted.right_key)
    world.left.edit(keys[2], name="Trey Research and everything that was ever said about it in the two companies")
    world.left.edit(keys[3], phone="+45 33 12 34 56")
    job = world.sync()
    world.left.edit(keys[3], phone="+45 33 12 99 99")
    preview = world.sync(Kind.PREVIEW, of=Kind.MODIFIED)
    alone = world.left.add(name="Litware")
    for _twin in range(2):
        world.right.add(name="Litware")
    world.set(name="ACCOUNT")
    errors = {error.coupling_id: error.pk for error in world.errors()}
    more = {f"/errors/{errors[deleted.pk]}/", f"/jobs/{preview.pk}/", f"/couplings/{world.coupling(keys[3]).pk}/?why=1"}
    more |= {f"/records/{page}/?mapping=ACCOUNT&side=left&key={alone}" for page in ("record", "synchronize", "why")}
    more |= {f"/couplings/add/?mapping=ACCOUNT&left={alone}&q_right=Litware"}
    return sorted(_addresses(_subjects(world, errors[conflict.pk], conflict, job.pk)) | more | BESIDES)


def _subjects(world: World, error: int, coupling: Coupling, job: int) -> dict[str, dict[str, Any]]:
    record = {"mapping": "ACCOUNT", "name": "ACCOUNT", "side": "left", "key": coupling.left_key}
    return {
        "connections": {"pk": world.mapping.left_connection_id},
        "couplings": {**record, "pk": coupling.pk},
        "errors": {"pk": error},
        "jobs": {"pk": job},
        "mappings": {"name": "ACCOUNT"},
        "records": record,
    }


def _addresses(real: dict[str, dict[str, Any]]) -> set[str]:
    plain = samples()
    full = {about: {**plain.get(about, {}), **real.get(about, {})} for about in {*plain, *real}}
    return {address.url(full) for address in addresses()} | {
        f"/errors/{plain['errors']['pk']}/",
        f"/couplings/{plain['couplings']['pk']}/",
        f"/mappings/{plain['mappings']['name']}/",
    }


def _pages(page: Page, urls: list[str]) -> Iterator[str]:
    """The addresses that answer with a page; forms that are only sent, files and machines' pages are none."""
    for url in urls:
        answer = page.request.get(url, max_redirects=0)
        assert answer.status != 500, url
        html = answer.headers.get("content-type", "").startswith("text/html")
        if answer.status in (200, 404) and html and "</main>" in answer.text():
            yield url


def _picture(url: str, *kinds: str) -> Path:
    name = re.sub(r"\W+", "-", url).strip("-") or "home"
    return PICTURES / "-".join(kinds) / f"{name}.png"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_can_be_used_by_everybody(open_page: Callable[..., Page], urls: list[str], language: str) -> None:
    page = open_page(language, failing=404)
    faults: dict[Any, list[str]] = {}
    for url in list(_pages(page, urls)):
        page.goto(url)
        faults |= _faults(page, url, language)
    assert faults == {}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_strangers_and_those_who_may_not_are_told_so_legibly(open_page: Callable[..., Page], language: str) -> None:
    page = open_page(language, role="viewer", failing=403)
    page.goto("/people/add/")
    faults = _faults(page, "not-allowed", language)

    page.goto("/")
    page.locator("details.user summary").click()
    page.locator("details.user form").last.get_by_role("button").click()
    page.locator("#id_username").fill("ada")
    page.locator("#id_password").fill("a guess")
    page.locator("#id_password").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults | _faults(page, "signing-in", language) == {}


def _faults(page: Page, url: str, language: str) -> dict[Any, list[str]]:
    """Takes the pictures of the page that is open; what is wrong with it, by where it was seen."""
    for scheme, screen in itertools.product(("light", "dark"), SCREENS):
        _show(page, scheme, screen)
        page.screenshot(path=_picture(url, language, scheme, screen), full_page=True)
    unfold(page)
    faults = {}
    # Each rule in each scheme and on each screen, but not on each pair of them.
    for scheme, screen in (("light", "wide"), ("dark", "narrow")):
        _show(page, scheme, screen)
        found = too_wide(page) + violations(page)
        found += [] if page.locator("h1").count() == 1 else ["not one h1"]
        found += [] if re.fullmatch(r"\S.* · Syncstatus", page.title()) else [f"title: {page.title()}"]
        faults |= {(url, scheme, screen): found} if found else {}
    return faults


def _show(page: Page, scheme: Any, screen: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(SCREENS[screen])
