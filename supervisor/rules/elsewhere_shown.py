"""The order of what `show` says: that of systemd 252, with what is systemd's alone at its default.

A line is such a property with its value, or has the names of those that Farmhand knows. What a service says of one of
systemd's own is kept, and shown as it is written.
"""

from collections.abc import Mapping

_TABLE = """
Type ExitType Restart PIDFile NotifyAccess RestartUSec TimeoutStartUSec TimeoutStopUSec TimeoutAbortUSec
TimeoutStartFailureMode TimeoutStopFailureMode RuntimeMaxUSec RuntimeRandomizedExtraUSec WatchdogUSec
WatchdogTimestamp WatchdogTimestampMonotonic RootDirectoryStartOnly RemainAfterExit GuessMainPID
RestartPreventExitStatus RestartForceExitStatus SuccessExitStatus MainPID ControlPID
BusName=
FileDescriptorStoreMax=0
NFileDescriptorStore=0
StatusText StatusErrno Result ReloadResult
CleanResult=success
USBFunctionDescriptors=
USBFunctionStrings=
UID GID NRestarts OOMPolicy ExecMainStartTimestamp ExecMainStartTimestampMonotonic ExecMainExitTimestamp
ExecMainExitTimestampMonotonic ExecMainPID ExecMainCode ExecMainStatus ExecCondition ExecConditionEx ExecStartPre
ExecStartPreEx ExecStart ExecStartEx ExecStartPost ExecStartPostEx ExecReload ExecReloadEx ExecStop ExecStopEx
ExecStopPost ExecStopPostEx
Slice=
ControlGroup ControlGroupId MemoryCurrent MemoryAvailable CPUUsageNSec
EffectiveCPUs=
EffectiveMemoryNodes=
TasksCurrent
IPIngressBytes=[no data]
IPIngressPackets=[no data]
IPEgressBytes=[no data]
IPEgressPackets=[no data]
IOReadBytes=18446744073709551615
IOReadOperations=18446744073709551615
IOWriteBytes=18446744073709551615
IOWriteOperations=18446744073709551615
Delegate=no
DelegateControllers=
CPUAccounting CPUWeight
StartupCPUWeight=[not set]
CPUShares=[not set]
StartupCPUShares=[not set]
CPUQuotaPerSecUSec CPUQuotaPeriodUSec AllowedCPUs
StartupAllowedCPUs=
AllowedMemoryNodes
StartupAllowedMemoryNodes=
IOAccounting IOWeight
StartupIOWeight=[not set]
BlockIOAccounting=no
BlockIOWeight=[not set]
StartupBlockIOWeight=[not set]
MemoryAccounting
DefaultMemoryLow=0
DefaultMemoryMin=0
MemoryMin MemoryLow MemoryHigh MemoryMax MemorySwapMax
MemoryLimit=infinity
DevicePolicy=auto
TasksAccounting TasksMax
IPAccounting=no
IPAddressAllow=
IPAddressDeny=
IPIngressFilterPath=
IPEgressFilterPath=
DisableControllers=
ManagedOOMSwap=auto
ManagedOOMMemoryPressure=auto
ManagedOOMMemoryPressureLimit=0
ManagedOOMPreference=none
RestrictNetworkInterfaces=~
Environment EnvironmentFiles PassEnvironment UnsetEnvironment UMask LimitCPU LimitCPUSoft LimitFSIZE LimitFSIZESoft
LimitDATA LimitDATASoft LimitSTACK LimitSTACKSoft LimitCORE LimitCORESoft LimitRSS LimitRSSSoft LimitNOFILE
LimitNOFILESoft LimitAS LimitASSoft LimitNPROC LimitNPROCSoft LimitMEMLOCK LimitMEMLOCKSoft LimitLOCKS
LimitLOCKSSoft LimitSIGPENDING LimitSIGPENDINGSoft LimitMSGQUEUE LimitMSGQUEUESoft LimitNICE LimitNICESoft
LimitRTPRIO LimitRTPRIOSoft LimitRTTIME LimitRTTIMESoft WorkingDirectory RootDirectory
RootImage=
RootHash=
RootHashPath=
RootHashSignature=
RootHashSignaturePath=
RootVerity=
ExtensionDirectories=
ExtensionImages=
MountImages=
OOMScoreAdjust CoredumpFilter Nice IOSchedulingClass IOSchedulingPriority CPUSchedulingPolicy CPUSchedulingPriority
CPUAffinity CPUAffinityFromNUMA
NUMAPolicy=n/a
NUMAMask=
TimerSlackNSec CPUSchedulingResetOnFork
NonBlocking=no
StandardInput StandardInputFileDescriptorName StandardInputData StandardOutput StandardOutputFileDescriptorName
StandardError StandardErrorFileDescriptorName TTYPath TTYReset TTYVHangup
TTYVTDisallocate=no
TTYRows=[unprintable]
TTYColumns=[unprintable]
SyslogPriority=30
SyslogIdentifier=
SyslogLevelPrefix=yes
SyslogLevel=6
SyslogFacility=3
LogLevelMax=-1
LogRateLimitIntervalUSec=0
LogRateLimitBurst=0
LogExtraFields=
LogNamespace=
SecureBits=0
CapabilityBoundingSet
AmbientCapabilities=
User Group DynamicUser
RemoveIPC=no
SetCredential
SetCredentialEncrypted=[unprintable]
LoadCredential
LoadCredentialEncrypted=[unprintable]
SupplementaryGroups
PAMName=
ReadWritePaths=
ReadOnlyPaths=
InaccessiblePaths=
ExecPaths=
NoExecPaths=
ExecSearchPath
MountFlags=
PrivateTmp=no
PrivateDevices=no
ProtectClock=no
ProtectKernelTunables=no
ProtectKernelModules=no
ProtectKernelLogs=no
ProtectControlGroups=no
PrivateNetwork=no
PrivateUsers=no
PrivateMounts=no
PrivateIPC=no
ProtectHome=no
ProtectSystem=no
SameProcessGroup=no
UtmpIdentifier=
UtmpMode=init
SELinuxContext=
AppArmorProfile=
SmackProcessLabel=
IgnoreSIGPIPE NoNewPrivileges
SystemCallFilter=~
SystemCallArchitectures=
SystemCallErrorNumber=2147483646
SystemCallLog=~
Personality
LockPersonality=no
RestrictAddressFamilies=~
RuntimeDirectoryPreserve RuntimeDirectoryMode RuntimeDirectory StateDirectoryMode StateDirectory CacheDirectoryMode
CacheDirectory LogsDirectoryMode LogsDirectory ConfigurationDirectoryMode ConfigurationDirectory TimeoutCleanUSec
MemoryDenyWriteExecute=no
RestrictRealtime=no
RestrictSUIDSGID=no
RestrictNamespaces=no
RestrictFileSystems=~
BindPaths=
BindReadOnlyPaths=
TemporaryFileSystem=
MountAPIVFS=no
KeyringMode=private
ProtectProc=default
ProcSubset=all
ProtectHostname=no
NetworkNamespacePath=
IPCNamespacePath=
KillMode KillSignal RestartKillSignal FinalKillSignal SendSIGKILL SendSIGHUP WatchdogSignal Id Names
Following=
Requires Requisite Wants BindsTo PartOf Upholds RequiredBy RequisiteOf WantedBy BoundBy UpheldBy ConsistsOf
Conflicts ConflictedBy Before After OnSuccess OnSuccessOf OnFailure OnFailureOf
Triggers=
TriggeredBy=
PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom
JoinsNamespaceOf=
SliceOf=
RequiresMountsFor=
Documentation Description
AccessSELinuxContext=
LoadState ActiveState
FreezerState=running
SubState FragmentPath
SourcePath=
DropInPaths UnitFileState UnitFilePreset StateChangeTimestamp StateChangeTimestampMonotonic InactiveExitTimestamp
InactiveExitTimestampMonotonic ActiveEnterTimestamp ActiveEnterTimestampMonotonic ActiveExitTimestamp
ActiveExitTimestampMonotonic InactiveEnterTimestamp InactiveEnterTimestampMonotonic CanStart CanStop CanReload
CanIsolate
CanClean=
CanFreeze Job StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolate DefaultDependencies OnSuccessJobMode
OnFailureJobMode IgnoreOnIsolate NeedDaemonReload
Markers=
JobTimeoutUSec JobRunningTimeoutUSec JobTimeoutAction JobTimeoutRebootArgument ConditionResult AssertResult
ConditionTimestamp ConditionTimestampMonotonic AssertTimestamp AssertTimestampMonotonic
Conditions=[unprintable]
Asserts=[unprintable]
LoadError Transient Perpetual StartLimitIntervalUSec StartLimitBurst StartLimitAction FailureAction
FailureActionExitStatus SuccessAction SuccessActionExitStatus RebootArgument InvocationID CollectMode
Refs=
ActivationDetails=[unprintable]
"""


def _rows() -> dict[str, str | None]:
    rows: dict[str, str | None] = {}
    for line in _TABLE.split("\n"):
        name, equals, value = line.partition("=")
        rows |= {name: value} if equals else dict.fromkeys(line.split())
    return rows


_ROWS = _rows()
ELSEWHERE_SHOWN: dict[str, str] = {name: value for name, value in _ROWS.items() if value is not None}
_OF_ANY_UNIT = tuple(_ROWS)[tuple(_ROWS).index("Id") :]


def in_order(known: Mapping[str, str], *, of_service: bool) -> dict[str, str]:
    """Return properties in systemd's order; what only a service has is left out for another type of unit.

    What systemd 252 does not have comes last.
    """
    whole = {**ELSEWHERE_SHOWN, **known}
    if not of_service:
        return {name: whole[name] for name in _OF_ANY_UNIT if name in whole}
    return {name: whole[name] for name in (*_ROWS, *known) if name in whole}
