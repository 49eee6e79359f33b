"""A real systemd as PID 1 of namespaces of its own, on a machine that runs another init.

It has its own /run, /var/log and control groups; files, users and the network are the machine's.
"""

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from polling import until

CHECKOUT = Path(__file__).resolve().parents[2]
# Empty folders in place of the machine's; the checkout stays to be seen where it is below one of them.
HIDE = """
[ -z "$KEPT" ] || exec 9<"$KEPT"
for place in /run /var/log $PRIVATE; do mount -t tmpfs -o mode=1777 tmpfs "$place"; done
[ -z "$KEPT" ] || { mkdir -p "$KEPT"; mount -c --bind /proc/self/fd/9 "$KEPT"; exec 9<&-; }
chmod 755 /run /var/log
"""
# SYSTEMD_UNIT_PATH keeps the machine's own units out: its tmpfiles would empty /tmp.
INSIDE = f"""
mount --make-rprivate / && mount -t proc proc /proc
{HIDE}
mkdir -p /run/systemd/system /run/lock
[ -z "$CONSOLE" ] || mount --bind "$CONSOLE" /dev/console
umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 container=docker SYSTEMD_UNIT_PATH="$UNITS" \
    /lib/systemd/systemd --system --unit=bare.target --log-target=console --show-status=0 \
    --default-standard-output=null $OPTIONS
"""
# Two systemds in one control group would get in each other's way, so each boot joins one of its own first.
BOOT = """
echo $$ >"$GROUP/cgroup.procs"
exec unshare --pid --fork --mount --cgroup --uts --ipc --kill-child bash -e -c "$INSIDE"
"""


# What it boots to, and what units with default dependencies ask for.
TARGETS = ("bare", "basic", "network-online", "shutdown", "sysinit")


@dataclass(frozen=True)
class Settings:
    """console: a terminal that PID 1 logs to, with every change of state. private: more folders empty inside.

    unit_path: more folders of units.
    """

    console: str = ""
    private: tuple[str, ...] = ()
    unit_path: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        options = "--log-level=debug --log-color=0" if self.console else ""
        return {"CONSOLE": self.console, "OPTIONS": options, **hiding(self.private)}


def hiding(private: Sequence[str]) -> dict[str, str]:
    """Return the variables that HIDE needs."""
    kept = any(CHECKOUT.is_relative_to(place) for place in private)
    return {"PRIVATE": " ".join(private), "KEPT": str(CHECKOUT) if kept else ""}


@dataclass(frozen=True)
class Sandbox:
    """A booted systemd. pid: of that systemd, as the machine counts."""

    pid: int
    units: Path

    @property
    def root(self) -> Path:
        """Its files, as they are seen from outside."""
        return Path(f"/proc/{self.pid}/root")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program inside, as root."""
        enter = ["nsenter", "-t", str(self.pid), "-m", "-p", "-C", "-u", "-i"]
        return subprocess.run(
            [*enter, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", "--no-pager", *words)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        lines = self.systemctl("show", f"--property={','.join(properties)}", unit).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)


NO_SETTINGS = Settings()


@contextlib.contextmanager
def control_group() -> Iterator[Path]:
    """A fresh cgroup v2 folder, removed with what was made below it."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    group = Path(next(mount[1] for mount in mounts if mount[2] == "cgroup2")) / f"boot-{uuid.uuid4().hex[:12]}"
    group.mkdir()
    try:
        yield group
    finally:
        until(lambda: not (group / "cgroup.events").read_text().startswith("populated 1"), "the group to be empty")
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)


def first_child(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(found[0]) if found else None
    return None


@contextlib.contextmanager
def boot(units: Path, log: Path, settings: Settings = NO_SETTINGS) -> Iterator[Sandbox]:
    """Boot a systemd that knows the units in a folder; all of it is gone at the end."""
    for target in TARGETS:
        if not (path := units / f"{target}.target").exists():
            path.write_text("[Unit]\nDescription=Nothing\nDefaultDependencies=no\n")
    with control_group() as group, log.open("wb") as out:
        unshare = subprocess.Popen(
            ["bash", "-e", "-c", BOOT],
            env={
                **os.environ,
                **settings.environment(),
                "UNITS": ":".join([str(units), *settings.unit_path]),
                "INSIDE": INSIDE,
                "GROUP": str(group),
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            pid = until(lambda: first_child(unshare.pid), "a process in the new namespaces")
            sandbox = Sandbox(pid, units)
            until(lambda: sandbox.systemctl("show", "--property=Version").returncode == 0, "systemd to answer")
            yield sandbox
        finally:
            os.killpg(unshare.pid, signal.SIGKILL)
            unshare.wait()
