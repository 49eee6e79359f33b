"""Commands answer as systemctl's do: both are typed to a supervisor of the same units, Farmhand and a real systemd."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import needs
import pytest
from polling import until
from sandbox import Sandbox, boot

pytestmark = needs.systemd()

FARMHAND = Path(sys.executable).with_name("farmhand")
FREE = "[Unit]\nDefaultDependencies=no\n"
SLEEP = "[Service]\nExecStart=/bin/sleep 1000\n"
UNITS = {
    "sleeps.service": f"{FREE}{SLEEP}",
    "sleeps2.service": f"{FREE}{SLEEP}[Install]\nAlias=other.service\n",
    "reloads.service": f"{FREE}{SLEEP}ExecReload=/bin/true\n",
    "fails.service": f"{FREE}[Service]\nType=oneshot\nExecStart=/bin/false\n",
    "bad.service": f"{FREE}[Service]\nType=simple\n",
    "broken.service": f"{FREE}{SLEEP}[foo\n",
    "skips.service": f"{FREE}ConditionPathExists=/nowhere\n{SLEEP}",
    "asserts.service": f"{FREE}AssertPathExists=/nowhere\n{SLEEP}",
    "at@.service": f"{FREE}{SLEEP}",
    **{f"needs-{name}.service": f"{FREE}Requires={name}.service\nAfter={name}.service\n{SLEEP}" for name in (
        "masked", "nobody", "bad", "broken", "fails", "needs-masked",
    )},
    "wants-masked.service": f"{FREE}Wants=masked.service nobody.service bad.service\n{SLEEP}",
    "expects-masked.service": f"{FREE}Requisite=masked.service\n{SLEEP}",
    "excludes-masked.service": f"{FREE}Conflicts=masked.service nobody.service\n{SLEEP}",
}  # fmt: skip
# What the others say of it is what is of interest in the first.
SHOWN = {
    "hub.service": f"{FREE}{SLEEP}User=daemon\nLimitCPU=10\nLimitLOCKS=7\n",
    "asks.service": "[Unit]\nDefaultDependencies=no\n"
    + "".join(
        f"{key}=hub.service\n"
        for key in ("Requires", "Wants", "BindsTo", "PartOf", "Upholds", "OnFailure", "OnSuccess", "After")
    )
    + f"PropagatesReloadTo=hub.service\nPropagatesStopTo=hub.service\n{SLEEP}EnvironmentFile=-/nowhere\n",
    "rival.service": f"{FREE}Conflicts=hub.service\nBefore=hub.service\nRequisite=hub.service\n{SLEEP}",
}
COMMANDS = """
start nobody
start masked
start bad
start broken
start fails
start skips
start asserts
start at@
start needs-masked
start needs-nobody
start needs-bad
start needs-broken
start needs-fails
start needs-needs-masked
start wants-masked
start expects-masked
start excludes-masked
start nobody masked
start masked nobody
start nobody fails
start sleeps nobody
start nobody sleeps2
start nothing*
restart masked
restart needs-masked
try-restart masked
try-restart nobody
try-restart needs-masked
try-reload-or-restart masked
reload nobody
reload sleeps
reload reloads
reload-or-restart masked
stop nobody
stop masked
stop bad
stop at@
stop nothing*
status nobody
status masked
status bad
status broken
status sleeps
status fails
status fails nobody
status nobody sleeps
status nobody fails
status at@
status nothing*
is-active sleeps
is-active sleeps nobody
is-active fails
is-active nobody
is-active at@
is-active nothing*
is-active sleeps*
is-failed fails
is-failed sleeps
is-failed fails sleeps
is-failed nobody
is-failed nothing*
kill unheard
kill at@
kill nothing*
kill sleeps --signal=CONT
reset-failed unheard
reset-failed fails
is-failed fails
show nobody -p LoadState,ActiveState,CanStart
show masked -p LoadState
show broken -p LoadState
show at@
show sleeps -p SubState,Id,ActiveState --value
show -p Id,Job sleeps sleeps2
show sleeps -p Nothing
show nothing*
list-units --state=failed,foo -q
list-units foo*
list-dependencies nobody
""".strip().splitlines()
# Their answers are for programs: the same words, not only the same exit code.
WORDS = ("is-active", "is-failed", "show")


@dataclass(frozen=True)
class Both:
    systemd: Sandbox
    environ: dict[str, str]

    def farmhand(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FARMHAND, *words], env=self.environ, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("answers")
    units = folder / "units"
    units.mkdir()
    for name, text in {**UNITS, **SHOWN}.items():
        (units / name).write_text(text)
    (units / "masked.service").symlink_to("/dev/null")
    environ = {
        **os.environ,
        "FARMHAND_CONTROL": str(folder / "control.sock"),
        "FARMHAND_UNIT_PATH": str(units),
    }
    with boot(units, folder / "systemd.log") as systemd, (folder / "log").open("wb") as log:
        command = [FARMHAND, "run", "--system", "bare.target", "--log-dir", folder / "logs"]
        with subprocess.Popen(command, env=environ, stdout=log, stderr=log) as process:
            both = Both(systemd, environ)
            try:
                until(lambda: both.farmhand("ping").returncode == 0, "Farmhand to answer")
                yield both
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(20)


def test_each_command_ends_as_systemctl_does(both: Both) -> None:
    differing = {}
    for command in COMMANDS:
        words = command.split()
        theirs, ours = both.systemd.systemctl(*words), both.farmhand(*(word for word in words if word != "-q"))
        told = [(done.returncode, done.stdout if words[0] in WORDS else "") for done in (theirs, ours)]
        if told[0] != told[1]:
            differing[command] = told
    assert differing == {}


# Where Farmhand differs, and is right to: no slices, no accounting, no freezer, an output of its own.
_OWN = """
    Slice ControlGroup ControlGroupId MemoryAvailable CPUUsageNSec CPUAccounting TasksMax TasksCurrent MemoryCurrent
    StandardOutput CapabilityBoundingSet UnitFilePreset CanFreeze LogPath InvocationID MainPID ExecMainPID
