"""What is planned, what comes of it on a disk, and what becomes of it where it ends too early.

The service manager is a folder: it has a service run, or start with it, where there is a file that says so.
"""

import contextlib
import resource
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from farmhand.units import install, install_steps, installation, present, records
from farmhand.units.dialect import Commands, Signs
from farmhand.units.errors import BadConfig
from farmhand.units.install_steps import Put, Step
from farmhand.units.installation import Kept, Present, Record, Standing, Wanted
from farmhand.units.present import Failed
from farmhand.units.rendered import File


def commands(manager: Path) -> Commands:
    def sh(line: str) -> tuple[str, ...]:
        return ("sh", "-c", f"cd {shlex.quote(str(manager))} && {line}")

    return Commands(
        install=(sh("touch enabled"), sh("cat ../etc/x/run >running")),
        uninstall=(sh("rm -f running"), sh("rm -f enabled")),
        enable=(sh("touch enabled"),),
        start=(sh("cat ../etc/x/run >running"),),
        status=sh("ls"),
        signs=Signs(running="^running$", enabled="^enabled$"),
    )


@dataclass(frozen=True)
class Machine:
    """A folder with files, and one for the service manager."""

    folder: Path

    def wanted(self, text: str = "new\n", *more: str) -> Wanted:
        names = ("conf", *more, "run")
        files = tuple(File(str(self.folder / "etc/x" / name), f"{name} {text}", 0o600) for name in names)
        tell = commands(self.folder / "manager")
        return Wanted("x", "systemd", "user", files, tell, watched=tell)

    def plan(self, wanted: Wanted) -> list[Step]:
        found = present.look(wanted)
        mending = install_steps.mend(found.record) if found.record else []
        return [*mending, *install_steps.install([(wanted, install_steps.mended(found))], 0.0)]

    def install(self, wanted: Wanted) -> None:
        install.carry_out(self.plan(wanted), _silent)

    def uninstall(self) -> None:
        for record in present.all_recorded("user"):
            install.perform(install_steps.removal(record), _silent)

    def there(self) -> dict[str, bytes]:
        """Return all that there is but the records, folders too."""
        found = [*(self.folder / "etc").rglob("*"), *(self.folder / "manager").iterdir()]
        return {str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else b"" for path in found}


def _silent(line: str) -> None:
    pass


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return new_machine(tmp_path, monkeypatch)


def new_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    for name in ("etc", "manager"):
        (folder / name).mkdir(parents=True)
    return Machine(folder)


INSTALLED = {
    "etc/x": b"",
    "etc/x/conf": b"conf new\n",
    "etc/x/run": b"run new\n",
    "manager/enabled": b"",
    "manager/running": b"run new\n",
}


def test_what_is_installed_can_be_taken_away_without_a_trace(machine: Machine) -> None:
    machine.install(machine.wanted())
    assert machine.there() == INSTALLED
    assert (machine.folder / "etc/x/run").stat().st_mode & 0o777 == 0o600
    machine.uninstall()
    assert machine.there() == {}
    assert present.all_recorded("user") == []


def test_what_is_as_it_should_be_takes_no_step(machine: Machine) -> None:
    machine.install(machine.wanted())
    assert machine.plan(machine.wanted()) == []
    (machine.folder / "manager/running").unlink()
    assert machine.plan(machine.wanted()) != []


@pytest.mark.parametrize("mend", ["install", "uninstall"])
@pytest.mark.parametrize("older", [False, True], ids=["the first", "over an older one"])
def test_after_any_step_the_next_command_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool, mend: str
) -> None:
    """Nothing is done after so many steps, as if the process had been killed; in a world of its own for each."""
    number, steps = 0, 1
    while number <= steps:
        machine = new_machine(tmp_path / str(number), monkeypatch)
        if older:
            machine.install(machine.wanted("old\n", "stale"))
        plan = machine.plan(machine.wanted())
        install.perform(plan[:number], _silent)
        if mend == "install":
            machine.install(machine.wanted())
            assert machine.there() == INSTALLED, plan[:number]
        machine.uninstall()
        assert (machine.there(), present.all_recorded("user")) == ({}, []), plan[:number]
        number, steps = number + 1, len(plan)
    assert steps > 5


def test_an_undoing_that_was_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number, steps = 0, 1
    while number <= steps:
        machine = new_machine(tmp_path / str(number), monkeypatch)
        machine.install(machine.wanted("old\n", "stale"))
        before = machine.there()
        install.perform(machine.plan(machine.wanted())[:-1], _silent)
        (record,) = present.all_recorded("user")
        undoing = install_steps.mend(record)
        install.perform(undoing[:number], _silent)
        install.perform((step for each in present.all_recorded("user") for step in install_steps.mend(each)), _silent)
        assert machine.there() == before, undoing[:number]
        number, steps = number + 1, len(undoing)


@pytest.mark.parametrize("state", [(), ("enabled",), ("running",), ("enabled", "running")], ids="-".join)
def test_what_was_not_ours_comes_back_after_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: tuple[str, ...]
) -> None:
    number, steps = 0, 1
    while number <= steps:
        machine = new_machine(tmp_path / str(number), monkeypatch)
        place = machine.folder / "etc/x/run"
        place.parent.mkdir()
        place.write_bytes(b"theirs \xff\r\n")
        place.chmod(0o640)
        (machine.folder / "etc/x/conf").symlink_to("/dev/null")
        for name in state:
            (machine.folder / "manager" / name).write_bytes(place.read_bytes() if name == "running" else b"")
        before = machine.there()
        plan = machine.plan(machine.wanted())
        install.perform(plan[:number], _silent)
        machine.uninstall()
        assert machine.there() == before, plan[:number]
        assert place.stat().st_mode & 0o777 == 0o640
        assert (machine.folder / "etc/x/conf").readlink() == Path("/dev/null")
        number, steps = number + 1, len(plan)


