"""A worker's definition carries what it takes to make it again."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from farmhand.units import recipe
from farmhand.units.carried import FILES, RECIPE, SEPARATOR
from farmhand.units.dialect import Target
from farmhand.units.dialects import systemd
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.errors import BadConfig, BadValue
from farmhand.units.worker_unit import Worker

FORM = {
    "system": "systemd",
    "profile": "gpu",
    "name": "node 7",
    "manager": "http://farm:8080/",
    "code": "47",
    "program": "/opt/farmhand/bin/farmhand-worker",
    "user": "farmhand",
    "folder": "/var/lib/farmhand",
    "output": "/mnt/farm:/mnt/more",
}
texts = st.text(st.characters(codec="utf-8"), max_size=30)


def environment(text: str) -> dict[str, str]:
    return systemd.read("/etc/systemd/system/farmhand-worker.service", text).service.environment


def test_a_definition_names_its_files_and_its_recipe() -> None:
    made = recipe.make(recipe.read(FORM))
    carried = environment(made.rendered.text)
    assert carried[FILES] == "/etc/systemd/system/farmhand-worker.service"
    assert recipe.from_text(carried[RECIPE]) == replace(recipe.read(FORM), way="native")


@pytest.mark.parametrize("system", DIALECTS)
def test_what_a_definition_carries_makes_the_same_definition_again(system: str) -> None:
    first = recipe.read({**FORM, "system": system})
    made = recipe.make(first)
    assert recipe.make(recipe.from_text(recipe.text_of(made.recipe))) == made


@pytest.mark.parametrize("system", DIALECTS)
def test_every_file_is_text_that_ends_with_a_line(system: str) -> None:
    files = recipe.make(recipe.read({**FORM, "system": system})).rendered.files
    assert all(file.text.endswith("\n") for file in files)
    assert not any(SEPARATOR in file.path for file in files)


def test_a_file_that_only_linux_has_is_named_there_alone() -> None:
    texts = {
        name: recipe.make(recipe.read({**FORM, "system": name})).rendered for name in ("runit", "launchd", "winsw")
    }
    found = [name for name, made in texts.items() if any("/etc/default/locale" in file.text for file in made.files)]
    assert found == ["runit"]


def test_of_a_container_the_worker_sees_what_is_in_its_image() -> None:
    made = recipe.make(recipe.read({**FORM, "system": "container"}))
    assert [file.path for file in made.seen] == ["/etc/farmhand/farmhand-worker.yaml"]
    assert made.seen[0].text in [file.text for file in made.rendered.files]
    assert recipe.make(recipe.read({**FORM, "system": "container", "way": "native"})).seen == ()


@given(texts, texts, texts)
@example("100 %41~41", "a|b;c&d=e+f", "ä\u2028")
def test_a_recipe_survives_whatever_it_holds(name: str, manager: str, user: str) -> None:
    form = {**FORM, "name": f"n{name}", "manager": f"m{manager}", "user": f"u{user}"}
    known = recipe.read(form)
    assert recipe.from_text(recipe.text_of(known)) == known


@given(st.text(max_size=60))
def test_any_text_is_a_recipe_or_refused(text: str) -> None:
    with contextlib.suppress(BadValue):
        recipe.from_text(text)


@given(st.sampled_from([*DIALECTS]), st.dictionaries(st.sampled_from([*recipe.KEYS]), texts))
def test_any_recipe_makes_a_definition_or_is_refused(system: str, change: dict[str, str]) -> None:
    with contextlib.suppress(BadValue, BadConfig):
        recipe.make(recipe.read({**FORM, "system": system, **change}))


@pytest.mark.parametrize(
    ("output", "folders"),
    [
        ("/mnt/a:/mnt/b", ("/mnt/a", "/mnt/b")),
        ("/mnt/a; /mnt/b", ("/mnt/a", "/mnt/b")),
        ("/mnt/a:b;", ("/mnt/a:b",)),
        ("D:\\frames", ("D:\\frames",)),
        ("D:\\frames;E:/more", ("D:\\frames", "E:/more")),
    ],
)
def test_folders_are_taken_apart(output: str, folders: tuple[str, ...]) -> None:
    known = recipe.read({**FORM, "system": "farmhand", "output": output})
    assert known.worker.output_folders == folders
    assert recipe.from_text(recipe.text_of(known)) == known


def test_a_recipe_has_all_that_a_definition_is_made_of() -> None:
    kept = {(key.part, key.field) for key in recipe.KEYS.values()}
    asked = {("worker", name) for name in Worker.__dataclass_fields__}
    asked |= {("target", name) for name in Target.__dataclass_fields__}
    assert asked - kept == {("target", "as_written"), ("target", "config")}


def test_farmhand_is_where_the_worker_is() -> None:
    assert recipe.read(FORM).target.farmhand == "/opt/farmhand/bin/farmhand"
    assert recipe.read({**FORM, "program": "D:\\farmhand-worker.exe"}).target.farmhand == "D:\\farmhand.exe"
    assert recipe.read({**FORM, "program": "/opt/worker"}).target.farmhand == "/usr/local/bin/farmhand"
    assert recipe.read({**FORM, "farmhand": "/bin/farmhand"}).target.farmhand == "/bin/farmhand"
    assert "farmhand" not in recipe.said(recipe.read(FORM))


def test_only_who_can_keep_a_service_from_something_is_given_a_profile() -> None:
    assert recipe.read(FORM).worker.profile == "gpu"
    assert recipe.read({**FORM, "system": "runit"}).worker.profile is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": ""}, "name: it is missing"),
        ({"system": "initd"}, 'system: "initd" is not known'),
        ({"way": "both"}, 'way: "both" is not known'),
        ({"profile": "none"}, 'profile: "none" is not known'),
        ({"code": "x"}, 'code: "x" is not an exit code'),
        ({"code": "1"}, "code: 1 cannot be the restart code"),
        ({"stop": "nan"}, "stop: nan seconds are not possible"),
        ({"stop": "soon"}, 'stop: "soon" is not a number of seconds'),
        ({"version": "new"}, 'version: "new" is not a number'),
        ({"as": "agent"}, 'as: systemd has no "agent"'),
        ({"nmae": "x"}, "nmae: it is not known"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, str], problem: str) -> None:
    with pytest.raises(BadValue) as caught:
        recipe.read({**FORM, **change})
    assert caught.value.problem.startswith(problem)