"""
# Of systemd 254 and later.
_NEWER = "ReloadSignal RestartMode RestartSteps RestartMaxDelayUSec RestartUSecNext"
LEFT_OUT = frozenset((_OWN + _NEWER).split())
# Units that are the system's, and the order of the others, which is that of a hash table there.
RELATIONS = ("Requires", "After", "Before", "Conflicts", "RequiredBy", "WantedBy", "ConflictedBy")


def shown(text: str) -> dict[str, object]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return {
        name: set(value.split()) - {"system.slice"} if name in RELATIONS else value
        for name, value in found.items()
        if name not in LEFT_OUT and "Timestamp" not in name and not name.startswith("ExecStart")
    }


@pytest.mark.parametrize("name", ["hub.service", "asks.service", "rival.service", "unheard.service", "bare.target"])
def test_show_says_what_systemctls_says_in_its_order(both: Both, name: str) -> None:
    for start in (both.systemd.systemctl, both.farmhand):
        start("start", "hub", "asks")
    theirs = shown(both.systemd.systemctl("show", "--all", name).stdout)
    ours = shown(both.farmhand("show", "--all", name).stdout)
    if name == "unheard.service":
        assert str(ours.pop("LoadError")).split()[0] == str(theirs.pop("LoadError")).split()[0]
        for limit in ("LimitNOFILE", "LimitNOFILESoft"):  # systemd says what it has itself, of a unit that is not there
            del ours[limit], theirs[limit]
    assert ours == theirs
    assert list(ours) == list(theirs)


def test_show_leaves_out_what_is_empty_unless_it_is_asked_for(both: Both) -> None:
    for words in ((), ("-p", "Wants"), ("-p", "PIDFile,Wants,Id")):
        told = [shown(run("show", "rival", *words).stdout) for run in (both.systemd.systemctl, both.farmhand)]
        theirs, ours = ([name for name in each if name not in RELATIONS] for each in told)
        assert ours == theirs
