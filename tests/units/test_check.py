"""The unit doctor."""

from farmhand.units.check import absent, check


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


def test_a_dependency_that_is_not_there_is_named_where_it_was_meant_to_be_ours() -> None:
    text = (
        "services:\n  manager: {ExecStart: /bin/x}\n  worker:\n    ExecStart: /bin/x\n"
        "    Requires: [managr, network.target]\n    After: manager\n    Wants: x.mount\n"
    )
    assert [str(notice) for notice in absent(check("farm.yaml", text).services)] == [
        'farm.yaml:5: Requires: there is no service "managr" here, and nothing waits for it; did you mean "manager"?'
    ]


def test_what_a_unit_file_only_wants_may_be_the_systems() -> None:
    text = "[Unit]\nAfter=dbus.service\nWants=dbus.service\nRequires=x.socket b.service\n[Service]\nExecStart=/bin/x\n"
    (notice,) = absent(check("a.service", text).services)
    assert (notice.line, notice.key, notice.hint) == (4, "Requires", "there are a")
