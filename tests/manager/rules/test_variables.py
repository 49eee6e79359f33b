import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from farmhand.manager.rules.tasks import Command
from farmhand.manager.rules.variables import Variable, chosen, neutral, replaced

VARIABLES = {
    "blender": (
        Variable("C:/blender.exe", platforms=frozenset({"windows"})),
        Variable("/opt/blender", platforms=frozenset({"linux"})),
    ),
    "share": (Variable("/users/share", audience="users"), Variable("/mnt/share", audience="workers")),
    "everywhere": (Variable("same"),),
}


def texts(**more):
    return {name: it.value for name, it in chosen(VARIABLES, **more).items()}


def test_the_first_value_that_fits_is_taken():
    assert texts(platform="linux") == {"blender": "/opt/blender", "share": "/mnt/share", "everywhere": "same"}
    assert texts(platform="linux", audience="users")["share"] == "/users/share"
    assert texts(platform="windows")["blender"] == "C:/blender.exe"


def test_a_variable_without_a_value_for_the_platform_is_left_out():
    assert "blender" not in texts(platform="darwin")


def test_jobs_stands_for_the_shared_folder_unless_it_is_said_otherwise():
    assert texts(platform="linux", jobs="/farm")["jobs"] == "/farm"
    assert chosen({"jobs": (Variable("J:"),)}, platform="windows", jobs="/farm")["jobs"].value == "J:"


def test_strings_and_lists_of_strings_are_replaced_and_nothing_else_is():
    command = Command("exec", {"exe": "{blender}", "args": ["-o", "{share}/{unknown}", "{}"], "fps": 24}, 3)
    known = {"blender": Variable("/b"), "share": Variable("/s")}
    assert replaced(command, known, "linux") == Command(
        "exec", {"exe": "/b", "args": ["-o", "/s/{unknown}", "{}"], "fps": 24}, 3
    )


# -- two ways


def twoway(linux, windows, darwin=None):
    values = {"linux": linux, "windows": windows, "darwin": darwin or linux}
    return tuple(Variable(value, platforms=frozenset({name}), is_twoway=True) for name, value in values.items())


FOLDERS = {
    "farm": twoway("/media/farm", "F:\\farm", "/Volumes/farm"),
    "shots": twoway("/media/farm/shots", "S:\\"),
    "unc": twoway("/mnt/archive/", "\\\\server\\archive"),
    "tool": (Variable("/media/farm/bin/tool"),),
}


def stored(text, platform):
    return neutral(text, chosen(FOLDERS, platform=platform, audience="users"), platform)


def handed_out(text, platform):
    command = Command("exec", {"exe": text})
    return replaced(command, chosen(FOLDERS, platform=platform, jobs="/media/farm/jobs"), platform).parameters["exe"]


@pytest.mark.parametrize(
    ("platform", "path", "expected"),
    [
        pytest.param("darwin", "/Volumes/farm/renders/shot_010", "{farm}/renders/shot_010", id="below the folder"),
        pytest.param("linux", "/media/farm", "{farm}", id="the folder itself"),
        pytest.param("linux", "/media/farm/", "{farm}/", id="with a slash at its end"),
        pytest.param("linux", "/media/farmhouse/a", "/media/farmhouse/a", id="only whole names count"),
        pytest.param("linux", "/media/farm/shots/a.blend", "{shots}/a.blend", id="the longest one"),
        pytest.param("linux", "/media/farm/bin/tool", "{farm}/bin/tool", id="one-way variables do not count"),
        pytest.param("linux", "x /media/farm/a", "x /media/farm/a", id="only at the beginning"),
        pytest.param("linux", "/Media/Farm/a", "/Media/Farm/a", id="capitals count on Linux"),
        pytest.param("linux", "/media/farm/a\\b", "{farm}/a\\b", id="a backslash is part of a name on Linux"),
        pytest.param("linux", "F:\\farm\\a", "F:\\farm\\a", id="only the submitter's own platform counts"),
        pytest.param("linux", "/mnt/archive/a", "{unc}/a", id="a slash at the value's end"),
        pytest.param("windows", "F:\\farm\\a\\b.blend", "{farm}/a/b.blend", id="backslashes"),
        pytest.param("windows", "f:/FARM/A/b.blend", "{farm}/A/b.blend", id="slashes and capitals"),
        pytest.param("windows", "S:\\a", "{shots}/a", id="a whole drive"),
        pytest.param("windows", "\\\\SERVER\\archive\\a", "{unc}/a", id="a share"),
        pytest.param("windows", "D:\\other\\a", "D:\\other\\a", id="elsewhere"),
    ],
)
def test_a_submitted_path_is_kept_for_all_platforms(platform, path, expected):
    assert stored(path, platform) == expected


def test_only_texts_are_paths():
    assert [stored(value, "linux") for value in (24, None, True)] == [24, None, True]


@pytest.mark.parametrize(
    ("platform", "text", "expected"),
    [
        ("linux", "{farm}/a/b.blend", "/media/farm/a/b.blend"),
        ("darwin", "{farm}/a/b.blend", "/Volumes/farm/a/b.blend"),
        ("windows", "{farm}/a/b.blend", "F:\\farm\\a\\b.blend"),
        ("windows", "{farm}", "F:\\farm"),
        ("windows", "{shots}/a", "S:\\a"),
        ("windows", "{shots}", "S:\\"),
        ("linux", "{unc}/a", "/mnt/archive/a"),
        ("windows", "{farm}/{tool}/a", "F:\\farm\\/media/farm/bin/tool\\a"),
        ("windows", "--to={farm}/a", "--to=F:\\farm/a"),
        ("windows", "{jobs}/a", "/media/farm/jobs/a"),
        ("windows", "{other}/a", "{other}/a"),
    ],
)
def test_it_is_handed_out_as_the_workers_platform_writes_it(platform, text, expected):
    assert handed_out(text, platform) == expected


NAMES = st.text(st.characters(exclude_characters="/\\{}", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
PLATFORMS = st.sampled_from(("linux", "windows", "darwin"))


@given(st.sampled_from(("farm", "shots", "unc")), st.lists(NAMES, min_size=1, max_size=4), PLATFORMS, PLATFORMS)
def test_a_path_comes_back_as_it_was_through_any_other_platform(name, parts, here, there):
    assume(parts[0] != "shots")  # which on one platform is within another of the folders
    path = handed_out("/".join([f"{{{name}}}", *parts]), here)
    kept = stored(path, here)
    assert kept.startswith("{")
    assert handed_out(kept, here) == path
    assert stored(handed_out(kept, there), there) == kept


@given(st.text(max_size=30), PLATFORMS)
def test_what_is_no_such_path_is_left_alone(text, platform):
    kept = stored(text, platform)
    assert kept == text or kept.startswith(("{farm}", "{shots}", "{unc}"))
