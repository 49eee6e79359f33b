"""What the doctor says: as text, as JSON and as SARIF."""

import json
from pathlib import Path

import jsonschema
from sick_units import PATH, SICK, SOUND, look_at, plain, sound

from farmhand.units.doctor import report
from farmhand.units.doctor.finding import Harm
from farmhand.units.doctor.patient import Exposure
from farmhand.units.doctor.rules import RULES
from farmhand.units.doctor.sarif import as_sarif

SCHEMA = json.loads((Path(__file__).parents[2] / "support" / "sarif-2.1.0.json").read_text())
SICKEST = sound(SuccessExitStatus=None, User="root", RestartPreventExitStatus=None)


def test_findings_are_told_in_order_of_harm() -> None:
    harms = [finding.harm for finding in look_at(SICKEST + "\n[Service]\nExecStop=./x\n").findings]
    assert harms == sorted(harms, key=list(Harm).index)
    assert {*harms} == {*Harm}


def test_text() -> None:
    text = report.text(look_at(sound(SuccessExitStatus=None)))
    assert text == (
        "will surprise:\n"
        f"  {PATH}:13: RestartForceExitStatus: a restart by exit code 47 counts as a failure: the journal says so, and "
        "what watches it alarms; say SuccessExitStatus=47 as well [restart-code-fails]\n"
        f"{PATH}: exposure: 0.0 of 10, as `systemd-analyze security --offline` measures it\n"
        f"{PATH}: this drop-in mends what lines can mend:\n\n"
        f"# {PATH}.d/90-mended.conf\n[Service]\n# restart-code-fails\nSuccessExitStatus=47\n"
    )


def test_text_of_a_sound_unit() -> None:
    assert report.text(look_at(SOUND)).startswith(f"{PATH}: worker: nothing to say against it\n")


def test_what_a_comment_silences_is_still_named() -> None:
    text = report.text(look_at("; farmhand: ignore orphans\n" + sound(KillMode="process")))
    assert "nothing to say against it" in text
    assert "silenced by comments: orphans\n" in text


def test_an_exposure_that_was_not_measured_is_said_to_be_so() -> None:
    assert report.exposure(Exposure(why="systemd-analyze is not installed here")) == (
        "not measured: systemd-analyze is not installed here"
    )


def test_json() -> None:
    (told,) = json.loads(
        report.as_json([look_at("# farmhand: ignore orphans\n" + SICKEST.replace("mixed", "process"))])
    )
    assert told["path"] == PATH
    assert told["services"] == ["worker"]
    first = told["findings"][0]
    place = ("restart-code-fails", "will surprise", 14, "RestartForceExitStatus")
    assert (first["rule"], first["harm"], first["line"], first["key"]) == place
    assert first["mend"] == [{"section": "Service", "key": "SuccessExitStatus", "values": ["47"]}]
    assert told["drop_in"]["text"].startswith("[Service]\n# restart-code-fails\nSuccessExitStatus=47\n")
    assert [finding["rule"] for finding in told["silenced"]] == ["orphans"]
    assert told["exposure"] == 0.0


def test_sarif_is_what_its_schema_asks_for() -> None:
    diagnoses = [look_at(sick.text, sick.path, exposure=sick.exposure) for all in SICK.values() for sick in all]
    diagnoses.append(look_at("# farmhand: ignore orphans\n" + sound(KillMode="process")))
    log = json.loads(as_sarif(diagnoses, "1.2.3"))
    jsonschema.Draft4Validator.check_schema(SCHEMA)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [*RULES]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert [result["ruleId"] for result in run["results"] if "suppressions" in result] == ["orphans"]


def test_sarif_names_the_line_and_the_lines_that_mend_it() -> None:
    (run,) = json.loads(as_sarif([look_at(sound(KillMode="none"), "/etc/a b.service")], "1"))["runs"]
    (result,) = run["results"]
    assert result["level"] == "warning"
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "/etc/a%20b.service"}, "region": {"startLine": 16}}
    assert result["properties"] == {"mend": ["[Service] KillMode=mixed"]}


def test_a_file_as_a_whole_has_no_line_in_sarif() -> None:
    (run,) = json.loads(as_sarif([look_at(plain("Nice=5"))], "1"))["runs"]
    assert "region" not in run["results"][0]["locations"][0]["physicalLocation"]
