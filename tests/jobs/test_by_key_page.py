"""Links from the other applications to a record, by its own key."""

import pytest
from django.test import Client

from couplings.models import Coupling
from tests import given

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


def test_any_other_record_can_be_coupled(vera: Client) -> None:
    given.mapping()
    response = vera.get(URL, {"mapping": "CUSTOMER", "side": "right", "key": "x y&z"})
    assert response.headers["Location"] == "/couplings/add/?mapping=CUSTOMER&right=x+y%26z"


@pytest.mark.parametrize(
    "query", [{"mapping": "NONE", "key": "1"}, {"mapping": "CUSTOMER", "side": "up", "key": "1"}, {}]
)
def test_what_does_not_exist_is_404(vera: Client, query: dict[str, str]) -> None:
    given.mapping()
    assert vera.get(URL, query).status_code == 404


def test_nobody_looks_without_signing_in(client: Client) -> None:
    response = client.get(URL, {"mapping": "CUSTOMER", "key": "1"})
    assert response.headers["Location"].startswith("/accounts/login/")
