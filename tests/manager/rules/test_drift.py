"""Whether a worker runs under the definition that would be made for it today."""

import json

import pytest

from farmhand.manager.rules import drift
from farmhand.manager.rules.drift import Drift
from farmhand.units import recipe
from farmhand.units.carried import LONGEST_TEXT, MOST_FILES, digest
from farmhand.units.dialects.table import DIALECTS

HASH = digest(b"something")
SAID = {"recipe": "system=systemd", "files": {"/etc/x": HASH}, "drop_ins": []}


def report(system: str = "systemd", drop_ins: tuple[str, ...] = (), **changed: str | None) -> str:
    """Return what a worker says that runs under a definition of ours; changed: the hash of a file, by its name."""
    form = {"system": system, "name": "n", "manager": "http://farm/", "program": "/opt/farmhand-worker", "code": "47"}
    made = recipe.make(recipe.read({**form, "profile": "cpu"}))
    files = {file.path: digest(file.text.encode()) for file in made.seen}
    files |= {path: changed[key] for path in files for key in changed if path.endswith(key.replace("_", "."))}
    kept = drift.keep({"recipe": recipe.text_of(made.recipe), "files": files, "drop_ins": list(drop_ins)})
    assert kept is not None
    return kept


@pytest.mark.parametrize("system", DIALECTS)
def test_what_is_made_today_is_as_generated(system: str) -> None:
    found = drift.judge(report(system))
    assert found.drift is Drift.SAME
    assert found.recipe is not None
    assert found.recipe.dialect.name == system


def test_another_file_differs_and_is_named() -> None:
    found = drift.judge(report(worker_service=HASH))
    assert found.drift is Drift.DIFFERS
    assert found.why.startswith("/etc/systemd/system/farmhand-worker.service is not as it would be made today")
    assert found.mend


def test_one_of_several_files_is_enough() -> None:
    found = drift.judge(report("runit", finish=HASH))
    assert (found.drift, "/finish is not as" in found.why) == (Drift.DIFFERS, True)


def test_a_file_that_is_gone_differs_where_others_are_there() -> None:
    assert drift.judge(report("runit", finish=None)).drift is Drift.DIFFERS


def test_what_nobody_can_read_is_unknown() -> None:
    found = drift.judge(report(worker_service=None))
    assert (found.drift, "not there for the worker to read" in found.why) == (Drift.UNKNOWN, True)


def test_who_says_nothing_is_unknown() -> None:
    assert drift.judge(None).drift is Drift.UNKNOWN


def test_drop_ins_are_told() -> None:
    found = drift.judge(report(drop_ins=("local.conf",)))
    assert (found.drift, found.drop_ins) == (Drift.SAME, ("local.conf",))


@pytest.mark.parametrize("text", ["", "x", "system=systemd&name=n", "system=systemd&name=~00&manager=m&program=/p"])
def test_a_recipe_that_makes_nothing_is_unknown(text: str) -> None:
    found = drift.judge(json.dumps({**SAID, "recipe": text}))
    assert (found.drift, "makes none" in found.why) == (Drift.UNKNOWN, True)


@pytest.mark.parametrize(
    "said",
    [
        None,
        "text",
        [],
        {},
        {**SAID, "recipe": 1},
        {**SAID, "recipe": ""},
        {**SAID, "recipe": "x" * (LONGEST_TEXT + 1)},
        {**SAID, "recipe": "a\nb"},
        {**SAID, "recipe": "\udc80"},
        {**SAID, "files": []},
        {**SAID, "files": {}},
        {**SAID, "files": {"/x": "abc"}},
        {**SAID, "files": {"/x": 1}},
        {**SAID, "files": {"": HASH}},
        {**SAID, "files": {f"/{n}": HASH for n in range(MOST_FILES + 1)}},
        {**SAID, "drop_ins": "x"},
        {**SAID, "drop_ins": [1]},
        {**SAID, "drop_ins": ["x"] * (MOST_FILES + 1)},
    ],
)
def test_what_is_not_as_it_should_be_is_not_kept(said: object) -> None:
    assert drift.keep(said) is None


def test_what_is_kept_is_no_more_than_what_is_known() -> None:
    kept = drift.keep({**SAID, "more": "x" * 1_000_000})
    assert kept is not None
    assert json.loads(kept) == SAID
