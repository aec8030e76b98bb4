"""What the relay says of itself (NIP-11)."""

from __future__ import annotations

from importlib import metadata

from nostr_usage.embedded.policy import RelayAccess, RelayLimits
from nostr_usage.nostr.json_text import write_json
from nostr_usage.nostr.message_items import SUBSCRIPTION_ID_CHARS_MAX

SOFTWARE = "nostr-usage"
SUPPORTED_NIPS = (1, 9, 11, 42, 45, 70)


def information_document(*, limits: RelayLimits, access: RelayAccess) -> bytes:
    """The relay information document, as JSON."""
    return write_json(
        {
            "name": "nostr-usage embedded relay",
            "description": "A small relay for a usage ledger, on this machine or its network.",
            "software": SOFTWARE,
            "version": _version(),
            "supported_nips": SUPPORTED_NIPS,
            "limitation": {
                "max_message_length": limits.message_bytes_max,
                "max_subscriptions": limits.subscriptions_max,
                "max_subid_length": SUBSCRIPTION_ID_CHARS_MAX,
                "max_limit": limits.events_per_filter_max,
                "default_limit": limits.events_per_filter_max,
                "max_content_length": limits.event_bytes_max,
                "created_at_lower_limit": limits.age_s_max,
                "created_at_upper_limit": limits.future_s_max,
                "auth_required": access.auth_to_read and access.auth_to_write,
                "payment_required": False,
                "restricted_writes": access.authors is not None or access.members is not None,
            },
        }
    )


def _version() -> str:
    try:
        return metadata.version("nostr-usage")
    except metadata.PackageNotFoundError:
        return "0"
