"""The directives that systemd 252 knows and Farmhand does not act on: they are kept, written again, and said to be so.

A test compares the names with `systemd --dump-configuration-items`.
"""

SECTIONS = ("Unit", "Service", "Install")

# Condition…= and Assert…= that Farmhand does not look at: what they ask is a matter of the boot or of the firmware.
_CHECKS = "CPUFeature CPUPressure IOPressure MemoryPressure PathIsEncrypted"

_UNIT = """
    AllowIsolate CollectMode ConditionFirmware IgnoreOnIsolate JoinsNamespaceOf OnFailureIsolate RequiresMountsFor
    SourcePath
"""

_SERVICE = """
    AmbientCapabilities AppArmorProfile BPFProgram BindPaths BindReadOnlyPaths
    BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth BusName
    CPUShares
    CapabilityBoundingSet
    DefaultMemoryLow DefaultMemoryMin Delegate DeviceAllow DevicePolicy DisableControllers
    ExecPaths ExtensionDirectories ExtensionImages
    FileDescriptorStoreMax IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax
    IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow IPAddressDeny IPCNamespacePath
    IPEgressFilterPath IPIngressFilterPath InaccessibleDirectories InaccessiblePaths KeyringMode
    LoadCredentialEncrypted LockPersonality LogExtraFields LogLevelMax LogNamespace
    LogRateLimitBurst LogRateLimitIntervalSec ManagedOOMMemoryPressure
    ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryDenyWriteExecute
    MemoryLimit MountAPIVFS MountFlags MountImages NUMAMask
    NUMAPolicy NetworkNamespacePath NoExecPaths NonBlocking PAMName
    PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivateTmp PrivateUsers ProcSubset
    ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules
    ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories
    ReadWritePaths RemoveIPC RestrictAddressFamilies RestrictFileSystems RestrictNamespaces
    RestrictNetworkInterfaces RestrictRealtime RestrictSUIDSGID RootHash
    RootHashSignature RootImage RootImageOptions RootVerity
    SELinuxContext SecureBits
    SetCredentialEncrypted Slice SmackProcessLabel SocketBindAllow SocketBindDeny Sockets
    StartupAllowedCPUs StartupAllowedMemoryNodes StartupBlockIOWeight
    StartupCPUShares StartupCPUWeight StartupIOWeight SyslogFacility
    SyslogIdentifier SyslogLevel SyslogLevelPrefix SystemCallArchitectures SystemCallErrorNumber SystemCallFilter
    SystemCallLog TTYColumns TTYRows TTYVTDisallocate
    TemporaryFileSystem USBFunctionDescriptors USBFunctionStrings UtmpIdentifier
    UtmpMode
"""

# What came after systemd 252: a unit file may well have it, and an older systemd warns of it as unknown.
_NEWER = "FileDescriptorStorePreserve OpenFile"

KEPT = {
    "Unit": frozenset(
        [
            *_UNIT.split(),
            *(f"{verb}{check}" for verb in ("Condition", "Assert") for check in _CHECKS.split()),
        ]
    ),
    "Service": frozenset(_SERVICE.split()) | frozenset(_NEWER.split()),
    "Install": frozenset[str](),
}
