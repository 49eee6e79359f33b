"""What no unit can say is refused where a service is made, by the name of the directive."""

from dataclasses import replace

import pytest
import services
from hypothesis import given, settings

from farmhand.units.definition import made
from farmhand.units.errors import BadValue
from farmhand.units.sayable import check_sayable
from farmhand.units.spec import Assignment, Command, Service

PLAIN = Service("plain", exec_start=(Command(("/bin/true",)),))


@settings(max_examples=50)
@given(services.SERVICES)
def test_what_a_reader_may_give_can_be_said(service: Service) -> None:
    check_sayable(service)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"name": "../x"}, "its name"),
        ({"name": "a\nb"}, "its name"),
        ({"name": ".."}, "its name"),
        ({"name": "-x"}, "its name"),
        ({"description": "a\n[Service]"}, "Description: "),
        ({"description": "a\udcff"}, "Description: "),
        ({"environment": {"A": "a\0"}}, "Environment: "),
        ({"environment": {"A=B": "a"}}, "Environment: "),
        ({"exec_start": (Command(("/bin/a\nb",)),)}, "ExecStart: "),
        ({"documentation": ('https://x/"',)}, "Documentation: "),
        ({"kept": (Assignment("Service", "PrivateTmp", "yes\nUser=root"),)}, "User: "),
    ],
)
def test_what_no_unit_can_say_is_refused_by_name(changed: dict[str, object], named: str) -> None:
    with pytest.raises(BadValue) as refused:
        made(replace(PLAIN, **changed))
    assert refused.value.problem.startswith(named)
