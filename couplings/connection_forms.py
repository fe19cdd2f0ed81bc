"""The forms of a connection: one for databases, part by part, one for everything that is reached by a URL.

A form never shows a secret: what is left empty keeps the one that is stored. It gives back what a configuration file
would say (DESIGN 7.1), so that a page is checked and saved like a file.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from couplings.configuration import masks, references, urls
from couplings.configuration.addresses import FILE, Address, written
from couplings.configuration.entries import MASK
from couplings.configuration.section import NAME_LENGTH, duration_text, is_name, seconds_of
from couplings.models import Connection

SYSTEMS = [("postgresql", "PostgreSQL"), ("mariadb", "MariaDB"), ("mysql", "MySQL"), (FILE, "SQLite")]
SECRET = forms.PasswordInput(attrs={"autocomplete": "new-password"})  # never filled in by us, nor by a browser
ENTER_AGAIN = _("The address is another one: enter the password again, so that it is sent only where you mean it to.")


class ConnectionForm(forms.Form):
    """What all kinds have in common. ``stored`` are the settings that hold now, with masks for secrets."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("What people call the system; pages and columns bear this name, and it stays."),
    )
    limit_requests = forms.IntegerField(
        required=False, min_value=1, label=_("At most so many requests"), help_text=_("Empty: as many as it takes.")
    )
    limit_per = forms.CharField(required=False, label=_("In this time"), help_text=_("Such as 1m or 30s."))
    jobs = forms.IntegerField(
        required=False, min_value=1, label=_("Jobs side by side"), help_text=_("Empty: as many as there are workers.")
    )

    def __init__(self, data: Any = None, *, kind: str, connection: Connection | None = None) -> None:
        self.kind = kind
        self.stored: Mapping[str, Any] = connection.settings if connection is not None else {}
        super().__init__(data, initial={**self.common_parts(), **self.parts()})
        if connection is not None:
            del self.fields["name"]
        self.connection_name = connection.name if connection is not None else ""

    def common_parts(self) -> dict[str, Any]:
        limit = self.stored.get("limit") or {}
        return {
            "limit_requests": limit.get("requests"),
            "limit_per": limit.get("per"),
            "jobs": self.stored.get("jobs"),
        }

    def parts(self) -> dict[str, Any]:
        """What the fields of one kind are filled in with."""
        return {}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if not is_name(name):
            raise forms.ValidationError(_("Use letters, digits and spaces, with a letter or digit first."))
        if Connection.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is a connection of this name already."))
        return name

    def clean_limit_per(self) -> str:
        text = str(self.cleaned_data["limit_per"] or "")
        seconds = seconds_of(text)
        if text and not seconds:
            raise forms.ValidationError(_("Write a time such as 30s, 1m or 1h."))
        return duration_text(seconds or 0)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "limit_per" in cleaned and bool(cleaned.get("limit_requests")) != bool(cleaned["limit_per"]):
            self.add_error("limit_per", _("A limit needs both: how many requests, and in which time."))
        return cleaned

    @property
    def settled_name(self) -> str:
        return self.connection_name or str(self.cleaned_data["name"])

    def entry(self) -> dict[str, Any]:
        """The connection as a file would write it."""
        allowed: dict[str, Any] = {}
        if self.cleaned_data["limit_requests"]:
            allowed["limit"] = {"requests": self.cleaned_data["limit_requests"], "per": self.cleaned_data["limit_per"]}
        if self.cleaned_data["jobs"]:
            allowed["jobs"] = self.cleaned_data["jobs"]
        return {"kind": self.kind, **self.settings(), **allowed}

    def settings(self) -> dict[str, Any]:
        """The settings of one kind, as a file would write them."""
        return {}


