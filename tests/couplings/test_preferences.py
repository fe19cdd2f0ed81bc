"""Which language and colours a reader gets, and where the choice is kept."""

import pytest
from django.test import Client

from couplings.models import AuditEntry
from tests import given

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    return given.signed_in(given.person("ada", "viewer"))


def signed_in_elsewhere(language: str = "en") -> Client:
    """Ada at another machine, whose browser speaks ``language``."""
    client = Client(headers={"accept-language": language})
    client.post("/accounts/login/", {"username": "ada", "password": given.PASSWORD})
    return client


def head(client: Client) -> str:
    return client.get("/").content.decode().partition("<head>")[0]


def test_the_language_of_the_account_is_spoken_on_every_machine(ada: Client) -> None:
    ada.post("/preferences/", {"language": "fr", "next": "/"})

    assert 'lang="fr"' in head(ada)
    assert 'lang="fr"' in head(signed_in_elsewhere("en"))


def test_the_browser_chooses_until_the_account_has_chosen(ada: Client) -> None:
    assert 'lang="fr"' in head(signed_in_elsewhere("fr"))
    assert 'lang="en"' in head(signed_in_elsewhere("en"))

    ada.post("/preferences/", {"scheme": "dark"})

    assert 'lang="fr"' in head(signed_in_elsewhere("fr")), "choosing colours chooses no language"


def test_colours_are_the_systems_until_the_account_has_chosen(ada: Client) -> None:
    assert "data-scheme" not in head(ada)

    ada.post("/preferences/", {"scheme": "dark"})
    assert 'data-scheme="dark"' in head(ada)
    assert 'data-scheme="dark"' in head(signed_in_elsewhere())

    ada.post("/preferences/", {"scheme": ""})
    assert "data-scheme" not in head(ada)
    assert "data-scheme" not in head(signed_in_elsewhere())


def test_the_sign_in_page_speaks_the_language_last_chosen(ada: Client) -> None:
    ada.post("/preferences/", {"language": "fr"})
    ada.post("/accounts/logout/")

    assert "Se connecter" in ada.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("wanted", [{"language": "tlh"}, {"scheme": "pink"}, {"user": "1"}, {}])
def test_what_is_not_offered_changes_nothing(ada: Client, wanted: dict[str, str]) -> None:
    before = head(ada)

    assert ada.post("/preferences/", wanted).status_code == 302
    assert head(ada) == before


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/jobs/?state=failed", "/jobs/?state=failed"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("", "/"),
    ],
)
def test_the_menu_leads_back_to_its_page_and_to_no_foreign_one(ada: Client, wanted: str, reached: str) -> None:
    assert ada.post("/preferences/", {"scheme": "dark", "next": wanted})["Location"] == reached


def test_preferences_are_changed_by_post_only(ada: Client) -> None:
    assert ada.get("/preferences/?scheme=dark").status_code == 405


def test_what_one_reads_with_is_no_matter_of_the_audit_log(ada: Client) -> None:
    ada.post("/preferences/", {"scheme": "dark"})

    assert not AuditEntry.objects.filter(action__contains="preferences").exists()
