"""How a worker's definition gets onto its machine, and what is said of its lines."""

import re
import subprocess
from pathlib import Path

import pytest

from farmhand.manager.web.install.install import gaps, how_run
from farmhand.manager.web.install.installform import Known, dialect_of, fields, values
from farmhand.manager.web.install.installsteps import names, steps, undo
from farmhand.manager.web.install.reasons import lines
from farmhand.units import recipe
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.recipe import Made
from farmhand.units.rendered import File

KNOWN = Known("node-1", "linux", "http://farm:8080/", "/mnt/farm")


def made(system: str = "systemd", known: Known = KNOWN, **given: str) -> Made:
    """Make what the form says, as it was filled in but for what is given."""
    dialect = DIALECTS[system]
    return recipe.make(recipe.read(values(fields(dialect, given, known), dialect, given.get("way", ""))))


def commands(system: str = "systemd", **given: str) -> list[str]:
    told = steps(made(system, **given), lambda name: f"http://farm:8080/{name}?x")
    return [command for step in told for command in step.commands]


@pytest.mark.parametrize("system", DIALECTS)
def test_the_form_as_it_is_filled_in_makes_a_definition(system: str) -> None:
    assert made(system).rendered.text
    assert commands(system)
    assert undo(made(system))


def test_program_user_and_folder_are_there_first() -> None:
    assert commands(user="render", folder="/srv/farm")[:4] == [
        "sudo python3 -m venv /opt/farmhand",
        "sudo /opt/farmhand/bin/pip install 'farmhand[worker]'",
        "sudo useradd --system --home-dir /srv/farm render",
        "sudo install -d -o render /srv/farm",
    ]


def test_root_is_not_made() -> None:
    assert commands(user="", folder="/srv/farm")[2] == "sudo install -d /srv/farm"
    assert commands(user="", folder="")[2].startswith("curl ")


def test_a_program_that_is_somewhere_else_is_looked_for() -> None:
    assert commands(program="/srv/farm worker")[0] == "'/srv/farm worker' --version"


def test_a_command_to_copy_holds_nothing_that_a_shell_would_run() -> None:
    assert commands(user="render", folder="/srv/$(reboot)")[2] == (
        "sudo useradd --system --home-dir '/srv/$(reboot)' render"
    )


def test_of_several_files_each_has_its_name() -> None:
    told = names([File("/etc/sv/x/run", ""), File("/etc/sv/x/log/run", ""), File("/etc/x.yaml", ""), File("C:\\x", "")])
    assert list(told) == ["x-run", "log-run", "x.yaml", "x"]


