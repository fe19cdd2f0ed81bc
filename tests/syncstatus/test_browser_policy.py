"""What browsers are told, and that every page keeps to it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template import loader
from django.test import Client, RequestFactory, override_settings

from tests import given, pages

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}

pytestmark = pytest.mark.django_db


class Inline(HTMLParser):
    """Finds what the policy makes browsers ignore: then the page would not do what it seems to do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.found += [f"{tag} {name}" for name in given if name == "style" or name.startswith(("on", "hx-on"))]
        self.found += [
            f"{tag} {value[:40]}" for value in given.values() if value.strip().lower().startswith("javascript:")
        ]
        if tag in {"style", "base", "iframe", "object", "embed"} or (tag == "script" and "src" not in given):
            self.found.append(tag)
        source = given.get("src", "") if tag != "link" else given.get("href", "")
        if source and not source.startswith("/"):
            self.found.append(f"{tag} {source[:40]}")


def inline(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


def policy(response: HttpResponse) -> set[str]:
    return {part.strip() for part in response["Content-Security-Policy"].split(";")}


def html_of(response: HttpResponse) -> str:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    return response.content.decode() if is_page and not response.streaming else ""


def test_every_page_bears_the_policy_and_keeps_to_it() -> None:
    client, there = given.signed_in(given.person("ada", "administrator")), pages.samples()
    shown = 0
    for address in pages.addresses():
        response = client.get(address.url(there))
        assert response.status_code not in ({404, 500} if address.names else {500}), address
        if "Content-Security-Policy" not in response or policy(response) != POLICY:
            # An image has a page of its own when it is opened in a tab; it may have styles then, never a script.
            assert response["Content-Type"] == "image/svg+xml", address
            assert not any(part.startswith("script-src") and "none" not in part for part in policy(response)), address
        html = html_of(response)
        shown += bool(html)
        assert inline(html) == [], address
        assert response.headers["Permissions-Policy"].startswith("camera=()")
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
    assert shown > 12


@pytest.mark.parametrize("source", ["static", "templates"])
def test_nothing_of_ours_is_loaded_from_elsewhere_or_from_data(source: str) -> None:
    for path in files(source):
        text = path.read_text()
        assert "data:" not in text, path
        assert "@import" not in text, path
        assert "url(http" not in text, path


def files(folder: str) -> Iterator[Path]:
    return (path for path in (Path(settings.BASE_DIR) / folder).rglob("*") if path.suffix in {".css", ".html"})


@pytest.mark.parametrize("name", ["403_csrf.html", "500.html"])
def test_pages_that_stand_alone_keep_to_it_as_well(name: str, rf: RequestFactory) -> None:
    assert inline(loader.render_to_string(name, request=rf.get("/"))) == []


def test_pages_are_kept_in_no_cache_and_static_files_are(client: Client) -> None:
    assert client.get("/accounts/login/")["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    carl = given.signed_in(given.person("carl", "viewer"))
    assert carl.get("/")["Cache-Control"] == "private, no-store"
    static = client.get("/static/syncstatus.css")
    assert "no-store" not in static["Cache-Control"]
    static.close()


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(client: Client) -> None:
    given.person("ada", "viewer")
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"username": "ada", "password": given.PASSWORD})

    cookies = {name: client.cookies[name] for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)}
    for name, cookie in cookies.items():
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert not cookie["domain"], name


@override_settings(
    SECURE_SSL_REDIRECT=True,
    SECURE_HSTS_SECONDS=31_536_000,
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
)
def test_behind_tls_browsers_are_sent_there_and_told_to_stay(client: Client) -> None:
    plain = client.get("/accounts/login/")
    assert plain.status_code == 301
    assert plain["Location"].startswith("https://")
    secure = client.get("/accounts/login/", headers={"x-forwarded-proto": "https"})
    assert secure["Strict-Transport-Security"] == "max-age=31536000"
