# This file is read before Django is set up, so what imports models is imported where it is used.
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests import servers
from tests.end_to_end.screens import WIDE
from tests.jobs.conftest import make_world, world

__all__ = ["browser", "business_urls", "make_world", "open_page", "world"]


@pytest.fixture
def business_urls(business_database: Callable[[], str]) -> tuple[str, str]:
    return business_database(), business_database()


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


def _broken(message: ConsoleMessage, failing: int) -> bool:
    return message.type == "error" and f"status of {failing}" not in message.text


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """Opens a page of its own session and signs Ada in; nothing a page asks for may be missing, fail or be refused by
    the Content-Security-Policy. ``role`` is hers; ``failing`` is a status that answers may have all the same:
    404 where she asks for what there is not, 403 for what she may not do, 409 for what is overtaken."""
    from django.contrib.auth.models import User

    from tests import given

    contexts, broken = [], []

    def start(
        language: str = "en",
        viewport: Any = WIDE,
        scripts: bool = True,
        scheme: Any = "light",
        role: str = "administrator",
        failing: int = 0,
    ) -> Page:
        if not User.objects.filter(username="ada").exists():
            given.person("ada", role)
        context = browser.new_context(
            base_url=live_server.url,
            locale=language,
            viewport=viewport,
            java_script_enabled=scripts,
            color_scheme=scheme,
            reduced_motion="reduce",  # so that no picture shows a colour on its way to another
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("response", lambda answer: broken.append(answer.url) if 400 <= answer.status != failing else None)
        page.on("console", lambda message: broken.append(message.text) if _broken(message, failing) else None)
        page.goto("/accounts/login/")
        page.locator("#id_username").fill("ada")
        page.locator("#id_password").fill(given.PASSWORD)
        page.locator("#id_password").press("Enter")
        expect(page.locator("h1")).to_be_visible()
        return page

    yield start
    for context in contexts:
        for page in context.pages:
            page.wait_for_load_state()  # what a page still asks for would use a store that is being dropped
        context.close()
    assert broken == []
