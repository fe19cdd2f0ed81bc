"""What every page brings along."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_page_brings_htmx_from_this_server_and_keeps_it_within_the_policy(client: Client) -> None:
    page = client.get(reverse("login")).content.decode()
    script = re.search(r'<script src="(/static/django_htmx/[^"]+)" defer>', page)
    assert script is not None
    served = client.get(script[1])
    assert served.status_code == 200
    served.close()
    config = re.search(r"name=\"htmx-config\" content='([^']+)'", page)
    assert config is not None
    told = json.loads(config[1])
    assert told["allowEval"] is False
    assert told["includeIndicatorStyles"] is False
    assert told["historyCacheSize"] == 0
