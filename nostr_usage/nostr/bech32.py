"""Bech32 strings, and the type-length-value lists inside the longer ones (NIP-19)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from nostr_usage.errors import KeyFormatError

# The limit of NIP-19; the 90 characters of BIP-173 leave no room for relay hints.
BECH32_CHARS_MAX = 5000
TLV_VALUE_BYTES_MAX = 255
# Longer than any prefix in use; prefixes appear in messages.
PREFIX_CHARS_MAX = 16


class _Encodings(Protocol):
    BECH32: object


class _Codec(Protocol):
    """What is used of `pynostr.bech32`, with the types that pynostr does not declare."""

    Encoding: _Encodings

    def bech32_encode(self, hrp: str, data: Sequence[int], spec: object) -> str: ...
    def bech32_decode(self, bech: str) -> tuple[str | None, list[int] | None, object]: ...
    def convertbits(
        self, data: Sequence[int], frombits: int, tobits: int, *, pad: bool
    ) -> list[int] | None: ...


def _codec() -> _Codec:
    # Not at the top: this import takes longer than most commands run.
    from pynostr import bech32  # noqa: PLC0415

    return cast("_Codec", bech32)


def encode_bech32(prefix: str, data: bytes) -> str:
    """`data` as a bech32 string that starts with `prefix`, in lower case.

    Raises:
        KeyFormatError: if the string would be longer than `BECH32_CHARS_MAX`.
    """
    codec = _codec()
    groups = codec.convertbits(data, 8, 5, pad=True)
    assert groups is not None, "every byte has 8 bits"
    text = codec.bech32_encode(prefix, groups, codec.Encoding.BECH32)
    if len(text) > BECH32_CHARS_MAX:
        raise KeyFormatError(
            f"this {prefix} would have {len(text)} characters, more than {BECH32_CHARS_MAX}",
            advice="Name fewer relays.",
        )
    return text


def decode_bech32(text: str) -> tuple[str, bytes]:
    """The prefix (lower case) and the bytes of a bech32 string; the text is never repeated in an error.

    Raises:
        KeyFormatError: for anything else, bech32m and non-zero padding bits included.
    """
    if len(text) > BECH32_CHARS_MAX:
        raise KeyFormatError(
            f"a bech32 identifier has at most {BECH32_CHARS_MAX} characters, not {len(text)}"
        )
    codec = _codec()
    prefix, groups, encoding = codec.bech32_decode(text)
    well_formed = encoding == codec.Encoding.BECH32
    if prefix is None or groups is None or not well_formed or len(prefix) > PREFIX_CHARS_MAX:
        raise KeyFormatError(
            "not a valid bech32 identifier", advice="Copy it again: a character is wrong or missing."
        )
    data = codec.convertbits(groups, 5, 8, pad=False)
    if data is None:
        raise KeyFormatError(f"this {prefix} does not hold a whole number of bytes")
    return prefix, bytes(data)


def encode_tlv(fields: Iterable[tuple[int, bytes]]) -> bytes:
    """Pairs of type and value, each as one type byte, one length byte and the value (NIP-19).

    Raises:
        KeyFormatError: if a value is longer than `TLV_VALUE_BYTES_MAX`.
    """
    encoded = bytearray()
    for sort, value in fields:
        if len(value) > TLV_VALUE_BYTES_MAX:
            raise KeyFormatError(
                f"{len(value)} bytes are too long for a NIP-19 identifier (at most {TLV_VALUE_BYTES_MAX})"
            )
        encoded += bytes((sort, len(value))) + value
    return bytes(encoded)


def decode_tlv(data: bytes) -> tuple[tuple[int, bytes], ...]:
    """The pairs of type and value in `data`, in their order, unknown types included (NIP-19).

    Raises:
        KeyFormatError: if a pair is cut off.
    """
    fields: list[tuple[int, bytes]] = []
    start = 0
    while start < len(data):
        header = data[start : start + 2]
        value = data[start + 2 : start + 2 + header[-1]]
        if len(header) < 2 or len(value) < header[1]:
            raise KeyFormatError("the identifier is cut off", advice="Copy it again, whole.")
        fields.append((header[0], value))
        start += 2 + len(value)
    return tuple(fields)
