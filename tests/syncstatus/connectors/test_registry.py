"""Kinds of connections that installed packages bring along."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncstatus.connectors import registry
from syncstatus.connectors.errors import KindUnknown
from syncstatus.connectors.sql.connector import SqlConnector


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    monkeypatch.undo()
    registry.look_again()


def install(folder: Path, *kinds: str) -> None:
    package = folder / "fax_connector-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: fax-connector\nVersion: 1.0\n")
    lines = [f"{kind} = syncstatus.connectors.sql:connect\n" for kind in kinds]
    (package / "entry_points.txt").write_text("[syncstatus.connectors]\n" + "".join(lines))
    registry.look_again()


def test_a_package_brings_its_kind(packages: Path) -> None:
    with pytest.raises(KindUnknown):
        registry.connect("fax", {"url": "sqlite:////tmp/fax"})
    install(packages, "fax")
    assert registry.kinds() == ("sql", "fax")
    assert isinstance(registry.connect("fax", {"url": "sqlite:////tmp/fax"}), SqlConnector)


def test_a_package_cannot_take_the_name_of_ours(packages: Path) -> None:
    (packages / "evil.py").write_text("raise AssertionError('loaded')")
    package = packages / "evil-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[syncstatus.connectors]\nsql = evil:connect\n")
    registry.look_again()
    assert registry.kinds() == ("sql",)
    assert isinstance(registry.connect("sql", {"url": "sqlite:////tmp/fax"}), SqlConnector)
