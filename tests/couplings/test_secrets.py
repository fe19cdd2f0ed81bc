"""Secrets: encrypted at rest, filled in when used, never in a representation."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from couplings import secrets
from couplings.models import Connection
from couplings.secrets import SecretUnusable, connection_settings, decrypt, encrypt, rotated

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


def unusable(code: str) -> "pytest.RaisesExc[SecretUnusable]":
    return pytest.raises(SecretUnusable, match=f"^{code}$")


def filled(url: str, secret: str = "", **auth: str) -> str:
    """The URL that the connector of such a connection gets."""
    settings = {"url": url, "auth": auth} if auth else {"url": url}
    return str(connection_settings(Connection(name="ERP", kind="sql", settings=settings, secret=secret))["url"])


def test_what_is_encrypted_can_be_decrypted_and_not_be_read() -> None:
    token = encrypt({"url": "Geheim ß"})

    assert decrypt(token) == {"url": "Geheim ß"}
    assert "Geheim" not in token
    assert encrypt({}) == ""
    assert decrypt("") == {}


def test_every_key_decrypts_and_the_first_encrypts(settings: Settings) -> None:
    token = encrypt({"url": "s3cret"})

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    again = rotated(token)

    settings.ENCRYPTION_KEYS = [NEW]
    assert decrypt(again) == {"url": "s3cret"}
    assert rotated(again) == again
    with unusable("secret_unreadable"):
        decrypt(token)


@pytest.mark.parametrize("token", ["nonsense", "gAAAAABm", "Ä"])
def test_a_damaged_secret_is_told(token: str) -> None:
    with unusable("secret_unreadable"):
        decrypt(token)


def test_a_missing_or_malformed_key_is_told(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []
    with unusable("encryption_key_missing"):
        encrypt({"url": "s3cret"})

    settings.ENCRYPTION_KEYS = ["too short"]
    with unusable("encryption_key_invalid"):
        encrypt({"url": "s3cret"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("${VALUE}", "p@:/?#% ß"),
        ("postgresql://ada:${VALUE}@host/erp", "postgresql://ada:p%40%3A%2F%3F%23%25%20%C3%9F@host/erp"),
        ("postgresql://${VALUE}@host/erp", "postgresql://p%40%3A%2F%3F%23%25%20%C3%9F@host/erp"),
        (
            "postgresql://host/erp?sslpassword=${VALUE}",
            "postgresql://host/erp?sslpassword=p%40%3A%2F%3F%23%25%20%C3%9F",
        ),
        ("postgresql://ada:$${VALUE}@host/erp", "postgresql://ada:${VALUE}@host/erp"),
        ("postgresql://ada:a$b@host/erp", "postgresql://ada:a$b@host/erp"),
        ("sqlite:////data/${VALUE}", "sqlite:////data/p@:/?#% ß"),
    ],
)
def test_variables_are_filled_in(monkeypatch: pytest.MonkeyPatch, url: str, expected: str) -> None:
    monkeypatch.setenv("VALUE", "p@:/?#% ß")

    assert filled(url) == expected


def test_a_secret_is_put_back_where_it_was_taken_out() -> None:
    token = encrypt({"url": "s3cret", "url?sslpassword": "other"})

    url = filled("postgresql://ada:********@host/erp?sslmode=require&sslpassword=********", token)

    assert url == "postgresql://ada:s3cret@host/erp?sslmode=require&sslpassword=other"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://host/erp", "postgresql://ada%40home:s%2Fcret@host/erp"),
        ("postgresql:///erp?host=/run", "postgresql://ada%40home:s%2Fcret@/erp?host=/run"),
    ],
)
def test_an_account_beside_the_url_is_put_into_it(url: str, expected: str) -> None:
    token = encrypt({"auth.password": "s/cret"})

    assert filled(url, token, username="ada@home", password="********") == expected


def test_a_password_beside_a_user_in_the_url() -> None:
    assert filled("postgresql://ada@host/erp", encrypt({"auth.password": "x"}), password="********") == (
        "postgresql://ada:x@host/erp"
    )


def test_a_variable_that_is_not_set_is_named() -> None:
    with unusable("variable_unset") as refused:
        filled("postgresql://ada:${NO_SUCH_VARIABLE}@host/erp")

    assert refused.value.params == {"variable": "NO_SUCH_VARIABLE"}


def test_an_empty_variable_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALUE", "")

    assert filled("postgresql://ada:${VALUE}@host/erp") == "postgresql://ada:@host/erp"


def test_a_mask_without_a_secret_is_told() -> None:
    with unusable("secret_not_stored"):
        filled("postgresql://ada:********@host/erp")


def test_settings_do_not_show_themselves() -> None:
    url, token = "postgresql://ada:********@host", encrypt({"url": "s3c"})
    connection = Connection(name="ERP", kind="sql", settings={"url": url}, secret=token)

    found = connection_settings(connection)

    assert found["url"] == "postgresql://ada:s3c@host"
    assert "s3c" not in f"{found} {found!r} {connection!r}"
    assert secrets.ConnectionSettings(found) == found
