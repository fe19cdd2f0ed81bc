"""Couplings out into a CSV file and back in: checked line by line, coupled all or none."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from couplings.models import Coupling, SyncLogEntry, UncoupledRecord
from jobs.models import CreateIntent, Kind, SyncJob
from jobs.services import couplings, matching
from jobs.services.coupling_files import plain, safe
from tests.jobs.command_line import Ran, run
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]
Pairs = list[tuple[str, str]]


@pytest.fixture
def loose(make_world: MakeWorld) -> tuple[World, Pairs]:
    """Three pairs of equal records that nothing has coupled yet."""
    world = make_world(only_coupled=True)
    return world, [(world.left.add(name=f"N{n}"), world.right.add(name=f"N{n}")) for n in range(3)]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Iterable[Iterable[str]], head: str = "left_key,right_key", encoding: str = "utf-8") -> Path:
        path = tmp_path / "couplings.csv"
        path.write_text("\n".join([head, *(",".join(row) for row in rows)]), encoding)
        return path

    return write


def imported(path: Path, *options: str) -> Ran:
    return run("couplings", "import", "CUSTOMER", path, *options)


def coupled() -> Pairs:
    return list(Coupling.objects.order_by("id").values_list("left_key", "right_key"))


def test_what_is_exported_can_be_imported(world: World, tmp_path: Path) -> None:
    pairs, path = world.pairs(3), tmp_path / "out.csv"
    assert run("couplings", "export", "CUSTOMER", path).said == f"3 couplings written to {path}.\n"
    assert path.read_bytes().startswith(b"\xef\xbb\xbfleft_key,right_key,last_synced\r\n"), "as spreadsheets know UTF-8"
    Coupling.objects.all().delete()
    assert imported(path, "--json").object == {
        "mapping": "CUSTOMER", "dry_run": False, "lines": 3, "coupled": 3, "known": 0, "refused": 0,
    }  # fmt: skip
    assert coupled() == pairs
    assert imported(path, "--json").object["known"] == 3, "twice is once"
    assert coupled() == pairs


def test_export_to_standard_output(world: World) -> None:
    pairs = world.pairs(2)
    rows = list(csv.DictReader(run("couplings", "export", "CUSTOMER").said.splitlines()))
    assert [(row["left_key"], row["right_key"]) for row in rows] == pairs


def test_the_next_run_decides_what_was_imported(loose: tuple[World, Pairs], file: Callable[..., Path]) -> None:
    world, pairs = loose
    world.sync()
    world.right.edit(pairs[1][1], phone="7")
    world.sync()  # what changed before is listed no more
    assert imported(file(pairs)).code == 0
    job = world.sync()
    assert told(job) == {"unchanged": 2, "failed": 1}
    assert (world.error().kind, world.error().fields) == ("conflict", ["phone"])
    world.left.edit(pairs[0][0], phone="8")
    world.sync()
    assert world.right.get(pairs[0][1], "phone") == ("8",)


def test_an_import_is_a_job_with_a_log_and_can_be_undone(loose: tuple[World, Pairs], file: Callable[..., Path]) -> None:
    _, pairs = loose
    imported(file(pairs))
    job = SyncJob.objects.get()
    assert (job.kind, job.coupled) == (Kind.COUPLE, 3)
    assert set(SyncLogEntry.objects.values_list("left_key", "right_key", "outcome")) == {(*p, "coupled") for p in pairs}
    run("undo", job.pk)
    assert coupled() == []


def test_each_refused_line_is_told_with_its_number_and_nothing_is_done(
    loose: tuple[World, Pairs], file: Callable[..., Path]
) -> None:
    world, pairs = loose
    couplings.add(world.mapping, *pairs[2], user=None)
    world.mapping.left_filter = {"name": {"ne": "N1"}}
    world.mapping.save()
    spare = world.right.add(name="spare")
    lines = [
        pairs[0],
        ("4711", spare),
        ("", spare),
        (pairs[2][0], spare),
        (pairs[0][0], spare),
        pairs[1],
        ("one",),
        ("no number", spare),
        pairs[2],
    ]
    ran = imported(file(lines), "--json")
    assert ran.code == 1
    *refused, summary = ran.objects
    assert [(line["line"], line["code"]) for line in refused] == [
        (3, "record_not_found"),
        (4, "key_empty"),
        (5, "already_coupled"),
        (6, "key_doubled"),
        (7, "record_outside_filter"),
        (8, "cells_missing"),
        (9, "record_not_found"),
    ]
    assert all(line["message"] for line in refused)
    assert refused[3]["params"]["first"] == 2
    assert summary == {"mapping": "CUSTOMER", "dry_run": False, "lines": 9, "coupled": 0, "known": 1, "refused": 7}
    assert coupled() == [pairs[2]]


def test_partial_couples_the_others(loose: tuple[World, Pairs], file: Callable[..., Path]) -> None:
    _, pairs = loose
    path = file([*pairs, ("4711", "4712")])
    assert imported(path, "--dry-run", "--partial", "--json").objects[-1]["coupled"] == 3
    assert coupled() == []
    ran = imported(path, "--partial")
    assert (ran.code, coupled()) == (1, pairs)
    assert "line 5: There is no record 4711 in ERP." in ran.complained


def test_what_a_person_uncoupled_is_coupled_again_by_an_import(world: World, file: Callable[..., Path]) -> None:
    pairs = world.pairs(1)
    couplings.remove(Coupling.objects.all(), user=None)
    assert UncoupledRecord.objects.count() == 2
    imported(file(pairs))
    assert (coupled(), UncoupledRecord.objects.count()) == (pairs, 0)


def test_an_announced_create_is_not_looked_for_any_more(loose: tuple[World, Pairs], file: Callable[..., Path]) -> None:
    world, pairs = loose
    CreateIntent.objects.create(
        mapping=world.mapping, side="right", source_key=pairs[0][0], job=1,
        idempotency_key="00000000-0000-4000-8000-000000000000",
    )  # fmt: skip
    imported(file(pairs))
    assert not CreateIntent.objects.exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "first line has to name"),
        (b"a,b\n1,2\n", "names other columns (a,b)"),
        ("left_key,right_key\n1,é\n".encode("latin-1"), "not encoded in UTF-8"),
        ("left_key,right_key\n1,2\n".encode("utf-16"), "not encoded in UTF-8"),
        (b'left_key,right_key\n1,"' + b"x" * 200_000 + b'"\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(world: World, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    ran = imported(path)
    assert (ran.code, ran.said) == (2, "")
    assert code in ran.complained
    assert imported(tmp_path / "missing.csv").code == 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_as_spreadsheets_save_them(loose: tuple[World, Pairs], tmp_path: Path, separator: str) -> None:
    _, pairs = loose
    path = tmp_path / "saved.csv"
    rows = [["Right_Key", "Name", "LEFT_KEY"], *([right, "x", left] for left, right in pairs), ["", "", ""]]
    path.write_text("\r\n".join(separator.join(row) for row in rows), "utf-8-sig")
    assert imported(path).code == 0
    assert coupled() == pairs


@pytest.mark.parametrize("text", ["=1+1", "+45", "-5", "@x", "\tx", "'", "''", "'=x", "'abc", "abc", "", "''=", "5-"])
def test_a_cell_runs_nothing_and_comes_back_as_it_was(text: str) -> None:
    assert plain(safe(text)) == text
    assert safe(text)[:1] not in {"=", "+", "-", "@", "\t"}


def test_what_a_person_chose_in_the_file_of_a_preview_is_coupled(make_world: MakeWorld, tmp_path: Path) -> None:
    world, path = make_world(match=["phone"], only_coupled=True), tmp_path / "matches.csv"
    sure = (world.left.add(name="Ada", phone="1"), world.right.add(name="Ada", phone="1"))
    cid = world.left.add(name="Cid", phone="3")
    chosen, _other = (world.right.add(name=name, phone="3") for name in ("Cid", "Cid Ltd"))
    assert run("couplings", "match", "CUSTOMER", "--preview", "--file", path).code == 0
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [(row["couple"], row["result"]) for row in rows].count(("yes", "pair")) == 1
    assert {row["right_key"]: row["score"] for row in rows if row["left_key"] == cid}[chosen] == "100"
    for row in rows:
        row["couple"] = "x" if row["right_key"] == chosen and row["left_key"] == cid else row["couple"]
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert run("couplings", "match", "CUSTOMER", "--apply", "--file", path, "--json").object["coupled"] == 2
    assert set(coupled()) == {sure, (cid, chosen)}


def test_a_choice_on_the_command_line(make_world: MakeWorld) -> None:
    world = make_world(match=["name"], only_coupled=True)
    left, rights = world.left.add(name="Cid"), [world.right.add(name="Cid") for _ in range(2)]
    matching.apply(world.mapping, user=None, queue=False)
    assert world.error().kind == "ambiguous"
    assert run("couplings", "match", "CUSTOMER", "--choose", f"{left}={rights[1]}").code == 0
    assert coupled() == [(left, rights[1])]
    assert world.errors() == []


def test_a_preview_on_the_command_line(make_world: MakeWorld) -> None:
    world = make_world(match=["name"])
    pair = (world.left.add(name="Ada"), world.right.add(name="Ada"))
    world.left.add(name="Alone")
    ran = run("couplings", "match", "CUSTOMER", "--preview", "--json")
    assert [(line["result"], line["left_key"], line["right_key"]) for line in ran.objects[:1]] == [("pair", *pair)]
    assert ran.objects[1]["values"] == {"name": "Alone"}
    assert run("couplings", "match", "CUSTOMER", "--preview").said.endswith(
        "CUSTOMER - pairs: 1, ambiguous: 0, duplicates: 0, unmatched in ERP: 1, unmatched in CRM: 0\n"
    )
    assert coupled() == []
    assert run("couplings", "match", "CUSTOMER", "--apply", "--json").object["coupled"] == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--preview", "--apply"],
        ["--file", "x.csv"],
        ["--choose", "12"],
        ["--create-new", "--choose", "1=2"],
        ["--apply", "--file", "/nowhere/x.csv"],
        ["--preview", "--file", "/nowhere/x.csv"],
    ],
)
def test_options_that_do_not_go_together(make_world: MakeWorld, options: list[str]) -> None:
    make_world(match=["name"])
    assert run("couplings", "match", "CUSTOMER", *options).code == 2


def test_remove_by_filter(world: World) -> None:
    for number, region in enumerate(["EU", "US", "EU", "AS"]):
        world.left.add(name=f"N{number}", region=region)
    world.sync()
    by_region = ["couplings", "remove", "CUSTOMER", "--filter", "region=EU", "--filter", "region=AS"]
    assert run(*by_region, "--dry-run").said == "3 couplings would be removed.\n"
    assert Coupling.objects.count() == 4
    assert run(*by_region, "--json").object == {"mapping": "CUSTOMER", "removed": 3}
    (left,) = Coupling.objects.values_list("left_key", flat=True)
    assert world.left.get(left, "region") == ("US",)
    for wrong in ("nothing=1", "region", "id=x"):
        assert run("couplings", "remove", "CUSTOMER", "--filter", wrong).code == 2, wrong
    assert Coupling.objects.count() == 1


def test_composite_keys_are_json_lists(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(only_coupled=True)
    world.left.execute("ALTER TABLE customer ALTER region SET NOT NULL, ADD UNIQUE (region, id)")
    world.set(left_key=["region", "id"])
    numbers = [world.left.add(name=f"N{n}", region="E,U") for n in range(4)]
    right = [world.right.add(name=f"N{n}") for n in range(4)]
    keys = [f'["E,U", {numbers[0]}]', f'["E,U",{numbers[1]}]', '["E,U"]', numbers[3]]
    path = tmp_path / "composite.csv"
    with path.open("w", newline="") as text:
        csv.writer(text).writerows([("left_key", "right_key"), *zip(keys, right, strict=True)])
    *refused, _summary = imported(path, "--partial", "--json").objects
    assert [(line["line"], line["code"]) for line in refused] == [(4, "key_malformed"), (5, "key_malformed")]
    assert "region, id" in refused[0]["message"]
    assert coupled() == [(f'["E,U",{number}]', key) for number, key in zip(numbers[:2], right[:2], strict=True)]
    out = tmp_path / "out.csv"
    run("couplings", "export", "CUSTOMER", out)
    assert imported(out, "--json").object["known"] == 2


def test_a_key_that_cannot_be_stored_is_a_refused_line(world: World, file: Callable[..., Path]) -> None:
    *refused, _summary = imported(file([("a\0b", "1"), ("x" * 3000, "1")]), "--json").objects
    assert [line["code"] for line in refused] == ["key_not_storable"] * 2
    assert "a\u2400b" in refused[0]["message"]
