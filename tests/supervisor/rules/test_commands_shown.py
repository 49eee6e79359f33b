"""Commands and times in `show`, as `systemctl show` of systemd 252 printed them."""

import pytest

from farmhand.supervisor.rules.commands_shown import Ran, commands_shown
from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.timestamps import timestamps
from farmhand.units.dialects import systemd

UNIT = """\
[Service]
ExecStartPre=-/bin/sh -c "exit 3"
ExecStart=@/bin/sh mysh -c "exec sleep 1000"
ExecStartPost=:+/bin/echo hi  "two words" $X
ExecStopPost=/bin/echo ; /bin/true
"""
NEVER = "start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }"
AT = 1795412584.5


def shown(ran=None):
    service = systemd.read("a.service", UNIT).service
    return service, commands_shown(service, ran or {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ExecStartPre", f"{{ path=/bin/sh ; argv[]=/bin/sh -c exit 3 ; ignore_errors=yes ; {NEVER}"),
        ("ExecStartPreEx", f"{{ path=/bin/sh ; argv[]=/bin/sh -c exit 3 ; flags=ignore-failure ; {NEVER}"),
        ("ExecStart", f"{{ path=/bin/sh ; argv[]=mysh -c exec sleep 1000 ; ignore_errors=no ; {NEVER}"),
        (
            "ExecStartPostEx",
            f"{{ path=/bin/echo ; argv[]=/bin/echo hi two words $X ; flags=privileged no-env-expand ; {NEVER}",
        ),
        (
            "ExecStopPost",
            f"{{ path=/bin/echo ; argv[]=/bin/echo ; ignore_errors=no ; {NEVER}\n"
            f"{{ path=/bin/true ; argv[]=/bin/true ; ignore_errors=no ; {NEVER}",
        ),
    ],
)
def test_a_command_that_never_ran(name, text):
    assert shown()[1][name] == text


def test_what_there_is_none_of_is_not_shown():
    assert "ExecReload" not in shown()[1]


@pytest.mark.parametrize(
    ("exit", "end"),
    [
        (None, "stop_time=[n/a] ; pid=38 ; code=(null) ; status=0/0 }"),
        (Exit(code=3), "stop_time=[Mon 2026-11-23 05:43:04 UTC] ; pid=38 ; code=exited ; status=3 }"),
        (Exit(signal="SIGKILL"), "stop_time=[Mon 2026-11-23 05:43:04 UTC] ; pid=38 ; code=killed ; status=9/KILL }"),
        (
            Exit(signal="SIGABRT", dumped=True),
            "stop_time=[Mon 2026-11-23 05:43:04 UTC] ; pid=38 ; code=dumped ; status=6/ABRT }",
        ),
    ],
)
def test_how_it_was_last_run(exit, end):
    service, _ = shown()
    ran = Ran(38, AT, AT if exit else 0.0, exit)
    _, told = shown({("ExecStartPre", service.exec_start_pre[0]): ran})
    assert told["ExecStartPre"].endswith(f"start_time=[Mon 2026-11-23 05:43:04 UTC] ; {end}")


def test_times_by_both_clocks():
    assert timestamps({"ActiveEnter": AT, "ActiveExit": 0.0}, AT - 13952.657108) == {
        "ActiveEnterTimestamp": "Mon 2026-11-23 05:43:04 UTC",
        "ActiveEnterTimestampMonotonic": "13952657108",
        "ActiveExitTimestamp": "",
        "ActiveExitTimestampMonotonic": "0",
    }
