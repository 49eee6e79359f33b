"""The directives that systemd 252 knows and Farmhand does not act on: they are kept, written again, and said to be so.

A test compares the names with `systemd --dump-configuration-items`.
"""

SECTIONS = ("Unit", "Service", "Install")

_CHECKS = """
    ACPower Architecture CPUFeature CPUPressure CPUs Capability ControlGroupController Credential
    DirectoryNotEmpty Environment FileIsExecutable FileNotEmpty FirstBoot Group Host IOPressure KernelCommandLine
    KernelVersion Memory MemoryPressure NeedsUpdate OSRelease PathExists PathExistsGlob PathIsDirectory
    PathIsEncrypted PathIsMountPoint PathIsReadWrite PathIsSymbolicLink Security User Virtualization
"""

_UNIT = """
    AllowIsolate BindTo BindsTo CollectMode Conflicts DefaultDependencies FailureAction FailureActionExitStatus
    IgnoreOnIsolate JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument JobTimeoutSec JoinsNamespaceOf
    OnFailure OnFailureIsolate OnFailureJobMode OnSuccess OnSuccessJobMode PartOf PropagateReloadFrom
    PropagateReloadTo PropagatesReloadTo PropagatesStopTo RebootArgument
    ReloadPropagatedFrom RequiresMountsFor RequiresOverridable Requisite RequisiteOverridable SourcePath
    StartLimitAction StopPropagatedFrom StopWhenUnneeded SuccessAction SuccessActionExitStatus Upholds
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

_INSTALL = """
    Alias Also DefaultInstance RequiredBy
"""

# What came after systemd 252: a unit file may well have it, and an older systemd warns of it as unknown.
_NEWER = """
    RestartMode RestartSteps RestartMaxDelaySec ReloadSignal FileDescriptorStorePreserve OpenFile
"""

KEPT = {
    "Unit": frozenset(
        [
            *_UNIT.split(),
            "ConditionFirmware",
            *(f"{verb}{check}" for verb in ("Condition", "Assert") for check in _CHECKS.split()),
        ]
    ),
    "Service": frozenset(_SERVICE.split()) | frozenset(_NEWER.split()),
    "Install": frozenset(_INSTALL.split()),
}
