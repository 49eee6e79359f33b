"""Names, links, masks and drop-ins in folders, as systemd 252 was seen to find them in the same ones."""

import os
from pathlib import Path

import pytest

from farmhand.supervisor.definitions.unit_paths import Index, folders, prefixes, template

UNIT = "[Service]\nExecStart=/bin/true\n"
FILES = {
    "usr/a-b-c.service": UNIT,
    "usr/a-b-c.service.d/10.conf": "",
    "etc/a-b-c.service.d/10.conf": "",
    "run/a-b-c.service.d/20.conf": "",
    "usr/a-b-.service.d/15.conf": "",
    "usr/a-.service.d/05.conf": "",
    "etc/a-.service.d/20.conf": "",
    "usr/service.d/30.conf": "",
    "etc/service.d/20.conf": "",
    "usr/a-b-c.service.d/40.conf": "",
    "etc/a-b-c.service.d/60.txt": "",
    "usr/alias.service.d/70.conf": "",
    "usr/t-x@.service": UNIT,
    "usr/t-x@.service.d/10.conf": "",
    "usr/t-x@1.service.d/20.conf": "",
    "usr/t-@.service.d/30.conf": "",
    "usr/t-.service.d/40.conf": "",
    "usr/masked.service": UNIT,
    "usr/only.service.d/a.conf": "",
    "usr/dir.service": UNIT,
    "etc/dir.service/x": "",
    "elsewhere/real.service": UNIT,
}
LINKS = {
    "etc/alias.service": "a-b-c.service",
    "etc/a-b-c.service.d/40.conf": "/dev/null",
    "etc/masked.service": "/dev/null",
    "etc/ta@.service": "t-x@.service",
    "etc/ti.service": "t-x@9.service",
    "etc/tj@5.service": "t-x@.service",
    "etc/tk@6.service": "t-x@7.service",
    "etc/timer.timer": "a-b-c.service",
    "etc/loop1.service": "loop2.service",
    "etc/loop2.service": "loop1.service",
    "etc/dangling.service": "nowhere.service",
    "etc/outside.service": "../elsewhere/real.service",
    "etc/want.target.wants/alias.service": "../alias.service",
    "etc/want.target.wants/t-x@3.service": "../t-x@.service",
    "etc/want.target.wants/never.service": "/dev/null",
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, target in LINKS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(target)
    return Index([tmp_path / "etc", tmp_path / "run", tmp_path / "usr"])


# Asked for: the unit's own name, the file that defines it, its aliases.
FOUND = [
    ("a-b-c", "a-b-c", "usr/a-b-c.service", ["alias"]),
    ("alias", "a-b-c", "usr/a-b-c.service", ["alias"]),
    ("t-x@1", "t-x@1", "usr/t-x@.service", ["ta@1"]),
    ("ta@2", "t-x@2", "usr/t-x@.service", ["ta@2"]),
    ("tj@5", "t-x@5", "usr/t-x@.service", ["ta@5", "tj@5"]),
    ("tj@6", "tj@6", "", []),
    ("ti", "ti", "", []),
    ("tk@6", "tk@6", "", []),
    ("loop1", "loop1", "", []),
    ("dangling", "dangling", "", []),
    ("only", "only", "", []),
    ("masked", "masked", "etc/masked.service", []),
    ("dir", "dir", "usr/dir.service", []),
    ("outside", "outside", "etc/outside.service", []),
    ("nobody", "nobody", "", []),
]


@pytest.mark.parametrize(("asked", "name", "file", "aliases"), FOUND, ids=[row[0] for row in FOUND])
def test_names_and_links(index: Index, tmp_path: Path, asked: str, name: str, file: str, aliases: list[str]) -> None:
    found = index.find(f"{asked}.service")
    assert found.name == f"{name}.service"
    assert found.fragment == (str(tmp_path / file) if file else "")
    assert found.names == (f"{name}.service", *(f"{alias}.service" for alias in aliases))


DROP_INS = [
    (
        "a-b-c",
        "usr/a-.service.d/05 etc/a-b-c.service.d/10 usr/a-b-.service.d/15 etc/a-.service.d/20 usr/service.d/30 "
        "etc/a-b-c.service.d/40 usr/alias.service.d/70",
    ),
    (
        "t-x@1",
        "usr/t-x@.service.d/10 usr/t-x@1.service.d/20 usr/t-@.service.d/30 usr/t-.service.d/40",
    ),
    (
        "ta@2",
        "usr/t-x@.service.d/10 etc/service.d/20 usr/t-@.service.d/30 usr/t-.service.d/40",
    ),
    ("only", "etc/service.d/20 usr/service.d/30 usr/only.service.d/a"),
]


@pytest.mark.parametrize(("asked", "files"), DROP_INS, ids=[row[0] for row in DROP_INS])
def test_drop_ins_go_by_file_name_and_the_first_of_a_name_counts(
    index: Index, tmp_path: Path, asked: str, files: str
) -> None:
    found = [os.path.relpath(path, tmp_path) for path in index.find(f"{asked}.service").drop_ins]
    assert found == [f"{file}.conf" for file in files.split()]


def test_links_in_folders_of_a_unit_name_what_it_wants(index: Index) -> None:
    names = index.find("want.target").names
    assert index.dependencies(names, ".wants") == ("alias.service", "t-x@3.service")
    assert index.dependencies(names, ".requires") == ()
    assert index.is_wanted(index.find("alias.service").names)
    assert not index.is_wanted(index.find("masked.service").names)


def test_a_new_file_is_found_at_once(index: Index, tmp_path: Path) -> None:
    assert index.find("new.service").fragment == ""
    (tmp_path / "run" / "new.service").write_text(UNIT)
    assert index.find("new.service").fragment == str(tmp_path / "run" / "new.service")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("a@1.service", "a@.service"), ("a@.service", None), ("a.service", None), ("a@b@c.d.service", "a@.service")],
)
def test_templates(name: str, pattern: str | None) -> None:
    assert template(name) == pattern


def test_dashes_make_prefixes_that_share_drop_ins() -> None:
    assert list(prefixes("a-b@1.service")) == [
        "a-b@1.service",
        "a-b@.service",
        "a-@1.service",
        "a-@.service",
        "a-.service",
    ]
    assert list(prefixes("x-y--z.service")) == ["x-y--z.service", "x-y--.service", "x-y-.service", "x-.service"]
    assert list(prefixes("-a.service")) == ["-a.service"]


def test_where_units_are_looked_for() -> None:
    usual = folders("system", {})
    assert "/etc/systemd/system" in usual
    assert folders("system", {"FARMHAND_UNIT_PATH": "/x:/y"}) == ("/x", "/y")
    assert folders("system", {"FARMHAND_UNIT_PATH": "/x:"}) == ("/x", *usual)
    own = folders("user", {"HOME": "/home/kim", "XDG_RUNTIME_DIR": "/run/user/7"})
    assert own[:2] == ("/home/kim/.config/systemd/user.control", "/home/kim/.config/systemd/user")
    assert own.index("/run/user/7/systemd/user") < own.index("/home/kim/.local/share/systemd/user")
