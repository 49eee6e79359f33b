"""What an exit code of Windows says: a number from 0 to 4294967295, in which a crash is told by its NTSTATUS.

The names are those that the same misfortune has elsewhere, so that Restart= means the same everywhere.
"""

from collections.abc import Mapping

from ...rules.exitstatus import Exit

# What we end processes with ourselves: an error (the highest two bits) of somebody else than Microsoft (the next one).
KILLED = 0xE0000009

_INTERRUPTED = 0xC000013A

_SIGNALS: Mapping[int, str] = {
    KILLED: "SIGKILL",
    _INTERRUPTED: "SIGINT",  # STATUS_CONTROL_C_EXIT: ended by CTRL_C or CTRL_BREAK, which it did not handle
    0x40010004: "SIGTERM",  # DBG_TERMINATE_PROCESS: the session or the machine is shut down
    0xC0000005: "SIGSEGV",  # STATUS_ACCESS_VIOLATION
    0xC00000FD: "SIGSEGV",  # STATUS_STACK_OVERFLOW
    0xC0000006: "SIGBUS",  # STATUS_IN_PAGE_ERROR
    0x80000002: "SIGBUS",  # STATUS_DATATYPE_MISALIGNMENT
    0xC000001D: "SIGILL",  # STATUS_ILLEGAL_INSTRUCTION
    0xC0000096: "SIGILL",  # STATUS_PRIVILEGED_INSTRUCTION
    0x80000003: "SIGTRAP",  # STATUS_BREAKPOINT
    0x80000004: "SIGTRAP",  # STATUS_SINGLE_STEP
    **dict.fromkeys(range(0xC000008C, 0xC0000096), "SIGFPE"),  # STATUS_ARRAY_BOUNDS_EXCEEDED … STATUS_INTEGER_OVERFLOW
    0xC0000374: "SIGABRT",  # STATUS_HEAP_CORRUPTION
    0xC0000409: "SIGABRT",  # STATUS_STACK_BUFFER_OVERRUN: fail fast, and abort() of the C library
    0xC0000420: "SIGABRT",  # STATUS_ASSERTION_FAILURE
    0xC0000017: "SIGABRT",  # STATUS_NO_MEMORY
}
_ERROR = 0b11 << 30  # the severity of an NTSTATUS; programs that choose their exit code have no reason to set it


def exit_of(code: int) -> Exit:
    """Translate an exit code: crashes are signals, of which those with an unknown NTSTATUS are SIGABRT."""
    if (name := _SIGNALS.get(code)) is not None:
        return Exit(signal=name)
    if code & _ERROR == _ERROR and code <= 0xCFFFFFFF:
        return Exit(signal="SIGABRT")
    return Exit(code=code)


def code_of(signal: str) -> int:
    """Return an exit code that says that a signal ended the process."""
    return next((code for code, name in _SIGNALS.items() if name == signal), _INTERRUPTED)
