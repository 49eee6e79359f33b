"""All dialects: a row each, in the order in which they are told of."""

from collections.abc import Mapping

from ..dialect import Dialect
from . import (
    container,
    farmhand_writer,
    kubernetes,
    launchd,
    nomad,
    openrc,
    runit,
    s6,
    supervisord,
    systemd_units,
    windows,
    winsw,
)

DIALECTS: Mapping[str, Dialect] = {
    row.name: row
    for row in (
        systemd_units.DIALECT,
        farmhand_writer.DIALECT,
        openrc.DIALECT,
        runit.DIALECT,
        s6.DIALECT,
        supervisord.DIALECT,
        launchd.DIALECT,
        winsw.DIALECT,
        windows.DIALECT,
        container.DIALECT,
        kubernetes.DIALECT,
        nomad.DIALECT,
    )
}
