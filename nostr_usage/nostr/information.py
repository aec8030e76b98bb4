"""NIP-11: what a relay says of itself, over HTTP. Hints only: relays are often wrong about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from nostr_usage.errors import MessageError
from nostr_usage.nostr.event import KIND_MAX
from nostr_usage.nostr.json_text import INTEGER_MAX, parse_json
from nostr_usage.nostr.reason import printable

INFORMATION_BYTES_MAX = 65_536
# More NIPs than there are.
SUPPORTED_NIPS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimitation:
    """What the relay says it refuses; None where it says nothing (NIP-11, "Server limitations").

    Attributes:
        message_bytes_max: of a whole message, brackets included.
        subscriptions_max: per connection.
        subscription_id_chars_max: characters.
        limit_max: to this a filter's `limit` is cut, silently.
        default_limit: events sent when a filter has no `limit`.
        event_tags_max: tags of one event.
        content_chars_max: characters, not bytes.
        difficulty_min: leading zero bits of an id (NIP-13).
        created_at_age_max_s: how far in the past `created_at` may be.
        created_at_ahead_max_s: how far in the future.
        needs_auth: NIP-42 before anything else; False does not exclude it for some requests.
        needs_payment, restricts_writes: a policy that is known before the first refusal.
    """

    message_bytes_max: int | None = None
    subscriptions_max: int | None = None
    subscription_id_chars_max: int | None = None
    limit_max: int | None = None
    default_limit: int | None = None
    event_tags_max: int | None = None
    content_chars_max: int | None = None
    difficulty_min: int | None = None
    created_at_age_max_s: int | None = None
    created_at_ahead_max_s: int | None = None
    needs_auth: bool | None = None
    needs_payment: bool | None = None
    restricts_writes: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayInformation:
    """A relay's own description; texts are safe to print, "" where it says nothing."""

    name: str = ""
    description: str = ""
    pubkey: str = ""
    contact: str = ""
    software: str = ""
    version: str = ""
    supported_nips: tuple[int, ...] = ()
    limitation: RelayLimitation = RelayLimitation()


def information_from_json(data: bytes | str) -> RelayInformation:
    """The description in the body of the relay's answer; a field of the wrong type counts as missing.

    Raises:
        MessageError: if it is longer than `INFORMATION_BYTES_MAX`, or no JSON object.
    """
    value = parse_json(
        data, bytes_max=INFORMATION_BYTES_MAX, error=MessageError, what="relay information document"
    )
    if not isinstance(value, dict):
        raise MessageError("relay information document is not an object")
    fields = cast("dict[str, object]", value)
    return RelayInformation(
        name=_text(fields, "name"),
        description=_text(fields, "description"),
        pubkey=_text(fields, "pubkey"),
        contact=_text(fields, "contact"),
        software=_text(fields, "software"),
        version=_text(fields, "version"),
        supported_nips=_nips(fields.get("supported_nips")),
        limitation=_limitation(fields.get("limitation")),
    )


def _limitation(value: object) -> RelayLimitation:
    if not isinstance(value, dict):
        return RelayLimitation()
    fields = cast("dict[str, object]", value)
    return RelayLimitation(
        message_bytes_max=_integer(fields, "max_message_length"),
        subscriptions_max=_integer(fields, "max_subscriptions"),
        subscription_id_chars_max=_integer(fields, "max_subid_length"),
        limit_max=_integer(fields, "max_limit"),
        default_limit=_integer(fields, "default_limit"),
        event_tags_max=_integer(fields, "max_event_tags"),
        content_chars_max=_integer(fields, "max_content_length"),
        difficulty_min=_integer(fields, "min_pow_difficulty"),
        created_at_age_max_s=_integer(fields, "created_at_lower_limit"),
        created_at_ahead_max_s=_integer(fields, "created_at_upper_limit"),
        needs_auth=_flag(fields, "auth_required"),
        needs_payment=_flag(fields, "payment_required"),
        restricts_writes=_flag(fields, "restricted_writes"),
    )


def _text(fields: dict[str, object], key: str) -> str:
    value = fields.get(key)
    return printable(value) if isinstance(value, str) else ""


def _integer(fields: dict[str, object], key: str) -> int | None:
    value = fields.get(key)
    return value if type(value) is int and 0 <= value <= INTEGER_MAX else None


def _flag(fields: dict[str, object], key: str) -> bool | None:
    value = fields.get(key)
    return value if isinstance(value, bool) else None


def _nips(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    nips = {nip for nip in cast("list[object]", value) if type(nip) is int and 0 <= nip <= KIND_MAX}
    return tuple(sorted(nips)[:SUPPORTED_NIPS_MAX])
