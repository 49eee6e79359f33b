"""The unit doctor."""

from farmhand.units.check import absent, check, foreign


def test_a_sound_file_gets_nothing_said_against_it() -> None:
    report = check("farm.yaml", "services: {x: {ExecStart: /bin/x %h %H %i}}\n")
    assert ([service.name for service in report.services], report.error, report.warnings, report.kept) == (
        ["x"],
        None,
        (),
        (),
    )


def test_of_a_file_with_an_error_no_service_is_known() -> None:
    report = check("a.service", "[Service]\nExecStart=x/\n")
    assert (str(report.error), report.services) == (
        'a.service:2: ExecStart: the program "x/" is a folder; name a file in it',
        (),
    )


def test_a_slip_that_brought_an_error_about_is_told_with_it() -> None:
    report = check("a.service", "[Service]\nExecStrt=/bin/true\n")
    assert str(report.error) == "a.service: ExecStart: it is missing; name the command to run"
    assert [(notice.line, notice.key) for notice in report.warnings] == [(2, "ExecStrt")]


def test_what_is_warned_of_is_not_said_again() -> None:
    report = check("a.service", "[Service]\nExecStart=/bin/true\nFailureAction=reboot\n")
    assert [notice.line for notice in (*report.warnings, *report.kept)] == [3]


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
        'farm.yaml:5: Requires: there is no service "managr" here, and it will not be started without;'
        ' did you mean "manager"?'
    ]


def test_what_a_unit_file_only_wants_may_be_the_systems() -> None:
    text = "[Unit]\nAfter=dbus.service\nWants=dbus.service\nRequires=x.socket b.service\n[Service]\nExecStart=/bin/x\n"
    (notice,) = absent(check("a.service", text).services)
    assert (notice.line, notice.key, notice.hint) == (4, "Requires", "there are a")


def test_what_is_not_in_force_says_why() -> None:
    text = "[Service]\nExecStart=/bin/x\nPrivateTmp=yes\nStandardOutput=journal+console\nRootImage=/image\n"
    assert [str(notice).partition(": ")[2] for notice in check("a.service", text).kept] == [
        "PrivateTmp: it is kept, but not in force under Farmhand: sandboxing is systemd's own trade; "
        "systemd acts on it",
        "StandardOutput: it is kept, but not in force under Farmhand: the output goes to Farmhand's log alone; "
        "systemd acts on it",
        "RootImage: a service that has it is not started: its programs are in an image, which Farmhand cannot mount; "
        "systemd acts on it",
    ]


def test_units_of_other_types_count_as_there_and_this_is_said_in_one_line():
    text = "[Unit]\nAfter=network.target db.service\nBindsTo=x.socket\n[Service]\nExecStart=/bin/true\n"
    services = [each for name in ("a", "b") for each in check(f"{name}.service", text).services]
    told = "not Farmhand's, so they count as there: network.target, x.socket (named by a, b)"
    assert foreign(services) == told
    assert foreign([]) is None


def test_what_drop_ins_say_is_checked_under_their_own_names() -> None:
    drop_in = "[Service]\n\nProtectSystem=strict\nNise=5\nNice=7\n"
    report = check("a.service", "[Service]\nExecStart=/bin/true\n", [("a.service.d/x.conf", drop_in)])
    (service,) = report.services
    assert service.nice == 7
    assert [(notice.path, notice.line, notice.key) for notice in report.warnings] == [("a.service.d/x.conf", 4, "Nise")]
    assert [(notice.path, notice.line) for notice in report.kept] == [("a.service.d/x.conf", 3)]
