"""NIP-11: what a relay says of itself, believed only where it is well-formed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import MessageError
from nostr_usage.nostr.information import (
    INFORMATION_BYTES_MAX,
    RelayInformation,
    RelayLimitation,
    information_from_json,
)
from tests.nostr.samples import json_values

DOCUMENT = {
    "name": "a relay",
    "description": "for tests\nof two lines",
    "pubkey": "a" * 64,
    "contact": "mailto:relay@relay.example",
    "software": "https://relay.example/source",
    "version": "1.2",
    "supported_nips": [11, 1, 42, 1],
    "icon": "https://relay.example/icon.png",
    "limitation": {
        "max_message_length": 131072,
        "max_subscriptions": 200,
        "max_subid_length": 71,
        "max_limit": 500,
        "default_limit": 400,
        "max_event_tags": 2000,
        "max_content_length": 65535,
        "min_pow_difficulty": 0,
        "created_at_lower_limit": 94608000,
        "created_at_upper_limit": 900,
        "auth_required": False,
        "payment_required": True,
        "restricted_writes": True,
        "max_filters": 10,
    },
}


def test_a_full_document_is_read() -> None:
    """Every field that we know, in our words; unknown ones are ignored."""
    expected = RelayInformation(
        name="a relay",
        description="for tests of two lines",
        pubkey="a" * 64,
        contact="mailto:relay@relay.example",
        software="https://relay.example/source",
        version="1.2",
        supported_nips=(1, 11, 42),
        limitation=RelayLimitation(
            message_bytes_max=131072,
            subscriptions_max=200,
            subscription_id_chars_max=71,
            limit_max=500,
            default_limit=400,
            event_tags_max=2000,
            content_chars_max=65535,
            difficulty_min=0,
            created_at_age_max_s=94608000,
            created_at_ahead_max_s=900,
            needs_auth=False,
            needs_payment=True,
            restricts_writes=True,
        ),
    )
    assert expected == information_from_json(json.dumps(DOCUMENT))
    assert expected == information_from_json(json.dumps(DOCUMENT).encode())


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"name": None, "supported_nips": None, "limitation": None},
        {"name": ["x"], "supported_nips": "1", "limitation": [1]},
        {"supported_nips": ["1", True, -1, 1.0, 10**6]},
        {"limitation": {"max_limit": "500", "max_subscriptions": True, "auth_required": 1}},
        {"limitation": {"max_limit": -1, "default_limit": 2**53}},
    ],
)
def test_a_field_of_the_wrong_type_counts_as_missing(document: dict[str, object]) -> None:
    """The document is a hint, so one bad field does not spoil the others."""
    assert RelayInformation() == information_from_json(json.dumps(document))


def test_texts_are_safe_to_print() -> None:
    """A relay's name cannot steer a terminal."""
    assert "[2Jname" == information_from_json(json.dumps({"name": "\x1b[2Jname"})).name


@pytest.mark.parametrize("text", ["", "<html></html>", "[]", "null", '"relay"'])
def test_what_is_no_document_is_refused(text: str) -> None:
    """Many servers answer with their web page."""
    with pytest.raises(MessageError, match="relay information document is not"):
        information_from_json(text)


def test_a_document_over_the_limit_is_refused() -> None:
    """Before it is parsed."""
    with pytest.raises(MessageError, match="larger than 65536 bytes"):
        information_from_json(b"{" + b" " * INFORMATION_BYTES_MAX + b"}")


@given(
    value=st.dictionaries(
        st.sampled_from((*DOCUMENT, "other")),
        json_values | st.dictionaries(st.sampled_from(("max_limit",)), json_values),
    )
)
def test_any_object_is_a_document(value: dict[str, object]) -> None:
    """Relays may say anything."""
    assert information_from_json(json.dumps(value)).name.isprintable()