def test_a_removal_that_was_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number, steps = 0, 1
    while number <= steps:
        machine = new_machine(tmp_path / str(number), monkeypatch)
        machine.install(machine.wanted())
        (record,) = present.all_recorded("user")
        plan = install_steps.removal(record)
        install.perform(plan[:number], _silent)
        machine.uninstall()
        assert (machine.there(), present.all_recorded("user")) == ({}, []), plan[:number]
        number, steps = number + 1, len(plan)


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Have no file grow over so many bytes: as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_files_are_written_all_or_none(machine: Machine) -> None:
    machine.install(machine.wanted())
    before = machine.there()
    small, large = (str(machine.folder / "etc/x" / name) for name in ("conf", "run"))
    with no_file_beyond(20_000), pytest.raises(Failed, match="etc/x/run: File too large; make room"):
        install.perform([Put((File(small, "other\n"), File(large, "x" * 30_000)))], _silent)
    assert machine.there() == before


@pytest.mark.parametrize("older", [False, True], ids=["the first", "over an older one"])
def test_a_full_disk_changes_nothing(machine: Machine, older: bool) -> None:
    if older:
        machine.install(machine.wanted("old\n"))
    before, known = machine.there(), present.all_recorded("user")
    with no_file_beyond(20_000), pytest.raises(Failed, match="etc/x/conf: File too large; make room"):
        machine.install(machine.wanted("x" * 30_000))
    assert (machine.there(), present.all_recorded("user")) == (before, known)


def test_a_command_that_fails_is_undone_and_told(machine: Machine) -> None:
    wanted = machine.wanted()
    bad = replace(wanted.commands, install=(*wanted.commands.install, ("sh", "-c", "echo too bad >&2; exit 7")))
    with pytest.raises(Failed, match=r"exit code 7; it says: too bad"):
        machine.install(replace(wanted, commands=bad))
    assert (machine.there(), present.all_recorded("user")) == ({}, [])


def test_a_manager_that_takes_no_second_one_is_told_to_let_go_of_the_first(machine: Machine) -> None:
    def picky(text: str) -> Wanted:
        wanted = machine.wanted(text)
        refuses = ("sh", "-c", f"! test -e {shlex.quote(str(machine.folder / 'manager/running'))}")
        tell = replace(wanted.commands, anew=True, install=(refuses, *wanted.commands.install))
        return replace(wanted, commands=tell)

    machine.install(picky("old\n"))
    machine.install(picky("new\n"))
    assert machine.there() == INSTALLED
    bad = picky("bad\n")
    bad = replace(bad, commands=replace(bad.commands, install=(*bad.commands.install, ("false",))))
    with pytest.raises(Failed):
        machine.install(bad)
    assert machine.there() == INSTALLED


def test_services_of_one_file_are_installed_together_or_not_at_all(machine: Machine) -> None:
    first = machine.wanted()
    other = tuple(replace(file, path=file.path.replace("/etc/x/", "/etc/y/")) for file in first.files)
    bad = replace(first.commands, install=(("false",),))
    second = replace(first, name="y", files=other, commands=bad)
    pairs = [(each, present.look(each)) for each in (first, second)]
    with pytest.raises(Failed, match="false"):
        install.carry_out(install_steps.install(pairs, 0.0), _silent)
    assert (machine.there(), present.all_recorded("user")) == ({}, [])


def test_a_record_is_read_as_it_was_written(machine: Machine) -> None:
    before = Present("theirs \udcff\r\n", 0o640, (1, 2)), Present("", link="/dev/null")
    files = tuple(Kept(f"/{number}", "", each) for number, each in enumerate((*before, None)))
    record = Record(
        "x@1", "runit", "user", "writing", files, commands(machine.folder), ("/etc/x",), Standing(True, None)
    )
    record = replace(record, arguments={"service": "x@1", "output_folder": ["/a"]}, earlier=record)
    assert records.read("x", records.text_of(record)) == record


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "name": "x"}'])
def test_a_record_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="it is not the record of an installed service"):
        records.read("x.json", text)


@pytest.mark.parametrize(
    ("there", "written", "expected"),
    [
        (None, "old", "missing"),
        (Present("new"), None, "same"),
        (Present("old"), None, "foreign"),
        (Present("old"), "old", "outdated"),
        (Present("odd"), "old", "changed"),
        (Present("", link="/dev/null"), "old", "changed"),
        (Present("new", link="/dev/null"), None, "foreign"),
    ],
)
def test_how_a_file_is(there: Present | None, written: str | None, expected: str) -> None:
    kept = (Kept("/x", installation.digest(written)),) if written else ()
    record = Record("x", "systemd", "system", "installed", kept, commands(Path("/")))
    assert installation.condition(File("/x", "new"), there, record) == expected


def test_whoever_may_not_is_told_who_may() -> None:
    told = str(present.refused("/etc/x", PermissionError(13, "Permission denied")))
    assert told == "/etc/x: Permission denied; run it as root (sudo), or install your own with --scope user"
