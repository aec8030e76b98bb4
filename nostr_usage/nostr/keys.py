"""Keys: a secret key that hides itself, and keys as people type them (hex, or NIP-19's nsec and npub)."""

from __future__ import annotations

import re
from collections.abc import Callable
from hmac import compare_digest
from typing import NoReturn

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr import schnorr
from nostr_usage.nostr.bech32 import decode_bech32, decode_tlv, encode_bech32

KEY_BYTES = 32
# secp256k1 (SEC 2): a secret key is a number below the order; a point has y² = x³ + 7 modulo the prime.
_CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
_FIELD_PRIME = 2**256 - 2**32 - 977
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_BECH32 = re.compile(r"[a-z]{2,16}1", re.ASCII | re.IGNORECASE)
_SPECIAL = 0


class SecretKey:
    """A secp256k1 secret key that no `repr`, log or error message shows.

    Two are equal if their bytes are. It refuses to be pickled, so that no cache or queue writes it out.

    Raises:
        KeyFormatError: if the 32 bytes are no number from 1 to the order of the curve less one.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise KeyFormatError(f"a secret key has {KEY_BYTES} bytes, not {len(raw)}")
        if not 0 < int.from_bytes(raw, "big") < _CURVE_ORDER:
            raise KeyFormatError("these 32 bytes are not a valid secret key", advice="Create a new key.")
        self._raw = bytes(raw)

    def to_bytes(self) -> bytes:
        """The 32 secret bytes."""
        return self._raw

    def hex(self) -> str:
        """The secret as 64 lowercase hex digits."""
        return self._raw.hex()

    def nsec(self) -> str:
        """The secret as NIP-19 writes it, `nsec1…`."""
        return encode_bech32("nsec", self._raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKey) and compare_digest(self._raw, other._raw)

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return "SecretKey(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret key is not pickled")


def generate_secret_key(entropy: Callable[[int], bytes]) -> SecretKey:
    """A new secret key from `entropy`, which must give that many bytes of the operating system's chance.

    Raises:
        KeyFormatError: if the bytes are not a valid key, which means that `entropy` is broken.
    """
    return SecretKey(entropy(KEY_BYTES))


def parse_secret_key(text: str) -> SecretKey:
    """The secret key that `text` writes as `nsec1…` or 64 hex digits; spaces around it are ignored.

    Raises:
        KeyFormatError: for anything else; the message never repeats the text.
    """
    text = text.strip()
    if _HEX.fullmatch(text):
        return SecretKey(bytes.fromhex(text))
    if not _BECH32.match(text):
        raise KeyFormatError("not a secret key", advice="Give an nsec1… or 64 hex digits.")
    prefix, data = decode_bech32(text)
    if prefix in {"npub", "nprofile"}:
        raise KeyFormatError(
            f"this is a public key ({prefix}1…), and a secret key is needed",
            advice="Give the nsec1… instead.",
        )
    if prefix == "ncryptsec":
        raise KeyFormatError(
            "this secret key is encrypted (ncryptsec1…)", advice="Decrypt it with its password first."
        )
    if prefix != "nsec":
        raise KeyFormatError(f"a {prefix}1… is not a secret key", advice="Give an nsec1… or 64 hex digits.")
    return SecretKey(data)


def parse_public_key(text: str) -> str:
    """The public key, as 64 lowercase hex digits, that `text` writes as `npub1…`, `nprofile1…` or hex.

    Spaces around it are ignored. It is a point of the curve: that finds half of all typing errors in hex.

    Raises:
        KeyFormatError: for anything else; the message never repeats the text, which may be a secret.
    """
    text = text.strip()
    if _HEX.fullmatch(text):
        return _checked_public_key(bytes.fromhex(text))
    if not _BECH32.match(text):
        raise KeyFormatError("not a public key", advice="Give an npub1… or 64 hex digits.")
    prefix, data = decode_bech32(text)
    if prefix in {"nsec", "ncryptsec"}:
        raise KeyFormatError(
            f"this is a secret key ({prefix}1…), and a public key is needed",
            advice="Give the npub1… instead, and keep the secret key to yourself.",
        )
    if prefix == "nprofile":
        data = next((value for sort, value in decode_tlv(data) if sort == _SPECIAL), b"")
    elif prefix != "npub":
        raise KeyFormatError(f"a {prefix}1… is not a public key", advice="Give an npub1… or 64 hex digits.")
    return _checked_public_key(data)


def public_key_of(secret: SecretKey) -> str:
    """The public key that belongs to `secret`, as 64 lowercase hex digits (BIP-340, x only)."""
    return schnorr.public_key(secret.to_bytes()).hex()


def _checked_public_key(data: bytes) -> str:
    if len(data) != KEY_BYTES:
        raise KeyFormatError(f"a public key has {KEY_BYTES} bytes, not {len(data)}")
    x = int.from_bytes(data, "big")
    # Euler's criterion: some y has this square.
    if x >= _FIELD_PRIME or pow(x**3 + 7, (_FIELD_PRIME - 1) // 2, _FIELD_PRIME) != 1:
        raise KeyFormatError(
            "not a public key: no such point on the curve",
            advice="Copy it again, best as npub1…, which tells a wrong character.",
        )
    return data.hex()
