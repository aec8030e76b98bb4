"""BIP-340 signatures over 32-byte messages, by two independent builds of libsecp256k1.

`coincurve` is used first; `secp256k1` (older, and not everywhere) is the second opinion of an audit, and
takes over where coincurve cannot be loaded. Both are called through their raw C functions, which read exactly
as many bytes as they expect: so every length is checked here, before any call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from nostr_usage.errors import InputError, KeyFormatError, UnknownNameError

KEY_BYTES = 32
MESSAGE_BYTES = 32
SIGNATURE_BYTES = 64
AUX_BYTES = 32
BACKENDS = ("coincurve", "secp256k1")
"""Every backend that this module can use, the preferred one first."""

# An auditor reads thousands of entries of few keys, and parsing a key costs a fifth of a verification.
_PARSED_KEYS_MAX = 4_096


class _Backend:
    """The handful of C functions that are needed, bound once; nothing here checks a length."""

    def __init__(self, *, lib: Any, ffi: Any, context: Any, sign: Any) -> None:
        self.ffi = ffi
        self.context = context
        self.sign = sign
        self.verify = lib.secp256k1_schnorrsig_verify
        self.create_keypair = lib.secp256k1_keypair_create
        self.keypair_public = lib.secp256k1_keypair_xonly_pub
        self.serialize_public = lib.secp256k1_xonly_pubkey_serialize
        self.parse_public = lib.secp256k1_xonly_pubkey_parse
        self.parsed: Callable[[bytes], Any] = lru_cache(_PARSED_KEYS_MAX)(self._parse)

    def _parse(self, pubkey: bytes) -> Any:
        """The key as C wants it; None if there is no such point on the curve."""
        key = self.ffi.new("secp256k1_xonly_pubkey *")
        return key if self.parse_public(self.context, key, pubkey) else None


class SigningKey:
    """A secret key parsed once, for many signatures; its `repr` shows nothing of it.

    Raises:
        KeyFormatError: if `secret` is not 32 bytes, or no number from 1 to the order of the curve less one.
        UnknownNameError: if the backend is not installed.
    """

    __slots__ = ("_backend", "_keypair", "public_key")

    public_key: bytes
    """The 32-byte x coordinate that verifies what this key signs."""

    def __init__(self, secret: bytes, *, backend: str | None = None) -> None:
        if len(secret) != KEY_BYTES:
            raise KeyFormatError(f"a secret key has {KEY_BYTES} bytes, not {len(secret)}")
        self._backend = _backend(backend)
        ffi, context = self._backend.ffi, self._backend.context
        self._keypair = ffi.new("secp256k1_keypair *")
        if not self._backend.create_keypair(context, self._keypair, secret):
            raise KeyFormatError("these 32 bytes are not a valid secret key", advice="Create a new key.")
        point = ffi.new("secp256k1_xonly_pubkey *")
        serialized = ffi.new("unsigned char[32]")
        self._backend.keypair_public(context, point, ffi.NULL, self._keypair)
        self._backend.serialize_public(context, serialized, point)
        self.public_key = bytes(ffi.buffer(serialized))

    def sign(self, message: bytes, *, aux: bytes) -> bytes:
        """The 64-byte signature of `message`; `aux` is 32 bytes of fresh chance against side channels.

        Raises:
            InputError: if `message` or `aux` is not 32 bytes.
        """
        if len(message) != MESSAGE_BYTES or len(aux) != AUX_BYTES:
            raise InputError(
                f"a signature takes {MESSAGE_BYTES} bytes of message and {AUX_BYTES} of chance, "
                f"not {len(message)} and {len(aux)}"
            )
        ffi = self._backend.ffi
        signature = ffi.new("unsigned char[64]")
        signed = self._backend.sign(self._backend.context, signature, message, self._keypair, aux)
        assert signed, "the C library refuses no valid key"
        return bytes(ffi.buffer(signature))

    def __repr__(self) -> str:
        return "SigningKey(hidden)"


def verify(pubkey: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is that of `message` (32 bytes) by `pubkey` (32 bytes, x only).

    False for any other length and for a key that is no point of the curve; it never raises for those.
    """
    return _verify(_backend(None), pubkey, message, signature)


def verify_with(backend: str, pubkey: bytes, message: bytes, signature: bytes) -> bool:
    """`verify` by one named backend, for a second opinion.

    Raises:
        UnknownNameError: if that backend is not installed.
    """
    return _verify(_backend(backend), pubkey, message, signature)


def sign(secret: bytes, message: bytes, *, aux: bytes) -> bytes:
    """The 64-byte signature of `message` (32 bytes); `SigningKey` is faster for more than one.

    Raises:
        KeyFormatError: if `secret` is no secret key.
        InputError: if `message` or `aux` is not 32 bytes.
    """
    return SigningKey(secret).sign(message, aux=aux)


def public_key(secret: bytes) -> bytes:
    """The 32-byte public key (x only) that belongs to `secret`.

    Raises:
        KeyFormatError: if `secret` is no secret key.
    """
    return SigningKey(secret).public_key


def available_backends() -> tuple[str, ...]:
    """The backends that are installed, the one that `verify` uses first."""
    return tuple(name for name in BACKENDS if _load(name) is not None)


def _verify(backend: _Backend, pubkey: bytes, message: bytes, signature: bytes) -> bool:
    if len(pubkey) != KEY_BYTES or len(message) != MESSAGE_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    key = backend.parsed(pubkey)
    return key is not None and backend.verify(backend.context, signature, message, MESSAGE_BYTES, key) == 1


@cache
def _backend(name: str | None) -> _Backend:
    """The backend of that name; for None, the first that is installed."""
    for candidate in BACKENDS if name is None else (name,):
        backend = _load(candidate)
        if backend is not None:
            return backend
    raise UnknownNameError(
        "signature backend",
        name or BACKENDS[0],
        known=available_backends(),
        advice=f"Install one of: {', '.join(BACKENDS)}.",
    )


@cache
def _load(name: str) -> _Backend | None:
    """The backend, loaded when it is first needed; None if it is unknown or cannot be imported.

    The C extensions have no type stubs, so they are imported by name.
    """
    try:
        if name == "coincurve":
            raw = import_module("coincurve._libsecp256k1")
            context = import_module("coincurve.context").GLOBAL_CONTEXT.ctx
            sign_function = raw.lib.secp256k1_schnorrsig_sign32
        elif name == "secp256k1":
            raw = import_module("secp256k1")
            context = raw.secp256k1_ctx
            sign_function = raw.lib.secp256k1_schnorrsig_sign
        else:
            return None
    except (ImportError, AttributeError):
        return None
    return _Backend(lib=raw.lib, ffi=raw.ffi, context=context, sign=sign_function)
