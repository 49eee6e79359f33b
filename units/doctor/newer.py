"""The directives of services that systemds newer than 252 know: whether a line is ignored depends on the machine.

Source: systemd, src/core/load-fragment-gperf.gperf.in.
"""

_DIRECTORIES = [f"{kind}Directory{what}" for kind in ("State", "Cache", "Logs") for what in ("Accounting", "Quota")]
_STARTUP = [f"StartupMemory{what}" for what in ("Low", "High", "Max", "SwapMax", "ZSwapMax")]

_OTHERS = """
    AssertKernelModuleLoaded AssertVersion BPFDelegateAttachments BPFDelegateCommands BPFDelegateMaps
    BPFDelegatePrograms BindLogSockets ConditionKernelModuleLoaded ConditionVersion CoredumpReceive
    DefaultStartupMemoryLow DelegateNamespaces DelegateSubgroup ExecReloadPost ExtensionImagePolicy LogFilterPatterns
    ManagedOOMMemoryPressureDurationSec MemoryKSM MemoryPressureThresholdSec MemoryPressureWatch MemoryZSwapMax
    MemoryZSwapWriteback MountImagePolicy NFTSet PrivateBPF PrivatePIDs RefreshOnReload RootEphemeral RootImagePolicy
    SurviveFinalKillSignal UserNamespacePath WantsMountsFor
"""

NEWER = frozenset([*_OTHERS.split(), *_DIRECTORIES, *_STARTUP])
