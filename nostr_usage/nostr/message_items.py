"""The items of a message, which is a JSON array with a verb in front: each read with its type checked."""

from __future__ import annotations

import re
from typing import cast

from nostr_usage.errors import MessageError
from nostr_usage.nostr.json_text import parse_json

# NIP-01, "From client to relay".
SUBSCRIPTION_ID_CHARS_MAX = 64

_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_EVENT_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def parse_items(data: bytes | str, *, bytes_max: int) -> tuple[str, list[object]]:
    """The verb of a message and all its items, the verb included.

    Raises:
        MessageError: if it is longer than `bytes_max`, or no JSON array that starts with a string.
    """
    value = parse_json(data, bytes_max=bytes_max, error=MessageError, what="message")
    if not isinstance(value, list) or not value:
        raise MessageError("message is not an array with a verb")
    items = cast("list[object]", value)
    verb = items[0]
    if type(verb) is not str:
        raise MessageError("message does not start with a verb")
    return verb, items


def check_length(items: list[object], at_least: int, at_most: int | None = None) -> None:
    """Do nothing if there are that many items, the verb included.

    Raises:
        MessageError: if there are fewer or more.
    """
    if len(items) < at_least or (at_most is not None and len(items) > at_most):
        raise MessageError(f"{items[0]} with {len(items)} items")


def string_at(items: list[object], index: int, name: str) -> str:
    """The string at that place; `name` says what it is, in the message of the error.

    Raises:
        MessageError: if it is no string.
    """
    value = items[index]
    if type(value) is not str:
        raise MessageError(f"{name} is not a string")
    return value


def subscription_id(items: list[object]) -> str:
    """The subscription id, which is the second item of every message that has one.

    Raises:
        MessageError: if it is no string of 1–64 characters.
    """
    value = items[1]
    if type(value) is not str or not 0 < len(value) <= SUBSCRIPTION_ID_CHARS_MAX:
        raise MessageError(f"subscription id is not a string of 1 to {SUBSCRIPTION_ID_CHARS_MAX} characters")
    return value


def hex_bytes_at(items: list[object], index: int, name: str) -> bytes:
    """The bytes that are written in lowercase hex at that place.

    Raises:
        MessageError: if it is anything else, or empty.
    """
    value = items[index]
    if type(value) is not str or not _HEX.fullmatch(value):
        raise MessageError(f"{name} is not lowercase hex")
    return bytes.fromhex(value)


def event_id(value: object) -> str | None:
    """`value` itself if it is an event id, 64 lowercase hex digits; else None."""
    return value if type(value) is str and _EVENT_ID.fullmatch(value) else None
