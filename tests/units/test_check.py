"""The unit doctor."""

from farmhand.units.check import check


def test_a_sound_file_gets_nothing_said_against_it() -> None:
    report = check("farm.yaml", "services: {x: {ExecStart: /bin/x %h %H %i}}\n")
    assert ([service.name for service in report.services], report.error, report.warnings, report.kept) == (
        ["x"],
        None,
        (),
        (),
    )


def test_an_error_is_the_only_thing_known() -> None:
    report = check("a.service", "[Service]\nExecStart=x/\n")
    assert (str(report.error), report.services) == (
        'a.service:2: ExecStart: the program "x/" is a folder; name a file in it',
        (),
    )


def test_what_is_ignored_and_what_is_kept_are_told_apart() -> None:
    report = check("a@.service", "[Service]\nExecStart=/bin/x %i\nNise=5\nProtectSystem=strict\n")
    assert [(notice.line, notice.key) for notice in report.warnings] == [(3, "Nise")]
    assert [(notice.line, notice.key) for notice in report.kept] == [(4, "ProtectSystem")]


def test_a_line_that_several_instances_share_is_said_once() -> None:
    text = "services:\n  x@:\n    instances: [1, 2]\n    ExecStart: /bin/x\n    ProtectSystem: strict\n"
    assert len(check("farm.yaml", text).kept) == 1