class DatabaseForm(ConnectionForm):
    """A SQL database."""

    system = forms.ChoiceField(choices=SYSTEMS, label=_("Database system"))
    host = forms.CharField(required=False, label=_("Host"), help_text=_("A name or an address; nothing for SQLite."))
    port = forms.CharField(required=False, label=_("Port"), help_text=_("Empty: the usual one."))
    database = forms.CharField(label=_("Database"), help_text=_("Its name; for SQLite the path of the file."))
    user = forms.CharField(required=False, label=_("User name"), widget=forms.TextInput({"autocomplete": "off"}))
    password = forms.CharField(required=False, label=_("Password"), widget=SECRET, strip=False)
    options = forms.CharField(required=False, label=_("Options"), help_text=_("As in a URL, such as sslmode=require."))
    field_order = ("name", "system", "host", "port", "database", "user", "password", "options")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password"].help_text = password_help(self.stored)

    @property
    def address(self) -> Address:
        """The stored one; it can be taken apart, or this form would not have been chosen."""
        return Address.of(self.stored.get("url", "")) or Address("postgresql")

    @property
    def account(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.stored.get("auth") or {}
        return found

    def parts(self) -> dict[str, Any]:
        known = self.address
        named = {name: getattr(known, name) for name in ("system", "host", "port", "database", "options")}
        return {**named, "user": known.user or self.account.get("username", "")}

    def clean_port(self) -> str:
        port = str(self.cleaned_data["port"]).strip()
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536) and not references.names(port):
            raise forms.ValidationError(_("A port is a number from 1 to 65535."))
        return port

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("system") == FILE:
            for name in [name for name in ("host", "port", "user", "password") if cleaned.get(name)]:
                self.add_error(name, _("A SQLite database is a file of this computer: leave this empty."))
        if not self.errors and self.keeps_secret() and not self.chosen().same_system(self.address):
            self.add_error("password", ENTER_AGAIN)
        return cleaned

    def keeps_secret(self) -> bool:
        """Whether a password that is stored goes on being used."""
        stored = self.address.password or self.account.get("password", "") or masks.masked_parts(self.stored)
        return bool(stored) and not self.cleaned_data["password"] and bool(self.cleaned_data["user"])

    def chosen(self) -> Address:
        """The address as it was typed, without an account."""
        given = self.cleaned_data
        return Address(given["system"], given["host"], given["port"], given["database"], options=given["options"])

    def settings(self) -> dict[str, Any]:
        """The account stays where it was written before, in the URL or beside it: a mask names its place."""
        user, typed, address = self.cleaned_data["user"], self.cleaned_data["password"], self.chosen()
        if self.address.user or self.address.password:
            password = written(typed) if typed else self.address.password
            account = {"user": user, "password": password if user else ""}
            return {"url": Address(**{**_fields(address), **account}).url()}
        password = typed or self.account.get("password", "")
        auth = {name: text for name, text in (("username", user), ("password", password)) if text and user}
        return {"url": address.url(), **({"auth": auth} if auth else {})}


class UrlForm(ConnectionForm):
    """Whatever is reached by a URL; also a database whose address a form cannot take apart."""

    url = forms.CharField(label="URL", help_text=_("A secret in it is shown as ********; left so, it stays."))
    user = forms.CharField(required=False, label=_("User name"), widget=forms.TextInput({"autocomplete": "off"}))
    password = forms.CharField(required=False, label=_("Password"), widget=SECRET, strip=False)
    field_order = ("name", "url", "user", "password")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password"].help_text = password_help(self.stored)

    @property
    def account(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.stored.get("auth") or {}
        return found

    def parts(self) -> dict[str, Any]:
        return {"url": self.stored.get("url", ""), "user": self.account.get("username", "")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        in_url = MASK in cleaned.get("url", "")
        beside = bool(self.account.get("password")) and cleaned.get("user") and not cleaned.get("password")
        if (in_url or beside) and place(cleaned.get("url", "")) != place(self.stored.get("url", "")):
            self.add_error("url" if in_url else "password", ENTER_AGAIN)
        return cleaned

    def settings(self) -> dict[str, Any]:
        user, password = self.cleaned_data["user"], self.cleaned_data["password"] or self.account.get("password", "")
        auth = {name: text for name, text in (("username", user), ("password", password)) if text and user}
        return {"url": self.cleaned_data["url"].strip(), **({"auth": auth} if auth else {})}


class SecretForm(forms.Form):
    """A new password that takes the place of the stored one."""

    password = forms.CharField(
        label=_("New password"),
        widget=SECRET,
        strip=False,
        help_text=_("Or ${NAME}, which is read from the environment. It is tried before it replaces the old one."),
    )


def form_class(kind: str, connection: Connection | None = None) -> type[DatabaseForm] | type[UrlForm]:
    """The form for a connection of ``kind``, or for this one."""
    apart = connection is None or Address.of(connection.settings.get("url", "")) is not None
    return DatabaseForm if kind == "sql" and apart else UrlForm


def with_password(settings: Mapping[str, Any], password: str) -> dict[str, Any] | None:
    """The settings as a file would write them with another password, in the place of the old one; None where no
    account has one that could be replaced."""
    url, auth = str(settings.get("url", "")), dict(settings.get("auth") or {})
    if urls.password(url):
        changed = urls.rewrite(url, lambda part, raw: written(password) if part == "url" else raw)
        return {**settings, "url": changed}
    if auth.get("username") or urls.user(url):
        return {**settings, "auth": {**auth, "password": password}}
    return None


def place(url: str) -> tuple[str, str]:
    """Where a URL leads to, without the account and the options."""
    found = urls.URL.fullmatch(url)
    return (found["head"], found["place"].partition("/")[0]) if found else (url, "")


def password_help(stored: Mapping[str, Any]) -> Any:
    if masks.masked_parts(stored):
        return _("One is stored; leave this empty to keep it. ${NAME} is read from the environment.")
    if names := [name for _path, text in masks.texts(stored) for name in references.names(text)]:
        return _("Now read from the environment: %(names)s. Leave this empty to keep that.") % {
            "names": ", ".join(f"${{{name}}}" for name in names)
        }
    return _("It is encrypted and never shown again. ${NAME} is read from the environment.")


def _fields(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in Address.__dataclass_fields__}
