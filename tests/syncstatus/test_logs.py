"""What log lines look like; written by real programs, as logging belongs to the whole process."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import given
from tests.faults import processes

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import logging, sys
import structlog
from syncstatus import logs
logs.configure({"level": sys.argv[1], "format": sys.argv[2]})
structlog.contextvars.bind_contextvars(job=7, mapping="CUSTOMER")
logging.getLogger("jobs").info("Wrote %s records", 3)
structlog.get_logger("jobs").info("Wrote records", written=3)
"""


FAILURE = """
import logging, sys
from syncstatus import logs
logs.configure({"level": "INFO", "format": sys.argv[1]})
def connect(password):
    raise ValueError("no")
try:
    connect("s3" + "cret")
except ValueError:
    logging.getLogger("jobs").exception("job failed")
"""


def log(level: str, style: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, level, style], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_json_lines_name_job_and_mapping_and_leave_standard_output_alone() -> None:
    done = log("INFO", "json")
    standard, structured = map(json.loads, done.stderr.splitlines())
    assert standard["event"] == "Wrote 3 records"
    assert structured["written"] == 3
    for line in (standard, structured):
        assert (line["job"], line["mapping"], line["level"]) == (7, "CUSTOMER", "info")
    assert done.stdout == ""


def test_plain_lines_are_for_people() -> None:
    standard, structured = log("INFO", "plain").stderr.splitlines()
    assert "Wrote 3 records" in standard
    assert "mapping=CUSTOMER" in structured


def test_the_level_is_obeyed() -> None:
    assert log("WARNING", "json").stderr == ""


@pytest.mark.parametrize(("level", "style"), [("LOUD", "plain"), ("INFO", "xml")])
def test_unknown_choices_are_refused(level: str, style: str) -> None:
    done = log(level, style)
    assert done.returncode == 1
    assert "ImproperlyConfigured: LOG_" in done.stderr


@pytest.mark.parametrize("style", ["plain", "json"])
def test_a_traceback_shows_no_values(style: str) -> None:
    command = [sys.executable, "-c", FAILURE, style]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "ValueError: no" in done.stderr
    assert "s3cret" not in done.stderr


REQUESTS = """
import sys
import syncstatus.celery, django
django.setup()
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from syncstatus import logs
settings.ALLOWED_HOSTS = ["testserver"]
logs.configure({"level": "INFO", "format": "json"})
ada = Client()
ada.force_login(User.objects.get(username="ada"))
print(ada.get("/errors/?q=adatum", headers={"X-Request-ID": "proxy-7"})["X-Request-ID"])
print(ada.get("/nowhere%0Aelse/", headers={"X-Request-ID": "two\\nlines"})["X-Request-ID"])
print(Client().get("/accounts/login/")["X-Request-ID"])
Client().get("/healthz")
"""


@pytest.mark.django_db(transaction=True)
def test_a_request_has_one_line_with_its_id_and_its_user() -> None:
    given.person("ada", "viewer")
    process = processes.start("-c", REQUESTS)
    said, complained = process.communicate(timeout=processes.PATIENCE)
    errors, nowhere, login = [json.loads(line) for line in complained.splitlines()]

    assert (errors["event"], errors["user"], errors["request"]) == ("request", "ada", "proxy-7")
    assert (errors["method"], errors["path"], errors["status"]) == ("GET", "/errors/", 200)
    assert (nowhere["path"], nowhere["status"]) == ("/nowhere%0Aelse/", 404)
    assert "user" not in login, "a thread answers for one person after the other"
    assert said.split() == [errors["request"], nowhere["request"], login["request"]]
    assert re.fullmatch("[0-9a-f]{32}", nowhere["request"]), "a name with a line break is not taken over"
