"""Write a DLL that has nothing in it but the names of functions of others: the loader goes on to those.

No compiler is needed, for there is no code. The names are those of Microsoft's "PE Format".
"""

import struct
from collections.abc import Mapping
from pathlib import Path

_PAGE, _SECTOR = 0x1000, 0x200  # SectionAlignment and FileAlignment
_BASE = 0x6B000000
_DIRECTORY = struct.Struct("<IIHHIIIIIII")  # IMAGE_EXPORT_DIRECTORY
_MACHINE_AMD64, _DLL_FOR_LARGE_ADDRESSES = 0x8664, 0x2022
_PE32_PLUS, _WINDOWS, _READ_ONLY_DATA = 0x20B, 2, 0x40000040


def symbols_of(library: Path) -> list[str]:
    """Return the functions that an import library (.lib) is for: those of its index that begin with "__imp_"."""
    content = library.read_bytes()
    if not content.startswith(b"!<arch>\n"):
        raise ValueError(f"{library} is no library")
    size = int(content[56:66])
    index = content[68 : 68 + size]
    (count,) = struct.unpack_from(">I", index)
    names = index[4 + 4 * count :].split(b"\0")[:count]
    return sorted({name.removeprefix(b"__imp_").decode() for name in names if name.startswith(b"__imp_")})


def forwarder(file_name: str, targets: Mapping[str, str]) -> bytes:
    """Return the DLL of this name: exported function -> "library.function"."""
    exports = _exports(file_name, targets)
    padded = exports.ljust(_rounded(len(exports), _SECTOR), b"\0")
    image = _PAGE + _rounded(len(exports), _PAGE)
    return _headers(len(exports), len(padded), image).ljust(_SECTOR, b"\0") + padded


def _exports(file_name: str, targets: Mapping[str, str]) -> bytes:
    """Return the only section: the export directory, its three tables, and the texts that these point to."""
    names = sorted(targets)
    functions = _DIRECTORY.size
    pointers, ordinals = functions + 4 * len(names), functions + 8 * len(names)
    texts, first = bytearray(), ordinals + 2 * len(names)

    def place(text: str) -> int:
        where = _PAGE + first + len(texts)
        texts.extend(text.encode() + b"\0")
        return where

    title = place(file_name)
    places = [(place(name), place(targets[name])) for name in names]
    tables = [_PAGE + offset for offset in (functions, pointers, ordinals)]
    directory = _DIRECTORY.pack(0, 0, 0, 0, title, 1, len(names), len(names), *tables)
    count = len(names)
    return b"".join(
        (
            directory,
            struct.pack(f"<{count}I", *(target for _, target in places)),
            struct.pack(f"<{count}I", *(name for name, _ in places)),
            struct.pack(f"<{count}H", *range(count)),
            texts,
        )
    )


def _headers(size: int, padded: int, image: int) -> bytes:
    dos = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", _MACHINE_AMD64, 1, 0, 0, 0, 240, _DLL_FOR_LARGE_ADDRESSES)
    sizes = struct.pack("<HBBIIIII", _PE32_PLUS, 14, 0, 0, padded, 0, 0, 0)
    layout = struct.pack("<QIIHHHHHHIIII", _BASE, _PAGE, _SECTOR, 6, 0, 0, 0, 6, 0, 0, image, _SECTOR, 0)
    loading = struct.pack("<HHQQQQII", _WINDOWS, 0x140, 1 << 20, _PAGE, 1 << 20, _PAGE, 0, 16)
    directories = struct.pack("<II", _PAGE, size).ljust(16 * 8, b"\0")
    section = struct.pack("<8sIIIIIIHHI", b".rdata", size, _PAGE, padded, _SECTOR, 0, 0, 0, 0, _READ_ONLY_DATA)
    return dos + coff + sizes + layout + loading + directories + section


def _rounded(size: int, to: int) -> int:
    return -(-size // to) * to
