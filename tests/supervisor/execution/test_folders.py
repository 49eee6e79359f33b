"""The folders that a service is given: who owns them, when they are refused, and when they go."""

import os
import subprocess

import pytest
from needs import as_root

from farmhand.supervisor.execution import folders
from farmhand.units.spec import ExecDirectory, Service

NOBODY = 65534


@pytest.fixture
def bases(tmp_path):
    return {letter: str(tmp_path / letter) for letter in "tSCLE"}


def mode(path):
    return f"{os.stat(path).st_mode & 0o7777:04o}"


def test_they_are_made_with_their_modes_and_the_variables_say_where(bases):
    service = Service(
        "a",
        runtime_directory=(ExecDirectory("one"), ExecDirectory("two/sub")),
        runtime_directory_mode=0o750,
        state_directory=(ExecDirectory("a"),),
        configuration_directory=(ExecDirectory("a"),),
    )
    before = os.umask(0o077)
    try:
        folders.make(service, bases, None)
    finally:
        os.umask(before)
    assert [mode(f"{bases['t']}/{path}") for path in ("one", "two", "two/sub")] == ["0750", "0755", "0750"]
    assert folders.variables(service, bases) == {
        "RUNTIME_DIRECTORY": f"{bases['t']}/one:{bases['t']}/two/sub",
        "STATE_DIRECTORY": f"{bases['S']}/a",
        "CONFIGURATION_DIRECTORY": f"{bases['E']}/a",
    }


def test_a_service_without_any_has_no_variables(bases):
    assert not folders.wanted(Service("a"))
    assert folders.variables(Service("a"), bases) == {}


@as_root
def test_all_in_a_folder_changes_hands_once_and_the_configuration_never(bases, tmp_path):
    (tmp_path / "elsewhere").touch()
    service = Service("a", state_directory=(ExecDirectory("a"),), configuration_directory=(ExecDirectory("a"),))
    for base in "SE":
        os.makedirs(f"{bases[base]}/a/deep")
        os.symlink(tmp_path / "elsewhere", f"{bases[base]}/a/deep/link")
    folders.make(service, bases, (NOBODY, NOBODY))
    owners = [os.lstat(f"{bases['S']}/{path}").st_uid for path in ("a", "a/deep", "a/deep/link")]
    assert owners == [NOBODY] * 3
    assert os.stat(tmp_path / "elsewhere").st_uid == 0
    assert os.stat(f"{bases['E']}/a").st_uid == 0
    os.chown(f"{bases['S']}/a/deep", 0, 0)
    folders.make(service, bases, (NOBODY, NOBODY))  # the folder itself is right: nobody looks further
    assert os.stat(f"{bases['S']}/a/deep").st_uid == 0


def test_a_configuration_that_is_there_keeps_its_mode(bases):
    os.makedirs(f"{bases['E']}/a", mode=0o711)
    service = Service("a", configuration_directory=(ExecDirectory("a"),), configuration_directory_mode=0o700)
    folders.make(service, bases, None)
    assert mode(f"{bases['E']}/a") == "0711"


def test_links_are_made_beside_and_go_with_what_they_link_to(bases):
    service = Service("a", runtime_directory=(ExecDirectory("real", ("link", "more/link")),))
    for _ in range(2):
        folders.make(service, bases, None)
    assert os.readlink(f"{bases['t']}/link") == "real"
    assert os.readlink(f"{bases['t']}/more/link") == "../real"
    folders.remove(service, bases)
    assert os.listdir(bases["t"]) == ["more"]
    assert os.listdir(f"{bases['t']}/more") == []


def test_removing_follows_no_link_and_leaves_the_folders_above(bases, tmp_path):
    service = Service("a", runtime_directory=(ExecDirectory("a/b"),), state_directory=(ExecDirectory("a"),))
    folders.make(service, bases, None)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    os.makedirs(f"{bases['t']}/a/b/deep/deeper")
    os.symlink(tmp_path / "kept", f"{bases['t']}/a/b/deep/link")
    folders.remove(service, bases)
    assert os.listdir(f"{bases['t']}/a") == []
    assert (tmp_path / "kept/file").exists()
    assert os.path.isdir(f"{bases['S']}/a")


@pytest.fixture
def trapped(bases, tmp_path):
    """A service that owns a folder, and has put a link to what it may not touch in the place of one below that."""
    service = Service("a", runtime_directory=tuple(map(ExecDirectory, ("a", "a/b", "a/b/c"))))
    folders.make(service, bases, (NOBODY, NOBODY))
    os.rename(f"{bases['t']}/a/b", f"{bases['t']}/a/moved")
    os.makedirs(tmp_path / "precious/c")
    (tmp_path / "precious/c/file").touch()
    os.symlink(tmp_path / "precious", f"{bases['t']}/a/b")
    return service


@as_root
def test_a_link_that_a_service_put_in_the_way_gives_nothing_away(bases, tmp_path, trapped):
    only_below = Service("a", runtime_directory=(ExecDirectory("a/b/c"),))
    for service in (trapped, only_below):
        with pytest.raises(folders.CannotMake, match=r"RuntimeDirectory= .*/a/b"):
            folders.make(service, bases, (NOBODY, NOBODY))
    assert [os.stat(tmp_path / path).st_uid for path in ("precious", "precious/c", "precious/c/file")] == [0, 0, 0]


@as_root
def test_a_link_that_a_service_put_in_the_way_has_nothing_removed(bases, tmp_path, trapped):
    folders.remove(Service("a", runtime_directory=(ExecDirectory("a/b/c", ("a/b/c/file",)),)), bases)
    assert (tmp_path / "precious/c/file").exists()


def test_a_link_in_a_folder_that_is_ours_alone_is_followed(bases, tmp_path):
    os.makedirs(bases["S"])
    (tmp_path / "disk").mkdir()
    os.symlink(tmp_path / "disk", f"{bases['S']}/a")
    folders.make(Service("a", state_directory=(ExecDirectory("a/b"),)), bases, None)
    assert (tmp_path / "disk/b").is_dir()


def test_a_folder_that_is_too_deep_to_be_removed_stays(bases):
    service = Service("a", runtime_directory=(ExecDirectory("a"),))
    folders.make(service, bases, None)
    here = os.open(f"{bases['t']}/a", os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    folders.remove(service, bases)
    assert os.path.isdir(f"{bases['t']}/a")
    subprocess.run(["rm", "-r", f"{bases['t']}/a"], check=True)


# systemd.exec(5), "Process Exit Codes".
@pytest.mark.parametrize(
    ("field", "letter", "code"),
    [("runtime", "t", 233), ("state", "S", 238), ("cache", "C", 239), ("logs", "L", 240)],
)
@pytest.mark.parametrize("there", ["a file", "a link"])
def test_what_is_no_folder_is_refused_with_the_exit_code_of_its_kind(bases, field, letter, code, there):
    os.makedirs(f"{bases[letter]}/target")
    path = f"{bases[letter]}/a"
    if there == "a link":
        os.symlink("target", path)
    else:
        open(path, "w").close()
    with pytest.raises(folders.CannotMake, match=f"{field.capitalize()}Directory= {path}: ") as refused:
        folders.make(Service("a", **{f"{field}_directory": (ExecDirectory("a"),)}), bases, None)
    assert refused.value.code == code


def test_a_file_where_a_parent_should_be_is_refused(bases):
    os.makedirs(bases["E"])
    open(f"{bases['E']}/a", "w").close()
    with pytest.raises(folders.CannotMake) as refused:
        folders.make(Service("a", configuration_directory=(ExecDirectory("a/b"),)), bases, None)
    assert refused.value.code == 241
