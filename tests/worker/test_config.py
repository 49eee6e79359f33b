from pathlib import Path

import pytest

from farmhand.worker.config import (
    KEYS,
    BadConfig,
    File,
    code_given,
    data_folder,
    make_folder,
    manager_url,
    not_writable,
    parse_file,
    read_file,
    worker_name,
)

PATH = Path("flamenco-worker.yaml")
EXAMPLE = Path(__file__).parents[2] / "config" / "worker.yaml"


def test_the_whole_file():
    text = """
worker_name: node-1
manager_url: farm.local:8080
task_types: [blender, misc]
restart_exit_code: 47
oom_score_adjust: -500
output_folders: [/mnt/farm, /mnt/cache]
task_log_limit: 1.5M
enrolment_code: K7QF-9M2X
"""
    folders = ("/mnt/farm", "/mnt/cache")
    expected = File("node-1", "http://farm.local:8080/", ("blender", "misc"), 47, -500, folders, 1_572_864, "K7QF-9M2X")
    assert parse_file(PATH, text) == expected


@pytest.mark.parametrize("text", ["", "# nothing\n", "worker_name:\n"])
def test_what_is_left_out_has_its_default(text):
    assert parse_file(PATH, text) == File()
    assert File().task_types == ("blender", "ffmpeg", "file-management", "misc")


def test_the_other_name_of_the_restart_code():
    assert parse_file(PATH, "restart_exit_status: 48").restart_exit_code == 48


def test_the_example_in_the_repository_works_and_shows_every_key():
    read = read_file(EXAMPLE, required=True)
    assert (read.manager_url, read.restart_exit_code) == ("http://127.0.0.1:8080/", 47)
    text = EXAMPLE.read_text()
    assert all(f"{key}:" in text for key in KEYS if key != "restart_exit_status")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# one\nworker_nam: x", ":2: worker_nam: is no key of this file; did you mean 'worker_name'?"),
        ("xyzzy: 1", ":1: xyzzy: is no key of this file; known are worker_name, manager_url"),
        ("restart_exit_code: 1", ":1: restart_exit_code: 1 cannot be the restart code: 1 is how any program reports"),
        ("task_log_limit: lots", ':1: task_log_limit: "lots" is not a size; write it as "1.5G", "512M" or a number'),
        ("task_log_limit: 0", ":1: task_log_limit: 0 is too little for a log to be of use; write 64K or more"),
        ("\n\nrestart_exit_status: 130", ":3: restart_exit_status: 130 cannot be the restart code: 128 to 165"),
        ("restart_exit_code: fast", "'fast' is not a whole number; write an exit code such as 47"),
        ("restart_exit_code: true", "True is not a whole number"),
        ("restart_exit_code: 47\nrestart_exit_status: 47", ":2: restart_exit_status: is said twice"),
        ("worker_name: a\nworker_name: b", ":2: worker_name: is said twice; leave one"),
        ("worker_name: 12", "12 is not text; write a word, in quotes"),
        ("worker_name: ''", "'' is not text"),
        ("task_types: blender", "'blender' is not a list; write it as [blender, ffmpeg]"),
        ("task_types: []", "[] is not a list"),
        ("oom_score_adjust: 1001", "1001 is not a whole number from -1000 to 1000"),
        ("output_folders: [farm]", "'farm' is not the whole path of a folder; write it from its root on"),
        ("manager_url: 'http://'", "'http://' is no address of a manager; write http://HOST:8080/"),
        ("- a\n- b", ":1: is not a list of keys"),
        ("worker_name: [", ":1: is not YAML"),
        ("a: !!python/object:os.system x", "is no key of this file"),
        ("worker_name: !!python/object:os.system x", "worker_name: cannot be read"),
        ("? [a]\n: b", ":1: a key must be a word; write one `key: value` a line"),
        ("worker_name: [" + "[" * 5000, ": is nested too deeply"),
        ('worker_name: "a\\0b"', "worker_name: 'a\\x00b' holds a character that cannot be shown; take it out"),
        ('worker_name: "\\ud800"', "holds a character that cannot be shown"),
    ],
)
def test_mistakes_are_named_with_their_place(text, message):
    with pytest.raises(BadConfig) as caught:
        parse_file(PATH, text)
    assert str(caught.value).startswith("flamenco-worker.yaml:")
    assert message in str(caught.value)


