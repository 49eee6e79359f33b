"""What a worker says of the definition that it runs under."""

import os
from pathlib import Path

import pytest

from farmhand.units.carried import FILES, LONGEST_TEXT, MOST_FILES, RECIPE, SEPARATOR, digest
from farmhand.worker import definition


def told(*paths: object, recipe: str = "system=systemd") -> dict[str, object]:
    said = definition.told({RECIPE: recipe, FILES: SEPARATOR.join(map(str, paths))})
    assert said is not None
    return said


def test_each_file_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\n\xff")
    (tmp_path / "b").write_bytes(b"")
    said = told(tmp_path / "a", tmp_path / "b")
    assert said["files"] == {str(tmp_path / "a"): digest(b"one\r\n\xff"), str(tmp_path / "b"): digest(b"")}
    assert said["recipe"] == "system=systemd"


def test_a_file_in_the_users_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "unit").write_text("x")
    assert told("~/unit")["files"] == {"~/unit": digest(b"x")}


def test_what_cannot_be_read_has_no_hash(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    paths = [tmp_path, tmp_path / "nothing", tmp_path / "large", tmp_path / "pipe", "relative"]
    assert told(*paths)["files"] == dict.fromkeys(map(str, paths))


def test_drop_ins_beside_a_unit_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "x.service.d"
    folder.mkdir()
    for name in ("b.conf", "a.conf", "README", "c\nd.conf"):
        (folder / name).touch()
    assert told(tmp_path / "x.service")["drop_ins"] == ["a.conf", "b.conf"]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {FILES: "/etc/x"},
        {RECIPE: "system=systemd"},
        {RECIPE: "", FILES: "/etc/x"},
        {RECIPE: "x" * (LONGEST_TEXT + 1), FILES: "/etc/x"},
        {RECIPE: "\udcff", FILES: "/etc/x"},
        {RECIPE: "x", FILES: "\udcff"},
    ],
)
def test_who_was_not_told_says_nothing(environ: dict[str, str]) -> None:
    assert definition.told(environ) is None


def test_what_is_said_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "x.d"
    folder.mkdir()
    for number in range(MOST_FILES + 5):
        (folder / f"{number:02}.conf").touch()
    said = told(tmp_path / "x", *(tmp_path / str(number) for number in range(MOST_FILES + 5)))
    assert len(dict(said["files"])) == len(list(said["drop_ins"])) == MOST_FILES  # type: ignore[call-overload]
