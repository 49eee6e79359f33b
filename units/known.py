"""The directives that systemd 252 knows and Farmhand does not act on: they are kept, written again, and said to be so.

A test compares the names with `systemd --dump-configuration-items`.
"""

SECTIONS = ("Unit", "Service", "Install")

# Condition…= and Assert…= that Farmhand does not look at: what they ask is a matter of the boot or of the firmware.
_CHECKS = "CPUFeature CPUPressure IOPressure MemoryPressure PathIsEncrypted"

_UNIT = """
    AllowIsolate CollectMode ConditionFirmware FailureAction FailureActionExitStatus IgnoreOnIsolate JobTimeoutAction
    JobTimeoutRebootArgument JoinsNamespaceOf OnFailureIsolate RebootArgument RequiresMountsFor SourcePath
    StartLimitAction SuccessAction SuccessActionExitStatus
"""

_SERVICE = """
    AllowedCPUs AllowedMemoryNodes AmbientCapabilities AppArmorProfile BPFProgram BindPaths BindReadOnlyPaths
    BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth BusName
    CPUAccounting CPUQuota CPUQuotaPeriodSec CPUShares CPUWeight
    CacheDirectory CacheDirectoryMode CapabilityBoundingSet ConfigurationDirectory ConfigurationDirectoryMode
    CoredumpFilter DefaultMemoryLow DefaultMemoryMin Delegate DeviceAllow DevicePolicy DisableControllers
    DynamicUser ExecPaths ExecSearchPath ExitType ExtensionDirectories ExtensionImages FailureAction
    FileDescriptorStoreMax IOAccounting IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax
    IOWeight IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow IPAddressDeny IPCNamespacePath
    IPEgressFilterPath IPIngressFilterPath InaccessibleDirectories InaccessiblePaths KeyringMode
    LoadCredential LoadCredentialEncrypted LockPersonality LogExtraFields LogLevelMax LogNamespace
    LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory LogsDirectoryMode ManagedOOMMemoryPressure
    ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryDenyWriteExecute
    MemoryHigh MemoryLimit MemoryLow MemoryMax MemoryMin MemorySwapMax MountAPIVFS MountFlags MountImages NUMAMask
    NUMAPolicy NetworkNamespacePath NoExecPaths NoNewPrivileges NonBlocking OOMPolicy PAMName PermissionsStartOnly
    Personality PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivateTmp PrivateUsers ProcSubset
    ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules
    ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories
    ReadWritePaths RebootArgument RemoveIPC RestrictAddressFamilies RestrictFileSystems RestrictNamespaces
    RestrictNetworkInterfaces RestrictRealtime RestrictSUIDSGID RootDirectory RootDirectoryStartOnly RootHash
    RootHashSignature RootImage RootImageOptions RootVerity RuntimeDirectory RuntimeDirectoryMode
    RuntimeDirectoryPreserve RuntimeRandomizedExtraSec SELinuxContext SecureBits SetCredential
    SetCredentialEncrypted Slice SmackProcessLabel SocketBindAllow SocketBindDeny Sockets StandardInputData
    StandardInputText StartLimitAction StartupAllowedCPUs StartupAllowedMemoryNodes StartupBlockIOWeight
    StartupCPUShares StartupCPUWeight StartupIOWeight StateDirectory StateDirectoryMode SyslogFacility
    SyslogIdentifier SyslogLevel SyslogLevelPrefix SystemCallArchitectures SystemCallErrorNumber SystemCallFilter
    SystemCallLog TTYColumns TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate TasksAccounting TasksMax
    TemporaryFileSystem TimeoutCleanSec TimerSlackNSec USBFunctionDescriptors USBFunctionStrings UtmpIdentifier
    UtmpMode
"""

# What came after systemd 252: a unit file may well have it, and an older systemd warns of it as unknown.
_NEWER = """
    RestartMode RestartSteps RestartMaxDelaySec ReloadSignal FileDescriptorStorePreserve OpenFile
"""

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
