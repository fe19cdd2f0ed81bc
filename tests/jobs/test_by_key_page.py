"""Links from the other applications to a record, by its own key."""

from urllib.parse import quote

import pytest
from django.test import Client

from couplings.models import Coupling
from jobs.services.couplings import compact
from tests import given
from tests.jobs.worlds import World

pytestmark = pytest.mark.django_db
URL = "/couplings/by-key/"


@pytest.fixture
def vera() -> Client:
    return given.signed_in(given.person("vera", "viewer"))


def test_a_coupled_record_is_found_from_either_side(vera: Client) -> None:
    pair = given.coupling(given.mapping(), 1)
    for side, key in (("left", pair.left_key), ("right", pair.right_key)):
        response = vera.get(URL, {"mapping": "customer", "side": side, "key": key})
        assert response.headers["Location"] == f"/couplings/{pair.pk}/"


def test_a_composite_key_is_json_however_it_is_spaced(vera: Client) -> None:
    mapping = given.mapping()
    pair = Coupling.objects.create(mapping=mapping, left_key='["DK",7]', right_key="a")
    response = vera.get(URL, {"mapping": "CUSTOMER", "key": '["DK", 7]'})
    assert response.headers["Location"] == f"/couplings/{pair.pk}/"


def test_a_record_out_of_step_leads_to_its_error(vera: Client) -> None:
    error = given.error(given.mapping(), 1, coupling=None, left_key="77", right_key=None)
    assert vera.get(URL, {"mapping": "CUSTOMER", "key": "77"}).headers["Location"] == f"/errors/{error.pk}/"


def test_any_other_record_leads_to_its_page(vera: Client) -> None:
    given.mapping()
    response = vera.get(URL, {"mapping": "CUSTOMER", "side": "right", "key": "x y&z"})
    assert response.headers["Location"] == "/records/record/?mapping=CUSTOMER&side=right&key=x+y%26z"


@pytest.mark.parametrize("key", ["10001", "a/b", "a//b/", "x y&z?#", "Ж%0A\n", " ", "right/left", '["DK", 7]'])
def test_the_address_itself_names_the_record(vera: Client, key: str) -> None:
    mapping = given.mapping("A.B & C")
    pair = Coupling.objects.create(mapping=mapping, left_key=compact(key), right_key="a")
    url = f"/couplings/by/{quote('A.B & C')}/left/{quote(key, safe='')}/"
    assert vera.get(url).headers["Location"] == f"/couplings/{pair.pk}/"


def test_an_unknown_record_is_said_and_leads_on(world: World) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    response = carl.get("/couplings/by/CUSTOMER/left/4711/", follow=True)

    page = response.content.decode()
    assert response.status_code == 200
    assert "There is no record 4711 in ERP" in page
    assert "Look for it in the list" in page
    assert "Set Up Coupling" not in page


def test_an_uncoupled_record_is_shown_with_the_reason(world: World) -> None:
    world.set(only_coupled=True)
    left = world.left.add(name="Adatum", phone="1")
    ada = given.signed_in(given.person("ada", "operator"))

    page = ada.get(f"/couplings/by/CUSTOMER/left/{left}/", follow=True).content.decode()

    assert "Adatum" in page
    assert "Not coupled." in page
    assert "only coupled records are synchronized" in page
    assert f'href="/couplings/add/?mapping=CUSTOMER&amp;left={left}"' in page


@pytest.mark.parametrize(
    "query", [{"mapping": "NONE", "key": "1"}, {"mapping": "CUSTOMER", "side": "up", "key": "1"}, {}]
)
def test_what_does_not_exist_is_404(vera: Client, query: dict[str, str]) -> None:
    given.mapping()
    assert vera.get(URL, query).status_code == 404


def test_nobody_looks_without_signing_in(client: Client) -> None:
    response = client.get(URL, {"mapping": "CUSTOMER", "key": "1"})
    assert response.headers["Location"].startswith("/accounts/login/")
