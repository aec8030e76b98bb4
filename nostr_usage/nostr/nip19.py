"""NIP-19: identifiers for people, and back. They never go into events or filters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr.bech32 import decode_bech32, decode_tlv, encode_bech32, encode_tlv
from nostr_usage.nostr.keys import SecretKey

_KIND_MAX = 65_535

_SPECIAL, _RELAY, _AUTHOR, _KIND = range(4)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Npub:
    """A public key, as 64 lowercase hex digits."""

    pubkey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nsec:
    """A secret key."""

    secret: SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An event id, as 64 lowercase hex digits."""

    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nprofile:
    """A public key, and relays where its events may be found."""

    pubkey: str
    relays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nevent:
    """An event id, relays where it may be found, and what its author and kind are said to be."""

    event_id: str
    relays: tuple[str, ...] = ()
    author: str | None = None
    kind: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Naddr:
    """The address of an addressable event (kind, public key, `d` tag), and relays where it may be found."""

    kind: int
    pubkey: str
    identifier: str
    relays: tuple[str, ...] = ()


Nip19 = Npub | Nsec | Note | Nprofile | Nevent | Naddr


def encode_npub(pubkey: str) -> str:
    """`npub1…` for a public key in hex.

    Raises:
        KeyFormatError: if it is not 64 lowercase hex digits.
    """
    return encode_bech32("npub", _from_hex(pubkey))


def encode_nsec(secret: SecretKey) -> str:
    """`nsec1…` for a secret key."""
    return secret.nsec()


def encode_note(event_id: str) -> str:
    """`note1…` for an event id in hex.

    Raises:
        KeyFormatError: if it is not 64 lowercase hex digits.
    """
    return encode_bech32("note", _from_hex(event_id))


def encode_nprofile(pubkey: str, *, relays: Iterable[str] = ()) -> str:
    """`nprofile1…` for a public key in hex, with relays where its events may be found.

    Raises:
        KeyFormatError: for a key that is not hex, a relay over 255 bytes or not ASCII, too many relays.
    """
    return encode_bech32("nprofile", encode_tlv([(_SPECIAL, _from_hex(pubkey)), *_relay_fields(relays)]))


def encode_nevent(
    event_id: str, *, relays: Iterable[str] = (), author: str | None = None, kind: int | None = None
) -> str:
    """`nevent1…` for an event id in hex; relays, author (hex) and kind help a reader to find it.

    Raises:
        KeyFormatError: as for `encode_nprofile`, and for a kind outside 0–65,535.
    """
    fields = [(_SPECIAL, _from_hex(event_id)), *_relay_fields(relays)]
    if author is not None:
        fields.append((_AUTHOR, _from_hex(author)))
    if kind is not None:
        fields.append((_KIND, _from_kind(kind)))
    return encode_bech32("nevent", encode_tlv(fields))


def encode_naddr(*, kind: int, pubkey: str, identifier: str, relays: Iterable[str] = ()) -> str:
    """`naddr1…` for the addressable event of this kind, public key (hex) and `d` tag.

    Raises:
        KeyFormatError: as for `encode_nevent`, and for an identifier over 255 bytes: it has no naddr.
    """
    try:
        special = identifier.encode()
    except UnicodeEncodeError:
        raise KeyFormatError("the d tag holds a lone surrogate, which no event can") from None
    return encode_bech32(
        "naddr",
        encode_tlv(
            [
                (_SPECIAL, special),
                *_relay_fields(relays),
                (_AUTHOR, _from_hex(pubkey)),
                (_KIND, _from_kind(kind)),
            ]
        ),
    )


def decode_nip19(text: str) -> Nip19:
    """What `text` names. Fields of unknown types are ignored; of a repeated field the first counts.

    Raises:
        KeyFormatError: for anything malformed: checksum, length, a field cut off, missing or of a wrong size.
    """
    prefix, data = decode_bech32(text)
    match prefix:
        case "npub":
            return Npub(pubkey=_to_hex(data))
        case "nsec":
            return Nsec(secret=SecretKey(data))
        case "note":
            return Note(event_id=_to_hex(data))
        case "nprofile" | "nevent" | "naddr":
            return _from_fields(prefix, decode_tlv(data))
        case _:
            raise KeyFormatError(f"{prefix}1… is no identifier that is known here")


def _from_fields(prefix: str, fields: tuple[tuple[int, bytes], ...]) -> Nprofile | Nevent | Naddr:
    first = dict(reversed(fields))
    special, author, kind = first.get(_SPECIAL), first.get(_AUTHOR), first.get(_KIND)
    relays = tuple(_to_relay(value) for sort, value in fields if sort == _RELAY)
    if special is None:
        raise KeyFormatError(f"this {prefix} does not say what it names")
    if prefix == "nprofile":
        return Nprofile(pubkey=_to_hex(special), relays=relays)
    if prefix == "nevent":
        return Nevent(
            event_id=_to_hex(special),
            relays=relays,
            author=None if author is None else _to_hex(author),
            kind=None if kind is None else _to_kind(kind),
        )
    if author is None or kind is None:
        raise KeyFormatError("this naddr lacks its author or its kind")
    return Naddr(
        kind=_to_kind(kind), pubkey=_to_hex(author), identifier=_to_identifier(special), relays=relays
    )


def _from_hex(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise KeyFormatError("a key or an event id is 64 lowercase hex digits here")
    return bytes.fromhex(text)


def _to_hex(value: bytes) -> str:
    if len(value) != 32:
        raise KeyFormatError(f"a key or an event id has 32 bytes, not {len(value)}")
    return value.hex()


def _from_kind(kind: int) -> bytes:
    if not 0 <= kind <= _KIND_MAX:
        raise KeyFormatError(f"a kind is a number from 0 to {_KIND_MAX:,}, not {kind}")
    return kind.to_bytes(4, "big")


def _to_kind(value: bytes) -> int:
    kind = int.from_bytes(value, "big")
    if len(value) != 4 or kind > _KIND_MAX:
        raise KeyFormatError(f"a kind is a number from 0 to {_KIND_MAX:,}, in 4 bytes")
    return kind


def _relay_fields(relays: Iterable[str]) -> list[tuple[int, bytes]]:
    try:
        return [(_RELAY, relay.encode("ascii")) for relay in relays]
    except UnicodeEncodeError:
        raise KeyFormatError("a relay in an identifier is written in ASCII") from None


def _to_relay(value: bytes) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError:
        raise KeyFormatError("a relay in an identifier is written in ASCII") from None


def _to_identifier(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise KeyFormatError("the d tag in this naddr is not UTF-8") from None
