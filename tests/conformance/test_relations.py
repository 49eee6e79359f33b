"""Stories of several services end under Farmhand as they do under systemd 252; see relations.yaml."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import relations

RECORDED = json.loads(relations.RECORDED.read_text())
STORIES = relations.stories()


@pytest.fixture(scope="module")
def played() -> Iterator[dict]:
    with (
        tempfile.TemporaryDirectory(prefix="relations-") as folder,
        relations.farmhand(STORIES, Path(folder)) as stage,
    ):
        yield relations.play_all(stage, STORIES)


@pytest.mark.parametrize("name", [story.name for story in STORIES])
def test_a_story_ends_as_under_systemd(played: dict, name: str) -> None:
    assert played[name] == RECORDED[name]
