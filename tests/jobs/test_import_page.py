"""Couplings as CSV on a page: checked first, every refused line told, all or nothing."""

from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from couplings.models import Coupling
from jobs.views import mapping_import
from tests import given
from tests.jobs.worlds import World

URL = "/mappings/CUSTOMER/couplings/import/"


@pytest.fixture
def berta(world: World) -> Client:
    return given.signed_in(given.person("berta", "operator"))


def send(client: Client, content: str | bytes, action: str = "check", **options: Any) -> str:
    raw = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile("pairs.csv", raw)
    answer = client.post(URL, {"file": file, "action": action, **options})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.fixture
def pairs(world: World) -> list[tuple[str, str]]:
    return [(world.left.add(name=name), world.right.add(name=name)) for name in ("Adatum", "Contoso")]


def lines(pairs: list[tuple[str, str]], *more: str) -> str:
    return "\n".join(["left_key,right_key", *(",".join(pair) for pair in pairs), *more])


def test_a_file_is_checked_and_then_imported(berta: Client, pairs: list[tuple[str, str]]) -> None:
    assert "2 pairs would be coupled. Nothing was done yet." in send(berta, lines(pairs))
    assert not Coupling.objects.exists()

    assert "2 pairs were coupled." in send(berta, lines(pairs), "import")

    assert set(Coupling.objects.values_list("left_key", "right_key")) == set(pairs)
    assert "2 pairs were coupled already." in send(berta, lines(pairs))


def test_every_refused_line_is_told_and_nothing_is_done(berta: Client, pairs: list[tuple[str, str]]) -> None:
    content = lines(pairs, f"999,{pairs[0][1]}", f"{pairs[1][0]},")

    page = send(berta, content, "import")

    assert "Nothing was coupled, because lines are refused." in page
    assert "There is no record 999 in ERP." in page
    assert page.count('data-label="Line"') >= 2
    assert not Coupling.objects.exists()


def test_the_others_are_coupled_when_somebody_says_so(berta: Client, pairs: list[tuple[str, str]]) -> None:
    page = send(berta, lines(pairs, "999,nobody"), "import", partial="on")

    assert "2 pairs were coupled." in page
    assert "1 line is refused." in page
    assert Coupling.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The submitted file is empty"),
        ("one,two\n1,2", "The first line names other columns"),
        ("left_key,right_key\n\u00e9,2".encode("latin-1"), "not encoded in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_comes_back_at_its_field(berta: Client, content: str | bytes, told: str) -> None:
    page = send(berta, content, "import")

    assert told in page.partition('id="id_file_error"')[2].partition("</ul>")[0]


def test_a_large_file_is_for_the_command(
    berta: Client, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping_import, "MEGABYTES", 0.00001)

    assert "manage.py couplings import" in send(berta, lines(pairs), "import")


def test_what_is_exported_can_be_imported(berta: Client, world: World, pairs: list[tuple[str, str]]) -> None:
    send(berta, lines(pairs), "import")

    answer = berta.get("/mappings/CUSTOMER/couplings/export/")

    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="CUSTOMER couplings.csv"'
    assert "2 pairs were coupled already." in send(berta, content)


def test_a_viewer_may_only_export(world: World) -> None:
    carl = given.signed_in(given.person("carl", "viewer"))

    assert carl.get(URL).status_code == 403
    assert carl.post(URL).status_code == 403
    assert carl.get("/mappings/CUSTOMER/couplings/export/").status_code == 200
