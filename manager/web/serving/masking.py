"""Secrets that a page shows are never the same twice: a compressed answer's length says nothing of them (BREACH)."""

import secrets


def masked(secret: str) -> str:
    """Return a secret, which is hexadecimal, behind a pad that is used once."""
    content = bytes.fromhex(secret)
    pad = secrets.token_bytes(len(content))
    return (pad + _xor(pad, content)).hex()


def unmasked(text: str) -> str:
    """Return what was masked; "" for anything else."""
    try:
        content = bytes.fromhex(text)
    except ValueError:
        return ""
    half = len(content) // 2
    return _xor(content[:half], content[half:]).hex() if len(content) == 2 * half else ""


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
