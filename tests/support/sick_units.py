"""Units that are wrong in one way each, and a sound one: of the kinds that farms ship, in words of our own."""

from collections.abc import Mapping
from dataclasses import dataclass

from farmhand.units.doctor.diagnosis import Diagnosis, diagnose
from farmhand.units.doctor.patient import Exposure, of_ours, of_unit

PATH = "/etc/systemd/system/worker.service"
SOUND = """[Unit]
Description=A worker
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/opt/farm/farmhand-worker --manager http://farm.example:8080/ --restart-exit-code 47
User=render
Restart=on-failure
RestartSec=5s
RestartForceExitStatus=47
SuccessExitStatus=47
RestartPreventExitStatus=2 77
KillMode=mixed
TimeoutStopSec=30s
OOMPolicy=continue
EnvironmentFile=-/etc/default/locale

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Sick:
    """A unit with one fault. key: where the doctor is to see it. path: its file. mended: by lines of a drop-in."""

    text: str
    key: str
    path: str = PATH
    mended: bool = True
    exposure: float = 0.0


def sound(**changed: str | None) -> str:
    """The sound unit with other values: NAME=None takes a line out."""
    lines = []
    for line in SOUND.splitlines():
        key = line.partition("=")[0]
        if key not in changed:
            lines.append(line)
        elif changed[key] is not None:
            lines.append(f"{key}={changed[key]}")
    return "\n".join(lines) + "\n"


def adding(*lines: str) -> str:
    """The sound unit with more lines in [Service]."""
    return SOUND.replace("\n[Install]", "\n".join(lines) + "\n\n[Install]")


def plain(*service: str, unit: tuple[str, ...] = ()) -> str:
    """A unit that is of no farm."""
    return "\n".join(["[Unit]", "Description=A daemon", *unit, "[Service]", *service]) + "\n"


WORKER = "/opt/farm/farmhand-worker --manager http://farm.example:8080/"
USERS = "/home/me/.config/systemd/user/worker.service"

SICK: Mapping[str, tuple[Sick, ...]] = {
    "does-not-load": (
        Sick(plain("ExecStart=./worker"), "ExecStart", mended=False),
        Sick(plain("ExecStart=${BIN}/rqd ${OPTIONS}"), "ExecStart", mended=False),
        Sick(plain("Type=oneshot", "ExecStart=/bin/x", "Restart=always"), "Restart", mended=False),
        Sick(plain("Nice=5"), "ExecStart", mended=False),
        Sick("services:\n  x:\n    ExecStart: /bin/x\n    Restart: Always\n", "Restart", "farm.yaml", mended=False),
    ),
    "ignored": (
        Sick(plain("ExecStart=/bin/x", "StartLimitIntervalSec=0"), "StartLimitIntervalSec"),
        Sick(plain("ExecStart=/bin/x", "Restrat=always"), "Restrat"),
        Sick(plain("ExecStart=/bin/x", "ProtectSytem=strict"), "ProtectSytem"),
        Sick(plain("ExecStart=/bin/x", "RestartSec=5 secnds"), "RestartSec", mended=False),
        Sick(plain("ExecStart=/bin/x", "Colour=blue"), "Colour", mended=False),
    ),
    "restart-code-fails": (
        Sick(sound(SuccessExitStatus=None), "RestartForceExitStatus"),
        Sick(sound(SuccessExitStatus="143"), "RestartForceExitStatus"),
        Sick(
            plain("ExecStart=/usr/bin/sync serve", "Restart=on-failure", "RestartSec=4", "RestartForceExitStatus=3 4"),
            "RestartForceExitStatus",
        ),
    ),
    "restart-code-ends": (Sick(sound(RestartForceExitStatus=None), "ExecStart"),),
    "restart-code-prevented": (Sick(sound(RestartPreventExitStatus="2 77 47"), "RestartPreventExitStatus"),),
    "restart-code-taken": (
        Sick(sound(ExecStart=f"{WORKER} -restart-exit-status=143", RestartForceExitStatus="143"), "ExecStart"),
        Sick(sound(RestartForceExitStatus="0 47"), "RestartForceExitStatus"),
    ),
    "shut-down-undone": (Sick(sound(Restart="always"), "Restart"), Sick(sound(Restart="on-success"), "Restart")),
    "worker-as-oneshot": (
        Sick(sound(Type="oneshot", RestartForceExitStatus=None), "Type"),
        Sick(sound(Type="oneshot"), "Type"),
    ),
    "crash-stays-down": (Sick(sound(Restart=None), "ExecStart"), Sick(sound(Restart="on-watchdog"), "Restart")),
    "start-limit-traps": (
        Sick(sound(StartLimitIntervalSec=None, RestartSec="1"), "RestartForceExitStatus"),
        Sick(sound(StartLimitIntervalSec="1h"), "StartLimitIntervalSec"),
        Sick(
            sound(StartLimitIntervalSec=None, RestartSec="1", RestartForceExitStatus=None, ExecStart=WORKER), "Restart"
        ),
    ),
    "restart-storm": (
        Sick(plain("ExecStart=/bin/x", "Restart=always", unit=("StartLimitIntervalSec=0",)), "Restart"),
        Sick(sound(RestartSec="0"), "RestartSec"),
    ),
    "exit-kept-active": (Sick(adding("RemainAfterExit=yes"), "RemainAfterExit"),),
    "orphans": (
        Sick(sound(KillMode="process"), "KillMode"),
        Sick(plain("ExecStart=/bin/x", "KillMode=none"), "KillMode"),
    ),
    "stop-without-end": (
        Sick(plain("ExecStart=/bin/x", "TimeoutStopSec=0"), "TimeoutStopSec"),
        Sick(sound(TimeoutStopSec="infinity"), "TimeoutStopSec"),
    ),
    "stop-too-short": (Sick(sound(TimeoutStopSec="3"), "TimeoutStopSec"),),
    "stop-by-kill": (Sick(plain("ExecStart=/bin/x", "KillSignal=SIGKILL"), "KillSignal"),),
    "stop-hits-tasks": (
        Sick(sound(KillMode=None), "ExecStart"),
        Sick(sound(KillMode="control-group"), "KillMode"),
    ),
    "oom-stops-worker": (Sick(sound(OOMPolicy=None), "ExecStart"), Sick(sound(OOMPolicy="stop"), "OOMPolicy")),
    "network-not-drawn": (
        Sick(sound(Wants=None), "After"),
        Sick(plain("ExecStart=/bin/x", unit=("After=network-online.target",)), "After"),
    ),
    "network-not-awaited": (
        Sick(sound(After="network.target remote-fs.target", Wants=None), "After"),
        Sick(sound(After=None, Wants=None), "ExecStart"),
    ),
    "failure-circle": (
        Sick(plain("ExecStart=/bin/x", unit=("OnFailure=worker.service",)), "OnFailure", mended=False),
        Sick(
            plain("ExecStart=/bin/mail %i", unit=("OnFailure=tell@%n.service",)),
            "OnFailure",
            "/etc/systemd/system/tell@.service",
            mended=False,
        ),
    ),
    "child-notifies": (
        Sick(plain("Type=notify", "ExecStart=/bin/sh -c 'ulimit -c 0; /opt/daemon'"), "ExecStart"),
        Sick(plain("Type=notify", "ExecStart=/usr/bin/sudo -u x /opt/daemon"), "ExecStart"),
    ),
    "shell-syntax": (
        Sick(plain("ExecStart=/bin/x -v >> /var/log/x.log"), "ExecStart", mended=False),
        Sick(
            plain("ExecStartPre=/bin/mkdir /run/x && /bin/y", "ExecStart=/bin/x"),
            "ExecStartPre",
            mended=False,
        ),
    ),
    "shell-hides-exit": (
        Sick(sound(ExecStart=f"/bin/sh -c '{WORKER} --restart-exit-code 47'"), "ExecStart", mended=False),
        Sick(
            sound(ExecStart=f"/bin/sh -c '{WORKER} --restart-exit-code 47 | tee /x'"),
            "ExecStart",
            mended=False,
        ),
    ),
    "comment-in-command": (Sick(plain("ExecStart=/bin/x --fast # as fast as it can"), "ExecStart"),),
    "variable-as-program": (Sick(plain("ExecStart=/opt/${NAME}/bin/x"), "ExecStart", mended=False),),
    "tilde-as-home": (Sick(plain("ExecStart=/bin/x --config=~/x.conf"), "ExecStart", mended=False),),
    "variable-not-replaced": (
        Sick(plain("ExecStart=/bin/x", "Environment=PATH=/opt/blender:$PATH"), "Environment"),
        Sick(plain("ExecStart=/bin/x", 'Environment="DATA=${HOME}/data"'), "Environment", mended=False),
    ),
    "relative-path": (
        Sick(plain("ExecStart=/usr/bin/python3 worker.py"), "ExecStart", mended=False),
        Sick(plain("ExecStart=/opt/x --data ../data"), "ExecStart", mended=False),
    ),
    "home-hidden": (
        Sick(plain("ExecStart=/home/render/worker/run", "ProtectHome=yes"), "ProtectHome"),
        Sick(plain("ExecStart=/bin/x", "WorkingDirectory=/home/render", "ProtectHome=tmpfs"), "ProtectHome"),
    ),
    "no-such-target": (Sick(sound(User=None), "WantedBy", USERS),),
    "secret-in-arguments": (
        Sick(plain("ExecStart=/bin/x --token=abc123"), "ExecStart", mended=False),
        Sick(plain("ExecStart=/bin/x --db-password ${PASSWORD}"), "ExecStart", mended=False),
        Sick(plain("ExecStart=/bin/x postgres://me:pa55@db/x"), "ExecStart", mended=False),
    ),
    "secret-in-environment": (
        Sick(plain("ExecStart=/bin/x", "Environment=LANG=C BUILDKITE_AGENT_TOKEN=abc123"), "Environment", mended=False),
        Sick(plain("ExecStart=/bin/x", "Environment=DB=mysql://me:pa55@db/x"), "Environment", mended=False),
    ),
    "secret-in-unit": (Sick(plain("ExecStart=/bin/x", "SetCredential=token:abc123"), "SetCredential", mended=False),),
    "runs-as-root": (
        Sick(sound(User=None), "ExecStart", mended=False),
        Sick(sound(User="root"), "User", mended=False),
    ),
    "runs-as-nobody": (Sick(plain("ExecStart=/bin/x", "User=nobody"), "User", mended=False),),
    "exposure": (Sick(SOUND, "", exposure=9.2),),
    "restart-without-pause": (
        Sick(sound(StartLimitIntervalSec=None, RestartSec=None), "Restart"),
        Sick(
            plain(
                "ExecStart=/bin/x",
                "Restart=on-failure",
                unit=("After=network-online.target", "Wants=network-online.target"),
            ),
            "Restart",
        ),
    ),
    "start-limit-out-of-reach": (
        Sick(
            plain("ExecStart=/bin/x", "Restart=on-failure", "RestartSec=30", unit=("StartLimitBurst=3",)),
            "StartLimitBurst",
        ),
    ),
    "mistake-retried": (
        Sick(sound(RestartPreventExitStatus=None), "Restart"),
        Sick(sound(RestartPreventExitStatus="2"), "Restart"),
    ),
    "process-alone": (Sick(plain("ExecStart=/bin/x", "Restart=on-failure", "KillMode=process"), "KillMode"),),
    "needed-not-awaited": (Sick(plain("ExecStart=/bin/x", unit=("Requires=db.service x.socket",)), "Requires"),),
    "watchdog-unfed": (Sick(plain("ExecStart=/bin/x", "WatchdogSec=10"), "WatchdogSec", mended=False),),
    "main-process-guessed": (
        Sick(plain("Type=forking", "ExecStart=/bin/x", "Restart=on-failure"), "Type", mended=False),
    ),
    "environment-file-missing": (
        Sick(plain("ExecStart=/bin/x", "EnvironmentFile=/etc/default/x", "EnvironmentFile=/opt/y"), "EnvironmentFile"),
    ),
    "said-twice": (Sick(plain("ExecStart=/bin/x", "Nice=5", "Nice=19"), "Nice", mended=False),),
    "not-enabled": (Sick(sound(WantedBy=None), "WantedBy"),),
    "not-in-force": (
        Sick("services: {x: {ExecStart: /bin/x, ProtectSystem: strict}}\n", "ProtectSystem", "farm.yaml", mended=False),
    ),
    "masked": (Sick("", "", mended=False),),
    "unknown-ignore": (Sick(f"# farmhand: ignore restart-strom\n{SOUND}", "", mended=False),),
}


def look_at(text: str, path: str = PATH, drop_in: str = "", exposure: float = 0.0) -> Diagnosis:
    """Have the doctor look at a unit, with a drop-in, or at our YAML."""
    if not path.endswith(".service"):
        return diagnose(path, of_ours(path, text))
    found = of_unit(path, text, [(f"{path}.d/90-mended.conf", drop_in)] if drop_in else [], Exposure(exposure))
    return diagnose(path, [found])
