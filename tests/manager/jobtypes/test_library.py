"""Job types are files: those that are shipped can be read, and mistakes in others are named with their line."""

from datetime import datetime
from pathlib import Path

import pytest

from farmhand.manager.jobtypes.compile import compile
from farmhand.manager.jobtypes.library import job_types, read
from farmhand.units.errors import BadConfig

DOCS = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-job-type.md"

GOOD = """\
label: Test
settings:
  count: {type: int32, default: 1}
tasks:
  first:
    type: misc
    commands:
      - echo: {message: "${count}"}
"""


def test_the_shipped_ones_can_be_read():
    assert {"echo-sleep-test", "simple-blender-render", "script-frames", "blender-scene"} == job_types().keys()


def test_the_etag_changes_with_the_file(tmp_path):
    path = tmp_path / "test.yaml"
    path.write_text(GOOD)
    before = read(path).etag
    path.write_text(GOOD.replace("Test", "Other"))
    assert read(path).etag != before


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("label:", "lable:", 1, 'lable: it is not known; did you mean "label"?'),
        ("type: int32", "type: integer", 3, "'integer' is not a type; write type: and one of string, int32"),
        ("default:", "defualt:", 3, 'did you mean "default"?'),
        ("    type: misc\n", "", 5, 'its "type" is missing'),
        ("${count}", "${cuont}", 5, "${cuont} stands for nothing; known are count"),
        ("${count}", "${count|half}", 5, '"half" is not a filter'),
        ("- echo:", "- echo: {}\n        again:", 8, "it is not a command"),
        ("    type: misc", "    after: [zeroth]\n    type: misc", 6, 'there is no task "zeroth" before it'),
        ("    type: misc", "    needs: [cuont]\n    type: misc", 5, '"cuont" is not a setting'),
        ("tasks:", "label: again\ntasks:", 4, "it is given twice"),
        ("default: 1", "default: one", 3, 'settings.count.default: the setting "count" must be an integer'),
        ("default: 1", "default: 1, minimum: 2", 3, "must be 2 at least, and is 1"),
        ("default: 1", "required: maybe", 3, "settings.count.required: 'maybe' is not true or false"),
        ("default: 1", "choices: 3", 3, "settings.count.choices: 3 is not a list"),
        ("default: 1", "minimum: true", 3, "settings.count.minimum: True is not a number"),
        ("default: 1", "default: '${cuont}'", 3, "settings.count: ${cuont} stands for nothing"),
        ("  count: ", "  chunk: {type: int32}\n  count: ", 3, "settings.chunk: a placeholder of this name stands"),
        ('    commands:\n      - echo: {message: "${count}"}', "    commands: echo", 7, "'echo' is not a list"),
        ('    commands:\n      - echo: {message: "${count}"}', "    commands: []", 5, 'its "commands" is missing'),
        ("    type: misc", "    type: 7", 6, "tasks.first.type: 7 is not text"),
        ("    type: misc", "    type: misc\n    unless: {count: 1}", 7, "tasks.first.unless.count: 1 is not a list"),
        ("    type: misc", "    type: misc\n    repeat: true", 7, "True is not a whole number"),
        ("- echo:", "- steps: [1]\n        echo:", 8, "tasks.first.commands.0.steps: [1] is not a whole number"),
        ("${count}", "${count|folders:cuont}", 5, "${cuont} stands for nothing"),
        ("${count}", "${count|folders}", 5, '"folders" is not a filter; known are'),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path, old, new, line, message):
    path = tmp_path / "test.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(BadConfig) as problem:
        read(path)
    assert str(problem.value).startswith(f"{path}:{line}: ")
    assert message in str(problem.value)


def test_a_studios_job_types_stand_beside_the_shipped_ones_or_in_their_place(tmp_path):
    (tmp_path / "contact-sheet.yaml").write_text(GOOD)
    (tmp_path / "echo-sleep-test.yaml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("not a job type")
    found = job_types(tmp_path)
    assert found.keys() == {*job_types(), "contact-sheet"}
    assert (found["echo-sleep-test"].label, found["simple-blender-render"].label) == ("Test", "Simple Blender Render")


def test_a_mistake_in_a_studios_job_type_is_told_before_any_job_is(tmp_path):
    (tmp_path / "sheet.yaml").write_text(GOOD.replace("misc", "[misc]"))
    with pytest.raises(BadConfig, match=r"sheet\.yaml:6: tasks\.first\.type: \['misc'\] is not text"):
        job_types(tmp_path)


def test_a_job_type_without_tasks_is_refused(tmp_path):
    path = tmp_path / "test.yaml"
    path.write_text("label: Test\ntasks: {}\n")
    with pytest.raises(BadConfig, match="a job type has one task at least"):
        read(path)


def test_the_example_of_the_docs_is_a_job_type(tmp_path):
    text = DOCS.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "sheet.yaml"
    path.write_text(text)
    job = compile(
        read(path), name="n", priority=50, settings={"frames": "1-7", "fps": 24}, metadata={}, now=datetime.max
    )
    assert [task.name for task in job.tasks] == ["frames-1-5", "frames-6,7", "video"]
