"""The part of Tell Me that asks the systems."""

import pytest
import sqlalchemy as sa
from django.test import Client

from couplings.models import Connection, TableMapping
from jobs.services import search_systems
from tests import given
from tests.jobs.worlds import World

URL = "/search/systems/"
HTMX = {"HX-Request": "true"}

# The systems are asked by threads, which have connections of their own to the store.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carl(world: World) -> Client:
    return given.signed_in(given.person("carl", "viewer"))


def test_records_are_found_by_name_in_both_systems(carl: Client, world: World) -> None:
    left, _right = world.pair(name="Adatum Corporation", phone="1")
    free = world.right.add(name="adatum partners")

    page = carl.get(URL, {"q": "adatum"}, headers=HTMX).content.decode()

    coupling = world.coupling(left).pk
    assert page.count(f'<a href="/couplings/{coupling}/">Adatum Corporation</a>') == 2
    assert f'<a href="/records/record/?mapping=CUSTOMER&amp;side=right&amp;key={free}">adatum partners</a>' in page
    assert "not coupled" in page
    assert "<html" not in page


def test_without_scripts_it_is_a_page(carl: Client, world: World) -> None:
    key = world.left.add(name="Contoso")

    page = carl.get(URL, {"q": key}).content.decode()

    assert "<h1>In the systems</h1>" in page
    assert "Contoso</a>" in page
    assert "No record with the key or the name" in carl.get(URL, {"q": "Nowhere"}).content.decode()
    assert "Type a key or a name" in carl.get(URL).content.decode()


def test_a_job_is_found_by_its_number(carl: Client, world: World) -> None:
    job = world.sync()

    assert f'<a href="/jobs/{job.pk}/">Job {job.pk}' in carl.get(URL, {"q": str(job.pk)}).content.decode()
    assert carl.get(URL, {"q": "9" * 40}).status_code == 200


def test_a_system_that_cannot_be_asked_is_named_and_hides_no_other(carl: Client, world: World) -> None:
    world.right.add(name="Contoso")
    Connection.objects.filter(name="ERP").update(settings={"url": "postgresql://erp@127.0.0.1:1/erp"})

    page = carl.get(URL, {"q": "Contoso"}).content.decode()

    assert "Contoso</a>" in page
    assert "ERP (CUSTOMER): ERP could not be reached" in page


def test_nobody_waits_for_a_slow_system(world: World) -> None:
    world.left.add(name="Contoso")

    with world.left.engine.begin() as busy:
        busy.execute(sa.text("LOCK TABLE customer IN ACCESS EXCLUSIVE MODE"))
        found = {table.name: table for table in search_systems.search("Contoso", patience=0.5)}

    assert (found["ERP"].found, found["ERP"].problem) == (None, None)


def test_a_table_of_two_mappings_is_searched_once(carl: Client, world: World) -> None:
    world.left.add(name="Contoso")
    twin = TableMapping.objects.get()
    twin.pk, twin.name = None, "TWIN"
    twin.save()

    assert carl.get(URL, {"q": "Contoso"}).content.decode().count("Contoso</a>") == 1


def test_who_is_signed_out_is_led_to_the_sign_in_page(carl: Client) -> None:
    carl.logout()

    assert carl.get(URL, headers=HTMX)["HX-Refresh"] == "true"
    assert carl.get(URL).status_code == 302
