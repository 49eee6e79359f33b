"""The directives that systemd 252 knows and Farmhand does not act on: they are kept, written again, and said to be so.

A test compares the names with `systemd --dump-configuration-items`.
"""

import re

SECTIONS = ("Unit", "Service", "Install")

# Condition…= and Assert…= that Farmhand does not look at: what they ask is a matter of the boot or of the firmware.
_CHECKS = "CPUFeature CPUPressure IOPressure MemoryPressure PathIsEncrypted"

_UNIT = """
    AllowIsolate CollectMode ConditionFirmware IgnoreOnIsolate JoinsNamespaceOf OnFailureIsolate RequiresMountsFor
    SourcePath
"""

# What is kept in [Service], by why it is not in force.
_SERVICE = {
    "sandboxing is systemd's own trade": """
        AmbientCapabilities AppArmorProfile BPFProgram BindPaths BindReadOnlyPaths CapabilityBoundingSet DeviceAllow
        DevicePolicy ExecPaths ExtensionDirectories ExtensionImages IPAddressAllow IPAddressDeny IPCNamespacePath
        IPEgressFilterPath IPIngressFilterPath InaccessibleDirectories InaccessiblePaths KeyringMode LockPersonality
        MemoryDenyWriteExecute MountAPIVFS MountFlags MountImages NetworkNamespacePath NoExecPaths PrivateDevices
        PrivateIPC PrivateMounts PrivateNetwork PrivateTmp PrivateUsers ProcSubset ProtectClock ProtectControlGroups
        ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc
        ProtectSystem ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories ReadWritePaths RemoveIPC
        RestrictAddressFamilies RestrictFileSystems RestrictNamespaces RestrictNetworkInterfaces RestrictRealtime
        RestrictSUIDSGID SELinuxContext SecureBits SmackProcessLabel SocketBindAllow SocketBindDeny
        SystemCallArchitectures SystemCallErrorNumber SystemCallFilter SystemCallLog TemporaryFileSystem
    """,
    "Farmhand mounts nothing": "RootHash RootHashSignature RootImage RootImageOptions RootVerity",
    "Farmhand cannot decrypt": "LoadCredentialEncrypted SetCredentialEncrypted",
    "it is of an older version of control groups": """
        BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth CPUShares
        MemoryLimit StartupBlockIOWeight StartupCPUShares
    """,
    "Farmhand has a control group for each service, and no tree of them": """
        DefaultMemoryLow DefaultMemoryMin Delegate DisableControllers IPAccounting IODeviceLatencyTargetSec
        IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOWriteBandwidthMax IOWriteIOPSMax ManagedOOMMemoryPressure
        ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap Slice StartupAllowedCPUs
        StartupAllowedMemoryNodes StartupCPUWeight StartupIOWeight
    """,
    "Farmhand's log has the text alone": """
        LogExtraFields LogLevelMax LogNamespace LogRateLimitBurst LogRateLimitIntervalSec SyslogFacility
        SyslogIdentifier SyslogLevel SyslogLevelPrefix
    """,
    "Farmhand has no sockets, no message bus and no store of descriptors for services": """
        BusName FileDescriptorStoreMax FileDescriptorStorePreserve NonBlocking OpenFile Sockets
        USBFunctionDescriptors USBFunctionStrings
    """,
    "logging in is not a service's matter here": """
        PAMName TTYColumns TTYRows TTYVTDisallocate UtmpIdentifier UtmpMode
    """,
    "memory is placed by the kernel here": "NUMAMask NUMAPolicy",
}

# What a service cannot do without: it is not started. The exit status that stands for it, and why.
REFUSED = {
    "RootImage": ("NAMESPACE", "its programs are in an image, which Farmhand cannot mount"),
    "LoadCredentialEncrypted": ("CREDENTIALS", "Farmhand cannot decrypt credentials; use LoadCredential="),
    "SetCredentialEncrypted": ("CREDENTIALS", "Farmhand cannot decrypt credentials; use SetCredential="),
}

KEPT = {
    "Unit": frozenset(
        [
            *_UNIT.split(),
            *(f"{verb}{check}" for verb in ("Condition", "Assert") for check in _CHECKS.split()),
        ]
    ),
    "Service": frozenset(name for names in _SERVICE.values() for name in names.split()),
    "Install": frozenset[str](),
}


# What is kept is kept as it is written, but for the specifiers in these: `show` tells what they come to.
NAMED_BY_SPECIFIERS = frozenset({"SyslogIdentifier", "UtmpIdentifier"})

_BUS_NAME = re.compile(r"[A-Za-z_-][A-Za-z0-9_-]*(\.[A-Za-z_-][A-Za-z0-9_-]*)+")
_UNIQUE_BUS_NAME = re.compile(r":[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LONGEST_BUS_NAME = 255


def is_bus_name(text: str) -> bool:
    """Say whether it can be BusName=; systemd, src/libsystemd/sd-bus/bus-internal.c, service_name_is_valid."""
    good = _UNIQUE_BUS_NAME.fullmatch(text) or _BUS_NAME.fullmatch(text)
    return bool(good) and len(text.removeprefix(":")) <= _LONGEST_BUS_NAME


def why(section: str, name: str) -> str:
    """Say why a directive that is kept is not in force."""
    reasons = (reason for reason, names in _SERVICE.items() if name in names.split())
    return next(reasons, _ELSEWHERE) if section == "Service" else _ELSEWHERE


_ELSEWHERE = "it is about the computer, not about the service"
