"""rust-nostr as an independent reader and writer: it accepts our events, and we accept its."""

from __future__ import annotations

import json

import nostr_sdk
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import Event, event_from_json, event_to_json, verify_event
from nostr_usage.nostr.filter import Filter, filter_to_object, matches
from tests.nostr.samples import NOW, events, filters, signed

signable = st.text(
    st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\n\r"), min_size=1, max_size=30
)


@given(content=signable, values=st.lists(signable, min_size=1, max_size=3))
def test_rust_accepts_what_we_sign(content: str, values: list[str]) -> None:
    """Id and signature hold for an implementation that shares no code with ours."""
    event = signed(kind=30078, tags=(("d", *values),), content=content)
    theirs = nostr_sdk.Event.from_json(event_to_json(event).decode())
    assert theirs.verify()
    assert event.id == theirs.id().to_hex()


def test_rust_refuses_what_we_refuse() -> None:
    """Control: a changed content fails there too."""
    data = event_to_json(signed(content="one")).decode().replace('"one"', '"two"')
    assert not nostr_sdk.Event.from_json(data).verify()
    with pytest.raises(EventError, match="bad event id"):
        event_from_json(data)


@given(content=signable)
def test_we_accept_what_rust_signs(content: str) -> None:
    """Its events are read, verified and written back with the same fields."""
    builder = nostr_sdk.EventBuilder(nostr_sdk.Kind(1), content)
    builder = builder.custom_created_at(nostr_sdk.Timestamp.from_secs(NOW))
    theirs = builder.sign_with_keys(nostr_sdk.Keys.parse("00" * 31 + "05")).as_json()
    ours = verify_event(event_from_json(theirs))
    assert json.loads(theirs) == json.loads(event_to_json(ours))


@given(wanted=filters(), event=events())
def test_rust_matches_as_we_do(wanted: Filter, event: Event) -> None:
    """For every filter without an empty list, which rust-nostr mostly takes for no condition."""
    lists = [wanted.ids, wanted.authors, wanted.kinds, *(values for _, values in wanted.tags)]
    assume(() not in lists)
    theirs = nostr_sdk.Filter.from_json(json.dumps(filter_to_object(wanted)))
    expected = theirs.match_event(nostr_sdk.Event.from_json(event_to_json(event).decode()))
    assert expected is matches(wanted, event)
