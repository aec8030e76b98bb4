"""Events in three stages, as types: unsigned, well-formed with the right id, and with a checked signature.

    UnsignedEvent ──sign_event──▶ VerifiedEvent ◀──verify_event── Event ◀──event_from_json── bytes

Only the functions here make an `Event` or a `VerifiedEvent`, so holding one means that the checks were made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import cast

import orjson

from nostr_usage.errors import EventError
from nostr_usage.nostr import schnorr
from nostr_usage.nostr.json_text import INTEGER_MAX, parse_json, write_json
from nostr_usage.nostr.signer import Signer
from nostr_usage.nostr.tags import Tag

# What a relay with default settings stores (strfry: 64 KiB, 2,000 tags).
EVENT_BYTES_MAX = 65_536
TAGS_MAX = 2_000
KIND_MAX = 65_535
CREATED_AT_MAX = INTEGER_MAX

_HEX_32_BYTES = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEX_64_BYTES = re.compile(r"[0-9a-f]{128}", re.ASCII)
# JSON libraries disagree on how to escape these, and so on the id: strfry writes DEL as \u007f, others raw.
_UNSIGNABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_ARRAYS = (list, tuple)
_TAG_MESSAGE = "a tag is not an array of one or more strings"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedEvent:
    """What is to be signed: `created_at` in unix seconds, each tag at least a name."""

    pubkey: str
    created_at: int
    kind: int
    tags: tuple[Tag, ...] = ()
    content: str = ""

    @property
    def id(self) -> str:
        """The id that the event has once signed: 64 lowercase hex digits.

        Raises:
            EventError: if a string holds a lone surrogate.
        """
        return _id_of(self.pubkey, self.created_at, self.kind, self.tags, self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A well-formed event whose id is the hash of its fields; its signature was **not** checked.

    Attributes:
        id: 64 lowercase hex digits.
        pubkey: the author's public key, 64 lowercase hex digits; not checked to be a point of the curve.
        created_at: unix seconds, 0 … `CREATED_AT_MAX`.
        kind: 0 … 65535.
        tags: each at least a name.
        content: any text.
        sig: 128 lowercase hex digits.
    """

    id: str
    pubkey: str
    created_at: int
    kind: int
    tags: tuple[Tag, ...]
    content: str
    sig: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEvent(Event):
    """An event whose signature was checked: its author said it. Never equal to a plain `Event`."""


def serialize_event(pubkey: str, created_at: int, kind: int, tags: tuple[Tag, ...], content: str) -> bytes:
    """The bytes whose SHA-256 is the id (NIP-01, "Events and signatures").

    Raises:
        EventError: if a string holds a lone surrogate, which has no UTF-8.
    """
    try:
        return orjson.dumps((0, pubkey, created_at, kind, tags, content))
    except TypeError:
        raise EventError("the event cannot be written as JSON in UTF-8") from None


def event_from_json(data: bytes | str, *, bytes_max: int = EVENT_BYTES_MAX) -> Event:
    """The event that `data` writes as a JSON object.

    Raises:
        EventError: as `event_from_object`, and for text that is too long or not JSON.
    """
    return event_from_object(parse_json(data, bytes_max=bytes_max, error=EventError, what="event"))


def event_from_object(value: object) -> Event:
    """The event in `value`, an object as parsed from JSON; keys that NIP-01 does not name are ignored.

    Raises:
        EventError: if a field is missing or of the wrong form, or the id is not the hash of the fields; the
            message is short enough to be a relay's reason.
    """
    if not isinstance(value, dict):
        raise EventError("event is not an object")
    fields = cast("dict[str, object]", value)
    pubkey = _hex(fields.get("pubkey"), _HEX_32_BYTES, "pubkey is not 64 lowercase hex digits")
    sig = _hex(fields.get("sig"), _HEX_64_BYTES, "sig is not 128 lowercase hex digits")
    created_at = _integer(fields.get("created_at"), CREATED_AT_MAX, "created_at")
    kind = _integer(fields.get("kind"), KIND_MAX, "kind")
    tags = _tags(fields.get("tags"))
    content = fields.get("content")
    if type(content) is not str:
        raise EventError("content is not a string")
    event_id = _id_of(pubkey, created_at, kind, tags, content)
    if event_id != fields.get("id"):
        raise EventError("bad event id")
    return Event(
        id=event_id, pubkey=pubkey, created_at=created_at, kind=kind, tags=tags, content=content, sig=sig
    )


