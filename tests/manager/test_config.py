from pathlib import Path

import pytest

from farmhand.manager.config import KEYS, Settings, settings
from farmhand.manager.rules.variables import chosen
from farmhand.units.errors import BadConfig

SHIPPED = Path(__file__).parents[2] / "config" / "manager.yaml"


def read(tmp_path, text):
    path = tmp_path / "manager.yaml"
    path.write_text(text)
    return settings(path, tmp_path)


def test_the_shipped_file_says_what_holds_without_it(tmp_path):
    assert settings(SHIPPED, tmp_path) == settings(None, tmp_path)


def test_the_shipped_file_names_every_key():
    assert all(f"{key}:" in SHIPPED.read_text(encoding="utf-8") for key in KEYS)


def test_every_setting_can_be_set():
    """All but one, which has to stand on the command line."""
    assert KEYS.keys() | {"without_login"} == Settings.__dataclass_fields__.keys()


def test_an_empty_file_is_a_file(tmp_path):
    assert read(tmp_path, "# nothing\n") == settings(None, tmp_path)


def test_names_of_the_host(tmp_path):
    assert read(tmp_path, "host_names: [farm.example.org, farm]").host_names == ("farm.example.org", "farm")


def test_times_numbers_and_variables(tmp_path):
    found = read(
        tmp_path,
        """\
worker_timeout: 2min
task_timeout: 90
blocklist_threshold: 5
variables:
  tool: /opt/tool
  blender:
    is_twoway: true
    values:
      - {audience: workers, platform: windows, value: 'C:/blender.exe'}
      - {platforms: [linux, darwin], value: /opt/blender}
""",
    )
    assert (found.worker_timeout, found.task_timeout, found.blocklist_threshold) == (120.0, 90.0, 5)
    on_linux, on_windows = (chosen(found.variables, platform=platform) for platform in ("linux", "windows"))
    assert (on_linux["tool"].value, on_linux["tool"].is_twoway) == ("/opt/tool", False)
    assert (on_linux["blender"].value, on_linux["blender"].is_twoway) == ("/opt/blender", True)
    assert (on_windows["blender"].value, on_windows["blender"].is_twoway) == ("C:/blender.exe", True)
    assert on_linux["ffmpeg"].value == "ffmpeg", "those that are not mentioned stay"


def test_a_folder_of_job_types_is_found_from_the_files_own(tmp_path):
    (tmp_path / "types").mkdir()
    assert read(tmp_path, "job_types: types").job_types == str(tmp_path / "types")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("worker_timeuot: 1min", 1, 'worker_timeuot: it is not known; did you mean "worker_timeout"?'),
        ("host_names: farm", 1, "'farm' is not a list; write names in brackets"),
        ("host_names: [http://farm:8080/]", 1, 'host_names.0: "http://farm:8080/" is no name of a host; write it as'),
        ("open_networks: 10.0.0.0/8", 1, "'10.0.0.0/8' is not a list; write names in brackets, as in [10.20.0.0/16]"),
        ("metrics: [10.0.0.1/8]", 1, '"10.0.0.1/8" is an address in a network; write 10.0.0.1, or 10.0.0.0/8 for'),
        ("notices: {to: {kim: {email: [kim@example.org]}}}", 1, "notices.to.kim.events: it is missing; write names in"),
        ("worker_timeout: soon", 1, "worker_timeout:"),
        ("worker_timeout: 0", 1, '"0" is no time at all'),
        ("worker_timeout: infinity", 1, 'worker_timeout: "infinity" is longer than can be counted; write less'),
        ("blocklist_threshold: 0", 1, "blocklist_threshold: 0 is not a number of things; write 1 or more"),
        ("manager_name: 7", 1, "manager_name: 7 is not text"),
        ("time_zone: Europe/Berlim", 1, 'time_zone: "Europe/Berlim" is no time zone; did you mean "Europe/Berlin"?'),
        ("autodiscoverable: maybe", 1, "autodiscoverable: 'maybe' is neither true nor false; write true or false"),
        ("\n\nvariables: blender", 3, "variables: it must be a mapping"),
        ("variables:\n  a: {value: b}", 2, 'variables.a.value: it is not known; did you mean "values"?'),
        ("job_types: nowhere", 1, "nowhere is not a folder; make it"),
        ("variables:\n  a: {is_twoway: maybe, values: [{value: b}]}", 2, "'maybe' is neither true nor false"),
        ("variables:\n  a: {values: []}", 2, "variables.a: it has no values"),
        ("variables:\n  a:\n    values:\n    - {platform: beos, value: b}", 4, "['beos'] are not platforms"),
        ("variables:\n  a:\n    values:\n    - {audience: cats, value: b}", 4, "'cats' is not an audience"),
        ("variables:\n  a:\n    values:\n    - {platform: linux}", 4, "variables.a.values.0.value: it is missing"),
        ("worker_timeout: 1min\nworker_timeout: 2min", 2, "it is given twice; keep one"),
        ("a: [", 1, "it is not YAML"),
        ("- a", 1, "it must be a mapping"),
        ("1: a", 1, "a key must be a word; write name: value"),
        ("manager_name: 2020-01-01", 1, "manager_name: 2020-01-01 is no text and no number for YAML; write it in"),
        ("variables:\n  a:\n    values:\n    - {platform: [linux], value: b}", 4, "[['linux']] are not platforms"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path, text, line, message):
    with pytest.raises(BadConfig) as problem:
        read(tmp_path, text)
    assert str(problem.value).startswith(f"{tmp_path / 'manager.yaml'}:{line}: ")
    assert message in str(problem.value)


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: " + "[" * 5000 + "]" * 5000])
def test_a_file_without_a_bottom_is_refused(tmp_path, text):
    with pytest.raises(BadConfig, match="it is nested too deeply, or holds itself"):
        read(tmp_path, text)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "manager.yaml").write_bytes(b"# \n\xff")
    with pytest.raises(BadConfig, match=r"manager\.yaml:2: it is not UTF-8 text"):
        settings(tmp_path / "manager.yaml", tmp_path)
    with pytest.raises(BadConfig, match="it cannot be read: Is a directory; name a file"):
        settings(tmp_path, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadConfig, match="there is no such file"):
        settings(tmp_path / "nothing.yaml", tmp_path)
