"""Passwords and variables of a configuration, against a server that asks for them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from pytest_django import Settings

from couplings.models import Connection
from couplings.secrets import decrypt
from tests.jobs.configuration_files import apply, build, refusal, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path)


@pytest.fixture
def server(postgres_url: str) -> Iterator["Server"]:
    """A PostgreSQL database with a table ``client`` that ada may use, whose password is s3cret."""
    found = Server(postgres_url)
    found.execute(
        "create table client (id serial primary key, full_name text, telephone text)",
        f"create role {found.user} login password 's3cret'",
        f"grant all on client to {found.user}",
    )
    yield found
    found.execute(f"drop owned by {found.user}", f"drop role {found.user}")
    found.engine.dispose()


class Server:
    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url)
        self.user = f"ada_{self.engine.url.database}"

    def execute(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def url(self, password: str) -> str:
        """The URL with ada's password as it is to stand in the file."""
        scheme, _at, place = self.address.partition("://")
        return f"{scheme}://{self.user}:{password}@{place}"

    @property
    def address(self) -> str:
        """The URL without an account."""
        scheme, _at, rest = self.engine.url.render_as_string(hide_password=True).partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"


def use(folder: Path, url: str, more: str = "") -> None:
    """Lets the file name this URL for CRM, with ``more`` settings behind it."""
    text = (folder / "sync.yaml").read_text()
    (folder / "sync.yaml").write_text(re.sub(r"  CRM: .*", f'  CRM: {{kind: sql, url: "{url}"{more}}}', text))


def test_a_variable_is_kept_as_a_reference(folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_URL", server.url("s3cret"))
    use(folder, "${CRM_URL}")

    apply(folder)

    assert Connection.objects.get(name="CRM").settings == {"url": "${CRM_URL}"}
    assert "${CRM_URL}" in run("export")


def test_a_variable_that_is_not_set_is_told_with_its_line(folder: Path) -> None:
    use(folder, "postgresql://crm:${NO_SUCH_VARIABLE}@127.0.0.1/crm")

    said = refusal(folder)

    assert "\nsync.yaml:3: connections.CRM.url: The environment variable NO_SUCH_VARIABLE, which the" in said


def test_a_literal_password_is_encrypted_and_never_shown(folder: Path, server: Server) -> None:
    use(folder, server.url("s3cret"))

    said = apply(folder)

    connection = Connection.objects.get(name="CRM")
    assert decrypt(connection.secret) == {"url": "s3cret"}
    assert "s3cret" not in said + run("export") + str(connection.settings) + connection.secret
    assert ":********@" in run("export")


def test_a_mask_keeps_what_is_stored_and_a_new_password_replaces_it(folder: Path, server: Server) -> None:
    use(folder, server.url("s3cret"))
    apply(folder)

    use(folder, server.url("********"))
    assert apply(folder) == "Nothing to change: everything is as the file says.\n"
    assert decrypt(Connection.objects.get(name="CRM").secret) == {"url": "s3cret"}

    server.execute(f"alter role {server.user} password 'other'")
    use(folder, server.url("other"))
    assert "~ connection CRM\n    ~ url: a new secret\n" in apply(folder)
    assert decrypt(Connection.objects.get(name="CRM").secret) == {"url": "other"}


def test_a_mask_without_a_stored_secret_is_refused(folder: Path, server: Server) -> None:
    use(folder, server.url("********"))

    assert "sync.yaml:3: connections.CRM.url: No secret of the connection “CRM” is stored" in refusal(folder)


def test_a_lost_key_is_told_and_a_new_password_heals_it(folder: Path, server: Server, settings: Settings) -> None:
    use(folder, server.url("s3cret"))
    apply(folder)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    use(folder, server.url("********"))
    assert "cannot be decrypted, because ENCRYPTION_KEY has changed" in refusal(folder)

    use(folder, server.url("s3cret"))
    assert "a new secret" in apply(folder)


def test_a_new_key_takes_over_all_secrets(folder: Path, server: Server, settings: Settings) -> None:
    use(folder, server.url("s3cret"))
    apply(folder)
    new = Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]

    apply(folder)

    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(Connection.objects.get(name="CRM").secret) == {"url": "s3cret"}


def test_without_a_key_no_secret_is_stored(folder: Path, server: Server, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []
    use(folder, server.url("s3cret"))

    assert "because ENCRYPTION_KEY is not set" in refusal(folder)


def test_a_wrong_password_exits_3_and_is_not_repeated(folder: Path, server: Server) -> None:
    use(folder, server.url("wr0ng"))

    said = refusal(folder, code=3)

    assert said.startswith("Nothing was changed.\nCRM refused the user name or the password.")
    assert "wr0ng" not in said


@pytest.mark.parametrize("password", ["p@ss/w:rd?#[]%", "${x}", "Ærø 😀", "a+b c"])
def test_a_variable_holds_the_plain_password(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    server.execute("alter role {} password '{}'".format(server.user, password.replace(":", r"\:")))
    monkeypatch.setenv("CRM_PASSWORD", password)

    use(folder, server.url("${CRM_PASSWORD}"))
    assert "+ connection CRM" in apply(folder)

    auth = f"auth: {{username: {server.user}, password: '${{CRM_PASSWORD}}'}}"
    use(folder, server.address, f", {auth}")
    assert "+ auth.password: ${CRM_PASSWORD}" in apply(folder)


def test_a_password_in_auth_is_encrypted_too(folder: Path, server: Server) -> None:
    auth = f"auth: {{username: {server.user}, password: s3cret}}"
    use(folder, server.address, f", {auth}")

    apply(folder)

    connection = Connection.objects.get(name="CRM")
    assert connection.settings["auth"] == {"username": server.user, "password": "********"}
    assert decrypt(connection.secret) == {"auth.password": "s3cret"}
    assert "s3cret" not in run("export")


def test_a_table_that_the_user_may_not_read_is_told_with_its_line(folder: Path, server: Server) -> None:
    server.execute(f"revoke all on client from {server.user}")
    use(folder, server.url("s3cret"))

    said = refusal(folder)

    assert "sync.yaml:7: mappings.CUSTOMER.right.table: The user of CRM may not read the table “client”." in said
