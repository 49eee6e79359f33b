"""The unit made for a manager."""

from dataclasses import replace

import pytest

from farmhand.manager import cli
from farmhand.units.dialects import systemd
from farmhand.units.errors import BadValue
from farmhand.units.manager_unit import WHY, Manager, manager_service
from farmhand.units.worker_unit import annotate

MANAGER = Manager("/bin/true", "0.0.0.0:8080", "farmhand", "farmhand", config="/etc/farmhand/manager.yaml")


def test_each_line_has_its_reason_and_each_reason_its_line() -> None:
    units = [systemd.write(manager_service(one)).text for one in (MANAGER, replace(MANAGER, data="/srv/farm"))]
    lines = [line for unit in units for line in annotate(unit, WHY)]
    assert [line for line, why in lines if line and not why] == []
    assert WHY.keys() <= {line.partition("=")[0] for line, why in lines}


def test_what_trying_again_does_not_mend_is_not_tried_again() -> None:
    assert cli.USAGE in manager_service(MANAGER).restart_prevent_exit_status


def test_its_database_is_its_own() -> None:
    own = manager_service(MANAGER)
    assert (own.state_directory[0].path, own.state_directory_mode, own.umask) == ("farmhand-manager", 0o700, 0o077)
    elsewhere = systemd.write(manager_service(replace(MANAGER, data="/srv/farm"))).text
    assert "--data /srv/farm --config" in elsewhere
    assert "ReadWritePaths=/srv/farm\n" in elsewhere
    assert "StateDirectory" not in elsewhere


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "8080x", "host", "host:65536", "host:\u0663"])
def test_an_address_that_it_may_not_listen_at_is_refused(listen: str) -> None:
    with pytest.raises(BadValue) as caught:
        manager_service(replace(MANAGER, listen=listen))
    assert caught.value.problem.startswith("listen: ")
