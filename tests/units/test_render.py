"""Which way a service is written for a manager, and what is lost on it."""

from dataclasses import replace

import pytest

from farmhand.units import definition
from farmhand.units.definition import made
from farmhand.units.dialect import Target
from farmhand.units.dialects import farmhand
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.errors import BadConfig
from farmhand.units.meaning import losses, meaning
from farmhand.units.render import best_way, render
from farmhand.units.spec import Assignment, Command, Limit, Service, StatusSet

SERVICE = Service(
    "x",
    exec_start=(Command(("/bin/x", "100%")),),
    restart="on-failure",
    restart_prevent_exit_status=StatusSet(frozenset({2})),
    nice=5,
    limits={"NOFILE": Limit(10, 20)},
)
# A manager that starts a program again whatever it ended with, and knows of niceness.
SIMPLE = replace(
    DIALECTS["systemd"],
    name="simple",
    title="Simple",
    means=lambda service, target: meaning(service, "ExecStart Nice", restart="always", start_limit_interval_sec=0.0),
    specifiers=False,
)


def test_losses_say_what_is_not_the_same() -> None:
    found = losses(SERVICE, SIMPLE.means(SERVICE, Target()), "Simple")
    assert list(map(str, found)) == [
        "StartLimitIntervalSec: Simple does as with StartLimitIntervalSec=0",
        "Restart: Simple does as with Restart=always",
        "RestartPreventExitStatus: Simple has nothing like it",
        "LimitNOFILE: Simple has nothing like it",
    ]


def test_what_is_only_kept_is_lost_as_well() -> None:
    service = replace(SERVICE, kept=(Assignment("Service", "ProtectSystem", "strict"),))
    assert "ProtectSystem" in {loss.key for loss in losses(service, SIMPLE.means(service, Target()), "Simple")}


def test_supervised_is_the_way_where_native_loses_something() -> None:
    assert best_way(SIMPLE, made(SERVICE), Target()) == "supervised"
    rendered = render(SIMPLE, made(SERVICE), Target(farmhand="/opt/farmhand"))
    (beside,) = rendered.beside
    assert (rendered.losses, beside.path) == ((), "/etc/farmhand/x.yaml")
    run = "/opt/farmhand run --control /run/farmhand/x/control.sock /etc/farmhand/x.yaml"  # a socket of its own
    assert f"ExecStart={run}\n" in rendered.text
    assert farmhand.read(beside.path, beside.text).services == (SERVICE,)


def test_native_is_the_way_where_nothing_is_lost() -> None:
    plain = Service("x", exec_start=SERVICE.exec_start, restart="always", start_limit_interval_sec=0.0)
    assert best_way(SIMPLE, made(plain), Target()) == "native"
    assert render(SIMPLE, made(plain), Target()).beside == ()


def test_native_is_written_when_asked_for_and_says_what_it_loses() -> None:
    rendered = render(SIMPLE, made(SERVICE), Target(), "native")
    assert "Restart=always" in rendered.text
    assert len(rendered.losses) == 4


def test_specifiers_of_the_machine_need_farmhand_where_there_are_none() -> None:
    text = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/x %H %p\nRestart=always\n"
    (one,) = definition.from_unit("/x/a.service", text).definitions
    assert best_way(SIMPLE, one, Target()) == "supervised"
    (beside,) = render(SIMPLE, one, Target()).beside
    assert "ExecStart: /bin/x %H a\n" in beside.text
    with pytest.raises(BadConfig, match="only its machine knows"):
        render(SIMPLE, one, Target(), "native")


def test_a_template_needs_an_instance() -> None:
    text = "[Service]\nExecStart=/bin/x %i\nRestart=always\n"
    (template,) = definition.from_unit("/x/a@.service", text).definitions
    with pytest.raises(BadConfig, match="name an instance"):
        render(SIMPLE, template, Target())
    (one,) = definition.from_unit("/x/a@.service", text, "7").definitions
    assert "ExecStart=/bin/x 7" in render(SIMPLE, one, Target(), "native").text
