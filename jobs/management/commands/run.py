"""`manage.py run`: everything on this machine, for trying and for small installations; `make run` calls it."""

import errno
import http.client
import secrets
import socket
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils.translation import gettext as _

from jobs import sample
from jobs.processes import Child, Children, Program, interruptible, supervised
from syncstatus import environment
from syncstatus.sample import databases
from syncstatus.sample.databases import SampleError

HOST = "127.0.0.1"
ADMINISTRATOR = "admin"
# How long the web server may take to answer for the first time, in seconds.
PATIENCE = 60


class Command(BaseCommand):
    help = _("Start the web server, a worker and the scheduler, and stop them on Ctrl-C.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = environment.number("PORT", 8000)
        parser.add_argument("--port", type=int, default=default, help=_("where the pages are, 8000 if not given"))
        parser.add_argument("--no-sample", action="store_true", help=_("begin empty, without the sample databases"))
        parser.add_argument("--colleague", action="store_true", help=_("let a simulated colleague edit the sample"))

    def handle(self, *, port: int, no_sample: bool, colleague: bool, **options: Any) -> None:
        with interruptible():
            refuse_taken(port)
            call_command("migrate", interactive=False, verbosity=0)
            if not no_sample and sample.is_wanted():
                self.create_sample()
            with supervised() as children:
                self.serve(children, port, colleague=colleague)
        self.say(_("Stopped."))

    def say(self, text: str) -> None:
        """At once, also where the output goes to a file or another program."""
        self.stdout.write(text)
        self.stdout.flush()

    def create_sample(self) -> None:
        try:
            sample.create(self.say)
        except SampleError as error:
            raise CommandError(str(error)) from error

    def serve(self, children: Children, port: int, *, colleague: bool) -> None:
        has_sample = databases.exists()
        web = children.start(program("web", *gunicorn(port)))
        children.start(program("worker", *celery("worker"), "--concurrency=2", "--without-gossip", "--without-mingle"))
        children.start(program("beat", *celery("beat")))
        if colleague and has_sample:
            children.start(program("colleague", "manage.py", "sample", "edit", "--rate", "0.5"))
        wait_for(web, port)
        # Last, so that nobody is created whose password nobody gets to see.
        password = create_administrator()
        self.say(welcome(port, administrator(), password, has_sample=has_sample))
        # A connection that only waits would be one of the store's few.
        connections.close_all()
        raise ended(children.first_to_end())


def refuse_taken(port: int) -> None:
    """Raises CommandError when another program listens on the port. One that just ends is waited for."""
    end = time.monotonic() + 5
    while True:
        try:
            with socket.create_server((HOST, port)):
                return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandError(_("Port {port} cannot be used: {reason}").format(port=port, reason=error)) from error
            if time.monotonic() > end:
                raise CommandError(taken(port)) from error
        time.sleep(0.2)


def taken(port: int) -> str:
    return _("Port {port} is used by another program. Stop that, or choose another one: PORT={other} make run").format(
        port=port, other=port + 1
    )


def create_administrator() -> str | None:
    """The password of the administrator that is created here; None where there are users already."""
    users = get_user_model().objects
    if users.exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(ADMINISTRATOR, password=password)
    return password


def administrator() -> str:
    """The name that whoever started this may sign in with."""
    superusers = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return superusers.values_list("username", flat=True).first() or ADMINISTRATOR


def program(name: str, *arguments: str) -> Program:
    command = [sys.executable, *arguments]
    return Program(name, command, settings.BASE_DIR, settings.DATA_DIR / "logs" / f"{name}.log")


def gunicorn(port: int) -> list[str]:
    options = f"--bind {HOST}:{port} --workers 2 --threads 4 --graceful-timeout 3 --no-control-socket"
    return ["-m", "gunicorn", *options.split(), "syncstatus.wsgi:application"]


def celery(command: str) -> list[str]:
    return ["-m", "celery", "-A", "syncstatus", command, "--loglevel", settings.LOGGING["level"]]


def wait_for(web: Child, port: int) -> None:
    """Until the sign-in page is there. Raises CommandError when the web server ends, or answers with an error."""
    end = time.monotonic() + PATIENCE
    while (status := answer(port)) is None and web.runs and time.monotonic() < end:
        time.sleep(0.1)
    if status is None:
        raise ended(web)
    if status >= 500:
        raise CommandError(
            _("The sign-in page answers with error {status}. See {log}.").format(status=status, log=web.program.log)
        )


def answer(port: int) -> int | None:
    """The status of the sign-in page, None while nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", settings.LOGIN_URL)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def ended(child: Child) -> CommandError:
    """A program that ends by itself takes the others with it: half a system would look like a whole one."""
    return CommandError(
        _("{name} has ended with code {code}, so everything is stopped. Its last words, from {log}:\n{words}").format(
            name=child.name, code=child.process.poll(), log=child.program.log, words=child.last_words()
        )
    )


def welcome(port: int, user: str, password: str | None, *, has_sample: bool) -> str:
    address = f"http://{HOST}:{port}/"
    lines = [
        "",
        _("Syncstatus is ready: {address}").format(address=address),
        "",
        _("User:      {user}").format(user=user),
        _("Password:  {password}").format(password=password or forgotten(user)),
        "",
        *(look(address) if has_sample else begin()),
        "",
        _("What the programs say: {folder}").format(folder=settings.DATA_DIR / "logs"),
        _("Stop with Ctrl-C."),
        "",
    ]
    return "\n".join(lines)


def forgotten(user: str) -> str:
    return _("the one you have; for a new one: {python} manage.py changepassword {user}").format(
        python=python(), user=user
    )


def python() -> str:
    """How to call this interpreter, from the project's folder where possible."""
    path = Path(sys.executable)
    return str(path.relative_to(settings.BASE_DIR) if path.is_relative_to(settings.BASE_DIR) else path)


def look(address: str) -> list[str]:
    return [
        _("{address}errors/  what is out of step between the sample's ERP and CRM").format(address=address),
        _("{address}jobs/    what the workers do about it, every minute").format(address=address),
    ]


def begin() -> list[str]:
    return [_("Nothing is connected yet. docs/getting-started.md shows a configuration file of your own.")]
