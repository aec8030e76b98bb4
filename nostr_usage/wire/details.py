"""What only the customer and the operator may read: descriptions and metadata of an entry.

Three modes, chosen by the operator: `sealed` (NIP-44 between the account key and the operator's key for that
account, the default), `detached` (only the salted hash is public, the text stays in the operator's database)
and `plain` (the text itself is a public tag, for ever). PROTOCOL.md, "Privacy".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from nostr_usage.errors import DecryptionError, InputError
from nostr_usage.nostr import nip44

SALT_BYTES = 16
DETAILS_BYTES_MAX = 40_000


class DescriptionMode(StrEnum):
    """Who can read a description."""

    SEALED = "sealed"
    DETACHED = "detached"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The private part of an entry; `salt` (32 hex digits) makes the hash of a short text unguessable."""

    description: str = ""
    salt: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


def description_hash(details: Details) -> str:
    """SHA-256(salt ‖ text) in hex, the `dh` tag: it proves one description without opening another."""
    return hashlib.sha256(bytes.fromhex(details.salt) + details.description.encode("utf-8")).hexdigest()


def seal_details(details: Details, *, conversation_key: bytes, nonce: bytes) -> str:
    """The NIP-44 v2 payload of `details`; `nonce` is 32 fresh random bytes.

    Raises:
        InputError: if the text and metadata together are longer than a relay takes.
    """
    plaintext = json.dumps(
        {
            "description": details.description,
            "salt": details.salt,
            "metadata": dict(sorted(details.metadata.items())),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    if len(plaintext.encode("utf-8", "surrogatepass")) > DETAILS_BYTES_MAX:
        raise InputError(
            f"description and metadata are longer than {DETAILS_BYTES_MAX:,} bytes together",
            advice="Keep long texts in your own database and store a reference to them here.",
        )
    return nip44.encrypt(conversation_key, plaintext, nonce=nonce)


def open_details(content: str, *, conversation_key: bytes) -> Details:
    """The details in a sealed `content`.

    Raises:
        DecryptionError: if the key does not fit, or what it opens is not a details object.
    """
    try:
        opened: object = json.loads(nip44.decrypt(conversation_key, content))
    except (ValueError, RecursionError) as error:
        raise DecryptionError("the sealed details are no JSON object") from error
    if not isinstance(opened, dict):
        raise DecryptionError("the sealed details are no JSON object")
    fields = cast("dict[str, object]", opened)
    metadata = fields.get("metadata", {})
    if not isinstance(metadata, dict):
        raise DecryptionError("the sealed metadata are no JSON object")
    pairs = cast("dict[object, object]", metadata).items()
    return Details(
        description=str(fields.get("description", "")),
        salt=str(fields.get("salt", "")),
        metadata={str(name): str(value) for name, value in pairs},
    )
