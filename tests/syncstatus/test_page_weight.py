"""A page with all it loads stays light, also on a slow line: 150 kB before anything is compressed."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from couplings.models import SyncLogEntry
from couplings.paging import SIZE
from tests import given

LIMIT = 150_000
LONG = "Adatum Corporation of Copenhagen"

pytestmark = pytest.mark.django_db


def weight(client: Client, url: str) -> int:
    """The page, its stylesheets and its scripts, in bytes."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    loaded = re.findall(r'<(?:script|link)[^>]+(?:src|href)="/static/([^"]+\.(?:js|css))"', answer.content.decode())
    assert loaded, url
    return len(answer.content) + sum(_size(name) for name in loaded)


def _size(name: str) -> int:
    path = finders.find(name)
    assert isinstance(path, str), name
    return Path(path).stat().st_size


@pytest.mark.parametrize("language", ["en", "fr"])
def test_full_pages_stay_light(language: str) -> None:
    client = given.signed_in(given.person("ada", "administrator"))
    mappings = [given.mapping(f"TABLE_{number:02}") for number in range(40)]
    for number in range(2 * SIZE):
        asked = {"request": "use_right"} if number % 3 == 0 else {}
        given.error(mappings[number % 40], number, description=f"{LONG} {number}", attempts=3, **asked)
        job = given.job(mappings[number % 40], read=1_234_567, modified=1_234, inserted=5, unchanged=1_233_328)
    at = timezone.now()
    for number in range(2 * SIZE):
        entry = SyncLogEntry(job=job.pk, mapping=job.mapping, outcome="modified", at=at, left_key=str(number))
        entry.changes = '{"right": {"telephone": ["+45 33 12 34 56", "+45 33 12 99 99"]}}'
        entry.save()

    pages = ["/", "/errors/", "/couplings/", "/mappings/", "/mappings/TABLE_07/", "/jobs/", f"/jobs/{job.pk}/"]
    pages += ["/connections/", "/search/?q=adatum"]
    client.cookies["django_language"] = language
    heavy = {url: size for url in pages if (size := weight(client, url)) > LIMIT}

    assert heavy == {}
