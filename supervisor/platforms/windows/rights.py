"""The right to log on as a service, which an account of a user has to be given before it can be one's."""

import ctypes
import ctypes.wintypes as types
import os
import sys

assert sys.platform == "win32"

_RIGHT = "SeServiceLogonRight"
_LOOK_UP, _CREATE_ACCOUNT = 0x800, 0x10  # POLICY_LOOKUP_NAMES, POLICY_CREATE_ACCOUNT
_LONGEST_SID, _LONGEST_DOMAIN = 68, 256  # SECURITY_MAX_SID_SIZE; characters


class _Text(ctypes.Structure):
    """LSA_UNICODE_STRING; lengths are bytes."""

    _fields_ = [("length", types.USHORT), ("room", types.USHORT), ("text", types.LPWSTR)]


class _Attributes(ctypes.Structure):
    """LSA_OBJECT_ATTRIBUTES, of which none is used."""

    _fields_ = [
        *(("length", types.ULONG), ("root", types.HANDLE), ("name", ctypes.c_void_p), ("attributes", types.ULONG)),
        *(("security", ctypes.c_void_p), ("quality", ctypes.c_void_p)),
    ]


_advapi = ctypes.WinDLL("advapi32", use_last_error=True)
_look_up = _advapi.LookupAccountNameW
_look_up.argtypes = [types.LPCWSTR, types.LPCWSTR, *[ctypes.c_void_p] * 5]
_open = _advapi.LsaOpenPolicy
_open.argtypes = [ctypes.c_void_p, ctypes.c_void_p, types.DWORD, ctypes.POINTER(types.HANDLE)]
_add = _advapi.LsaAddAccountRights
_add.argtypes = [types.HANDLE, ctypes.c_void_p, ctypes.POINTER(_Text), types.ULONG]
_close = _advapi.LsaClose
_close.argtypes = [types.HANDLE]


def let_log_on_as_service(account: str) -> None:
    r"""Give an account, DOMAIN\name or .\name, the right; one that has it keeps it. Raises OSError."""
    sid, policy = _sid_of(account), types.HANDLE()
    _check(_open(None, ctypes.byref(_Attributes()), _LOOK_UP | _CREATE_ACCOUNT, ctypes.byref(policy)))
    try:
        length = len(_RIGHT) * 2
        _check(_add(policy, sid, ctypes.byref(_Text(length, length + 2, _RIGHT)), 1))
    finally:
        _close(policy)


def _sid_of(account: str) -> ctypes.Array[ctypes.c_char]:
    if account.startswith(".\\"):
        account = os.environ["COMPUTERNAME"] + account[1:]
    sid, domain = ctypes.create_string_buffer(_LONGEST_SID), ctypes.create_unicode_buffer(_LONGEST_DOMAIN)
    sizes = types.DWORD(_LONGEST_SID), types.DWORD(_LONGEST_DOMAIN)
    kind = types.DWORD()
    room, length = map(ctypes.byref, sizes)
    if not _look_up(None, account, sid, room, domain, length, ctypes.byref(kind)):
        raise ctypes.WinError(ctypes.get_last_error())
    return sid


def _check(status: int) -> None:
    if status:
        raise ctypes.WinError(_advapi.LsaNtStatusToWinError(status))
