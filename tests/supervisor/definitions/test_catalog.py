"""What units come to, from files, drop-ins, links and YAML, in the words that systemd 252 has for them."""

import os
from pathlib import Path

import pytest

from farmhand.supervisor.definitions.catalog import Catalog
from farmhand.supervisor.definitions.current import Definitions
from farmhand.supervisor.definitions.unit_paths import Index

UNIT = "[Service]\nExecStart=/bin/true\n"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def catalog(tmp_path: Path, told: list[str]) -> Catalog:
    return Catalog({}, Index([tmp_path]), told.append)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (UNIT, "loaded"),
        ("", "masked"),
        ("[Service]\nExecStart=relative/path\n", "bad-setting"),
        ("[Service\n", "error"),
        (f"{UNIT}Environment=A=\udcff\n", "error"),
        (f"# \udcff\n{UNIT}", "loaded"),
        (f"{UNIT}PIDFile=../x\n", "error"),
        (None, "not-found"),
    ],
)
def test_load_states(catalog: Catalog, tmp_path: Path, text: str | None, state: str) -> None:
    if text is not None:
        write(tmp_path / "x.service", text)
    assert catalog.get("x").state == state


def test_a_drop_in_that_breaks_off_counts_as_far_as_it_goes(catalog: Catalog, tmp_path: Path, told: list[str]) -> None:
    write(tmp_path / "x.service", UNIT)
    write(tmp_path / "x.service.d/a.conf", "[Service]\nEnvironment=A=1\nUser=a:b\nEnvironment=B=1\n")
    write(tmp_path / "x.service.d/b.conf", "[Service]\nEnvironment=C=1\n[Broken\nEnvironment=D=1\n")
    write(tmp_path / "x.service.d/c.conf", "[Service]\nEnvironment=E=1\n")
    service = catalog.get("x").service
    assert service is not None
    assert service.environment == {"A": "1", "C": "1", "E": "1"}
    assert [line.partition(": ")[0].rpartition("/")[2] for line in told] == ["a.conf:3", "b.conf:3"]


def test_a_target_comes_after_what_it_wants_even_if_only_links_say_so(catalog: Catalog, tmp_path: Path) -> None:
    write(tmp_path / "x.service", UNIT)
    (tmp_path / "default.target.wants").mkdir()
    (tmp_path / "default.target.wants" / "x.service").symlink_to("../x.service")
    target = catalog.get("default.target").service
    assert target is not None
    assert (target.wants, target.after) == (("x",), ("x",))
    assert [loaded.name for loaded in catalog.with_needed(["default.target"])] == ["default.target", "x.service"]


def test_what_brings_the_computer_up_is_not_read(catalog: Catalog, tmp_path: Path) -> None:
    write(tmp_path / "x.service", f"[Unit]\nRequires=sysinit.target y.service\nAfter=z.service\n{UNIT}")
    for name in ("sysinit.target", "y.service", "z.service"):
        write(tmp_path / name, UNIT if name.endswith("service") else "[Unit]\nDescription=Up\n")
    assert [loaded.name for loaded in catalog.with_needed(["x"])] == ["x.service", "y.service"]


FARM = "services:\n  x:\n    ExecStart: /bin/true\n    Restart: always\n"


def test_a_yaml_file_that_is_wrong_when_it_is_read_again_is_told_to_whoever_asked(
    catalog: Catalog, tmp_path: Path
) -> None:
    write(farm := tmp_path / "farm.yaml", FARM)
    catalog.take_farm(str(farm))
    definitions = Definitions(
        catalog, {}, lambda services: None, lambda names: None, lambda line: None, lambda now: None
    )
    assert definitions.reload() == ([], [])
    write(farm, FARM.replace("always", "alwys"))
    ((problem,), _) = definitions.reload()
    assert problem.startswith(f'{farm}:4: Restart: "alwys" is none of ')
    service = catalog.get("x").service
    assert service is not None
    assert service.restart == "always"


def test_a_service_of_a_yaml_file_has_changed_with_the_file(catalog: Catalog, tmp_path: Path) -> None:
    write(farm := tmp_path / "farm.yaml", FARM)
    catalog.take_farm(str(farm))
    assert not catalog.changed("x")
    write(farm, FARM.replace("always", "no"))
    os.utime(farm, ns=(1, 1))
    assert catalog.changed("x")
    catalog.reload()
    assert not catalog.changed("x")
