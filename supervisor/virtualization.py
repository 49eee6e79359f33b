"""Whether this is a container or a virtual machine, and of which kind; systemd-detect-virt(1).

None where the system has nothing to tell it by.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ..units.errors import BadValue
from ..units.grammar import parse_boolean

# What the firmware says of itself -> the kind of virtual machine; systemd, src/basic/virt.c, detect_vm_dmi_vendor.
_VENDORS: Mapping[str, str] = {
    "KVM": "kvm",
    "OpenStack": "kvm",
    "KubeVirt": "kvm",
    "Amazon EC2": "amazon",
    "QEMU": "qemu",
    "VMware": "vmware",
    "VMW": "vmware",
    "innotek GmbH": "oracle",
    "VirtualBox": "oracle",
    "Xen": "xen",
    "Bochs": "bochs",
    "Parallels": "parallels",
    "BHYVE": "bhyve",
    "Hyper-V": "microsoft",
    "Apple Virtualization": "apple",
    "Google Compute Engine": "google",
}
_FIRMWARE = ("product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version")


def container() -> str:
    """Name the container's kind, "" for none."""
    told = os.environ.get("container") or _read("/run/systemd/container").strip()  # noqa: SIM112
    if told:
        return told
    if os.path.exists("/run/.containerenv"):
        return "podman"
    if os.path.exists("/.dockerenv"):
        return "docker"
    return "wsl" if "Microsoft" in _read("/proc/sys/kernel/osrelease") else ""


def virtual_machine() -> str:
    """Name the virtual machine's kind, "" for none."""
    firmware = [_read(f"/sys/class/dmi/id/{name}") for name in _FIRMWARE]
    for text in firmware:
        for vendor, kind in _VENDORS.items():
            if text.startswith(vendor):
                return kind
    return "vm-other" if " hypervisor" in _read("/proc/cpuinfo") else ""


def matches(value: str) -> bool | None:
    """Compare with yes, no, vm, container, private-users or a name, as ConditionVirtualization= does."""
    if not os.path.isdir("/proc/self"):
        return None
    if value == "private-users":
        return _read("/proc/self/uid_map").split() not in ([], ["0", "0", "4294967295"])
    inside, machine = container(), virtual_machine()
    try:
        return parse_boolean(value) is bool(inside or machine)
    except BadValue:
        pass
    if value == "vm":
        return not inside and bool(machine)
    return bool(inside) if value == "container" else value == (inside or machine)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