def event_to_object(event: Event) -> dict[str, object]:
    """The event as a JSON object, keys in the order of NIP-01."""
    return {
        "id": event.id,
        "pubkey": event.pubkey,
        "created_at": event.created_at,
        "kind": event.kind,
        "tags": event.tags,
        "content": event.content,
        "sig": event.sig,
    }


def event_to_json(event: Event) -> bytes:
    """The event as compact JSON in UTF-8: equal events give equal bytes."""
    return write_json(event_to_object(event))


def verify_event(event: Event) -> VerifiedEvent:
    """The same event, once its signature is found to be its author's.

    Raises:
        EventError: if it is not.
    """
    if not schnorr.verify(bytes.fromhex(event.pubkey), bytes.fromhex(event.id), bytes.fromhex(event.sig)):
        raise EventError("bad signature")
    return VerifiedEvent(
        id=event.id,
        pubkey=event.pubkey,
        created_at=event.created_at,
        kind=event.kind,
        tags=event.tags,
        content=event.content,
        sig=event.sig,
    )


def sign_event(unsigned: UnsignedEvent, signer: Signer) -> VerifiedEvent:
    """The event, signed by `signer`, whose public key it must name.

    Raises:
        EventError: if the signer refuses the kind or has another key, a field is out of range, or a string
            holds a character that relays would hash differently: a control character other than tab, line
            feed and carriage return, DEL, or a lone surrogate.
    """
    if unsigned.kind in signer.refused_kinds:
        raise EventError(f"this signer never signs kind {unsigned.kind}")
    if unsigned.pubkey != signer.pubkey:
        raise EventError(f"the event is by {unsigned.pubkey}, but the signer is {signer.pubkey}")
    _integer(unsigned.created_at, CREATED_AT_MAX, "created_at")
    _integer(unsigned.kind, KIND_MAX, "kind")
    _tags(unsigned.tags)
    if _UNSIGNABLE.search("".join(chain((unsigned.content,), *unsigned.tags))):
        raise EventError("a string of the event holds a control character, DEL or a lone surrogate")
    event_id = unsigned.id
    return VerifiedEvent(
        id=event_id,
        pubkey=unsigned.pubkey,
        created_at=unsigned.created_at,
        kind=unsigned.kind,
        tags=unsigned.tags,
        content=unsigned.content,
        sig=signer.sign(bytes.fromhex(event_id)).hex(),
    )


def _id_of(pubkey: str, created_at: int, kind: int, tags: tuple[Tag, ...], content: str) -> str:
    return sha256(serialize_event(pubkey, created_at, kind, tags, content)).hexdigest()


def _hex(value: object, form: re.Pattern[str], message: str) -> str:
    if type(value) is not str or not form.fullmatch(value):
        raise EventError(message)
    return value


def _integer(value: object, maximum: int, name: str) -> int:
    # A float or a boolean would be equal to an integer, yet be serialised, and so hashed, differently.
    if type(value) is not int or not 0 <= value <= maximum:
        raise EventError(f"{name} is not an integer from 0 to {maximum}")
    return value


def _tags(value: object) -> tuple[Tag, ...]:
    if type(value) not in _ARRAYS:
        raise EventError("tags is not an array")
    items = cast("list[list[str]]", value)
    if len(items) > TAGS_MAX:
        raise EventError(f"more than {TAGS_MAX} tags")
    tags: list[Tag] = []
    try:
        for item in items:
            if type(item) not in _ARRAYS or not item:
                raise EventError(_TAG_MESSAGE)
            # Refuses all but strings, in half the time of looking at each of their types.
            "".join(item)
            tags.append(tuple(item))
    except TypeError:
        raise EventError(_TAG_MESSAGE) from None
    return tuple(tags)