def test_what_arrived_is_compared_by_the_systems_own_program(tmp_path: Path) -> None:
    known = made("runit")
    for name, file in names(known.rendered.files).items():
        (tmp_path / name).write_text(file.text)
    compare = next(command for command in commands("runit") if "sha256sum" in command)
    done = subprocess.run(["sh", "-c", compare], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == len(known.rendered.files)
    (tmp_path / "finish").write_text("other")
    assert subprocess.run(["sh", "-c", compare], cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_files_are_put_where_they_belong() -> None:
    told = commands("runit", way="native")
    assert "sudo mkdir -p /etc/sv/farmhand-worker/log" in told
    assert "sudo install -m 755 log-run /etc/sv/farmhand-worker/log/run" in told


def test_what_a_cluster_is_asked_needs_no_root() -> None:
    told = [command for command in commands("kubernetes") if "kubectl" in command]
    assert len(told) > 1
    assert all(command.startswith("kubectl ") for command in told)


def test_in_a_container_there_is_neither_user_nor_folder_to_make() -> None:
    assert commands("container")[0].startswith("curl ")


def test_a_user_installs_at_home_without_root() -> None:
    known = made(scope="user", user="", folder="", profile="")
    told = [command for step in steps(known, lambda name: name) for command in step.commands]
    assert 'install -m 644 farmhand-worker.service "$HOME"/.config/systemd/user/farmhand-worker.service' in told
    assert "systemctl --user daemon-reload" in told


def test_on_windows_it_is_powershell_that_is_told() -> None:
    windows = Known("node-1", "windows", "http://farm:8080/")
    told = steps(made("farmhand", windows), lambda name: f"http://farm:8080/{name}?x")
    said = [command for step in told for command in step.commands]
    assert said[0] == "py -m venv C:\\farmhand"
    assert any(re.fullmatch(r"\(Get-FileHash farmhand-worker.yaml\).Hash -eq '[0-9a-f]{64}'", each) for each in said)
    odd = steps(made("farmhand", windows, folder="C:\\it's"), lambda name: name)
    assert "New-Item -Force -ItemType Directory 'C:\\it''s'" in [one for step in odd for one in step.commands]


@pytest.mark.parametrize(
    ("manager", "said"),
    [
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]:8080/", True),
        ("http://localhost/", True),
        ("http://farm.local:8080/", False),
        ("http://[", False),
    ],
)
def test_an_address_that_no_other_machine_reaches_is_noted(manager: str, said: bool) -> None:
    form = fields(DIALECTS["systemd"], {"manager": manager}, KNOWN)
    assert bool(next(field for field in form if field.name == "manager").hint) is said


@pytest.mark.parametrize(("storage", "expected"), [("/mnt/farm:/mnt/more", True), ("C:\\farm", False), ("", False)])
def test_a_worker_may_write_where_jobs_put_their_files(storage: str, expected: bool) -> None:
    text = made(known=Known("node-1", "linux", "http://farm:8080/", storage)).rendered.text
    assert ("ReadWritePaths=/var/lib/farmhand /mnt/farm /mnt/more\n" in text) is expected


def test_whose_form_it_is_follows_what_is_installed_unless_another_is_asked_for() -> None:
    known = Known("n", "linux", "http://farm/", "", made("runit").recipe)
    assert dialect_of({}, known).name == "runit"
    assert dialect_of({"system": "s6"}, known).name == "s6"
    assert dialect_of({"system": "nothing"}, known).name == "runit"


def test_a_service_manager_that_loses_nothing_does_it_alone() -> None:
    told = how_run(made())
    assert (told.way, told.lost, told.instead) == ("native", (), "")


def test_one_that_would_lose_something_has_farmhand_do_the_rest() -> None:
    told = how_run(made("runit"))
    assert (told.way, told.lost, told.instead) == ("supervised", (), "runit alone")
    assert f"{len(told.otherwise)} things" in told.why
    native = how_run(made("runit", way="native"))
    assert (native.lost, native.instead, native.otherwise) == (told.otherwise, "runit with Farmhand", ())


def test_a_profile_tells_its_gaps_with_their_price() -> None:
    assert any("PrivateDevices=yes" in gap and "+0.2" in gap for gap in gaps(made().recipe))
    assert gaps(made("runit").recipe) == ()


# -- reasons


def reasons(known: Made, ending: str) -> dict[str, str]:
    file = next(file for file in known.rendered.files if file.path.endswith(ending))
    return {line.before + line.head + line.after: line.why for line in lines(file, known.recipe)}


@pytest.mark.parametrize("system", DIALECTS)
def test_lines_are_what_the_file_says(system: str) -> None:
    for way in ("native", "supervised"):
        known = made(system, way=way)
        for file in known.rendered.files:
            told = lines(file, known.recipe)
            assert "".join(f"{line.before}{line.head}{line.after}\n" for line in told) == file.text


@pytest.mark.parametrize(("system", "ending"), [("systemd", ".service"), ("runit", ".yaml")])
def test_every_directive_of_a_worker_has_its_reason(system: str, ending: str) -> None:
    told = reasons(made(system), ending)
    plain = ("", "services:", "  farmhand-worker:", "    Environment:")
    assert [text for text, why in told.items() if not why and text not in plain] == []


def test_what_keeps_farmhand_running_has_other_reasons_than_the_worker() -> None:
    told = reasons(made("supervisord"), ".conf")
    assert told["autorestart=true"].startswith("Farmhand is to run always")
    native = reasons(made("supervisord", way="native"), ".conf")
    assert native["autorestart=unexpected"].startswith("A crash or a kill starts it again")


def test_a_script_runs_the_worker_in_one_line_only() -> None:
    known = made("runit", way="native")
    run = next(file for file in known.rendered.files if file.path.endswith("worker/run"))
    assert [line.after for line in lines(run, known.recipe) if line.vital] == [run.text.splitlines()[-1][len("exec") :]]
    log = next(file for file in known.rendered.files if file.path.endswith("log/run"))
    assert not any(line.vital for line in lines(log, known.recipe))
