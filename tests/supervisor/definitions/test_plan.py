"""What there is to run, as whoever reads it aside hands it over."""

import pickle
from pathlib import Path

from farmhand.supervisor.definitions.plan import Sources, read

UNIT = "[Service]\nExecStart=/bin/true\n"


def test_a_unit_that_is_wrong_and_only_wanted_is_told_and_handed_over(tmp_path: Path) -> None:
    (tmp_path / "default.target").write_text("[Unit]\nWants=good.service bad.service\n")
    (tmp_path / "good.service").write_text(UNIT)
    (tmp_path / "bad.service").write_text("[Service]\nNise=5\nExecStart=relative/path\n")
    told: list[str] = []
    plan = read(Sources((), "system"), told.append, {"FARMHAND_UNIT_PATH": str(tmp_path)})
    assert list(plan.services) == ["default.target", "good"]
    assert [line.partition(": ")[0].rpartition("/")[2] for line in told] == ["bad.service:2", "bad.service:3"]
    problem = pickle.loads(pickle.dumps(plan)).catalog.loaded["bad.service"].problem
    assert (str(problem), problem.load_state) == (told[1], "bad-setting")
