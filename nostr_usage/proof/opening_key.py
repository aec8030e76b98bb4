"""The key of a home that opens the sealed texts of a stream: the operator's own for it, or its account's."""

from __future__ import annotations

from nostr_usage.errors import NostrUsageError
from nostr_usage.home import Home, Role
from nostr_usage.nostr import nip44
from nostr_usage.nostr.event import event_from_json
from nostr_usage.nostr.keys import SecretKey, public_key_of
from nostr_usage.store import AccountSecrets, Reader, StreamRow
from nostr_usage.wire.entry_event import entry_from_event


def opening_key(home: Home, role: Role, reader: Reader, stream: StreamRow) -> bytes | None:
    """What opens the sealed details of a stream (a conversation key of NIP-44); None where no key here does.

    Raises:
        HomeError: if there is a key that cannot be read, because it is locked or damaged.
    """
    if role is Role.OPERATOR:
        with AccountSecrets.open(home.secrets_path) as held:
            secret = SecretKey(held.get(stream.account).operator_secret)
        return nip44.conversation_key(secret, stream.account)
    if not home.has_key("account"):
        return None
    key, operator_key = home.key("account"), _operator_key_of(reader, stream.stream_no)
    if public_key_of(key) != stream.account or operator_key is None:
        return None
    return nip44.conversation_key(key, operator_key)


def _operator_key_of(reader: Reader, stream_no: int) -> str | None:
    """The `ek` of a stream's account: what its sealed details are encrypted from."""
    first = reader.entry_at(stream_no, 1)
    event_json = reader.event_json(first.entry_id) if first else None
    if event_json is None:
        return None
    try:
        return entry_from_event(event_from_json(event_json)).operator_key
    except NostrUsageError:
        return None
