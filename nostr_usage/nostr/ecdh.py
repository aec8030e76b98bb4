"""The point that two keys share, by the constant-time multiplication of libsecp256k1."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr.keys import KEY_BYTES, SecretKey

# By name, because the C extension has no type stubs.
_raw: Any = import_module("coincurve._libsecp256k1")
_context: Any = import_module("coincurve.context").GLOBAL_CONTEXT.ctx


# Unasked, the library would hash the point; NIP-44 wants its plain x.
@_raw.ffi.callback("int(unsigned char *, const unsigned char *, const unsigned char *, void *)")
def _copy_x(output: Any, x: Any, _y: Any, _data: Any) -> int:
    _raw.ffi.memmove(output, x, KEY_BYTES)
    return 1


def shared_x(secret: SecretKey, pubkey: str) -> bytes:
    """The x coordinate, 32 bytes, of `secret` times the point of `pubkey` (64 hex digits).

    Both ends get the same: each with the secret key of one and the public key of the other.

    Raises:
        KeyFormatError: if `pubkey` is no point of the curve.
    """
    try:
        compressed = b"\x02" + bytes.fromhex(pubkey)
    except ValueError:
        raise KeyFormatError("not a public key: 64 hex digits are asked for") from None
    point, output = _raw.ffi.new("secp256k1_pubkey *"), _raw.ffi.new("unsigned char[32]")
    if not _raw.lib.secp256k1_ec_pubkey_parse(_context, point, compressed, len(compressed)):
        raise KeyFormatError("not a public key: no such point on the curve")
    multiplied = _raw.lib.secp256k1_ecdh(_context, output, point, secret.to_bytes(), _copy_x, _raw.ffi.NULL)
    assert multiplied, "a SecretKey is always a valid scalar"
    return bytes(_raw.ffi.buffer(output))
