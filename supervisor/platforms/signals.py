"""The module `signal` as it is in C, with plain numbers: the standard one makes enumerations of them, for 0.3 MiB."""

TYPE_CHECKING = False

if TYPE_CHECKING:
    import signal as signal
else:
    import _signal as signal  # noqa: F401