def test_a_file_that_is_asked_for_has_to_be_there(tmp_path):
    assert read_file(tmp_path / "no.yaml", required=False) == File()
    with pytest.raises(BadConfig, match="is not there"):
        read_file(tmp_path / "no.yaml", required=True)
    with pytest.raises(BadConfig, match="cannot be read"):
        read_file(tmp_path, required=False)
    (tmp_path / "latin.yaml").write_bytes(b"worker_name: \xfc")
    with pytest.raises(BadConfig, match=r"latin\.yaml:1: is not UTF-8 text; save it as UTF-8"):
        read_file(tmp_path / "latin.yaml", required=True)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8080/", "http://localhost:8080/"),
        ("http://localhost:8080", "http://localhost:8080/"),
        ("localhost:8080", "http://localhost:8080/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("farm", "http://farm/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("https://farm.example/flamenco/", "https://farm.example/flamenco/"),
        (" farm:8080 ", "http://farm:8080/"),
    ],
)
def test_manager_url(text, url):
    assert manager_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "ftp://farm/",
        "farm:port",
        "farm:99999",
        "farm:0",
        "me@farm:8080",
        "http://farm/?a=b",
        "a b",
        "[::1",
    ],
)
def test_what_is_no_manager_url(text):
    with pytest.raises(ValueError, match=r"is no address of a manager|is not text"):
        manager_url(text)


@pytest.mark.parametrize(
    ("option", "file", "environ", "name"),
    [
        ("a", File(name="b"), {"FLAMENCO_WORKER_NAME": "c"}, "a"),
        (None, File(name="b"), {"FLAMENCO_WORKER_NAME": "c"}, "b"),
        (None, File(), {"FLAMENCO_WORKER_NAME": "c"}, "c"),
    ],
)
def test_worker_name(option, file, environ, name):
    assert worker_name(option, file, environ) == name


def test_without_a_name_it_is_the_computers():
    assert worker_name(None, File(), {})


@pytest.mark.parametrize(
    ("system", "environ", "folder"),
    [
        ("linux", {"FLAMENCO_HOME": "/srv/flamenco"}, Path("/srv/flamenco")),
        ("linux", {"XDG_DATA_HOME": "/x"}, Path("/x/flamenco")),
        ("linux", {}, Path.home() / ".local/share/flamenco"),
        ("darwin", {}, Path.home() / "Library/Application Support/Flamenco"),
        ("windows", {"LOCALAPPDATA": "/local"}, Path("/local/Blender Foundation/Flamenco")),
        ("windows", {}, Path.home() / "AppData/Local/Blender Foundation/Flamenco"),
        ("windows", {"FLAMENCO_HOME": "/srv", "LOCALAPPDATA": "/local"}, Path("/srv")),
    ],
)
def test_data_folder(system, environ, folder):
    assert data_folder(environ, system) == folder


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match=r"--data: .*file.data cannot be made"):
        make_folder(tmp_path / "file" / "data", lambda path: None)


def test_a_folder_that_tasks_cannot_write_to_is_named(tmp_path):
    assert not_writable([str(tmp_path), str(tmp_path / "not mounted")]) == [str(tmp_path / "not mounted")]


def test_where_an_enrolment_code_comes_from(tmp_path):
    said, other = tmp_path / "code", {"FARMHAND_ENROLMENT_CODE": "ENVIRON-1"}
    said.write_text(" OPTION-1 \n")
    file = File(enrolment_code="SETTINGS-1")
    assert code_given(said, file, other) == "OPTION-1"
    assert code_given(None, file, other) == "ENVIRON-1"
    assert code_given(None, file, {}) == "SETTINGS-1"
    assert code_given(None, File(), {}) == ""


def test_what_is_no_enrolment_code_is_refused_and_not_repeated(tmp_path):
    said = tmp_path / "code"
    said.write_text("s3cret;\n")
    with pytest.raises(BadConfig, match="is no enrolment code") as refused:
        code_given(said, File(), {})
    assert "s3cret" not in str(refused.value)
    with pytest.raises(BadConfig, match=r"--enrolment-code-file: .* cannot be read"):
        code_given(tmp_path / "none", File(), {})
    with pytest.raises(BadConfig, match="FARMHAND_ENROLMENT_CODE"):
        code_given(None, File(), {"FARMHAND_ENROLMENT_CODE": "a\nb" * 9})
