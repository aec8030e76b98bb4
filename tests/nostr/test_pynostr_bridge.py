"""pynostr's events and filters: the same on both sides, and no wrong id gets through."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from pynostr.event import Event as UntypedEvent
from pynostr.event import EventKind
from pynostr.key import PrivateKey

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import UnsignedEvent, VerifiedEvent, event_from_json, event_to_object, sign_event
from nostr_usage.nostr.filter import Filter, filter_to_object
from nostr_usage.nostr.keys import SecretKey, public_key_of
from nostr_usage.nostr.pynostr_bridge import (
    PynostrEvent,
    event_from_pynostr,
    event_to_pynostr,
    filter_to_pynostr,
)
from nostr_usage.nostr.signer import Signer

# pynostr declares no types.
PynostrEventClass = cast("Any", UntypedEvent)
PynostrKey = cast("Any", PrivateKey)

SECRET = SecretKey(b"\x22" * 32)
WRONG_ID = "00" * 32


def _signed(content: str = 'ledger "é"\n🥎') -> VerifiedEvent:
    unsigned = UnsignedEvent(
        pubkey=public_key_of(SECRET),
        created_at=1_771_200_000,
        kind=30078,
        tags=(("d", "entry:1"), ("t", "a", "b")),
        content=content,
    )
    return sign_event(unsigned, Signer(SECRET, entropy=bytes))


def test_an_event_of_ours_is_one_of_pynostr_and_comes_back() -> None:
    """With the same id, which pynostr computes for itself."""
    event = _signed()
    theirs = event_to_pynostr(event)
    assert isinstance(theirs, UntypedEvent)
    assert theirs.verify()
    assert event.id == theirs.id
    assert event == event_from_pynostr(theirs)


def test_an_event_of_pynostr_is_checked_and_taken() -> None:
    """Signed by pynostr, with one of its named kinds."""
    theirs = PynostrEventClass(content="hello", kind=EventKind.TEXT_NOTE, tags=[["t", "x"]], created_at=1)
    theirs.sign(PynostrKey(SECRET.to_bytes()).hex())
    ours = event_from_pynostr(theirs)
    assert (theirs.id, theirs.sig, 1, "hello") == (ours.id, ours.sig, ours.kind, ours.content)
    assert (("t", "x"),) == ours.tags
    assert int is type(ours.kind)


def test_changing_what_was_given_to_pynostr_changes_nothing_here() -> None:
    """Its tags are lists, and its methods change them."""
    event = _signed()
    theirs = event_to_pynostr(event)
    theirs.tags[0][1] = "entry:2"
    assert (("d", "entry:1"), ("t", "a", "b")) == event.tags
    with pytest.raises(EventError, match="bad event id"):
        event_from_pynostr(theirs)


def test_a_wrong_id_that_pynostr_accepts_is_refused() -> None:
    """The fault and its control: `verify` replaces the id, then checks."""
    theirs = event_to_pynostr(_signed())
    theirs.id = WRONG_ID
    with pytest.raises(EventError, match="bad event id"):
        event_from_pynostr(theirs)
    assert theirs.verify()
    assert _signed().id == theirs.id


def test_a_wrong_id_on_the_wire_is_refused_by_our_parser_only() -> None:
    """`from_dict` drops the id, so after it no check can find the fault: parse the wire here."""
    wire = event_to_object(_signed()) | {"id": WRONG_ID}
    theirs: PynostrEvent = PynostrEventClass.from_dict(wire)
    assert theirs.verify()
    with pytest.raises(EventError, match="bad event id"):
        event_from_json(json.dumps(wire))


def test_a_wrong_signature_is_refused() -> None:
    """That of another event by the same key."""
    theirs = event_to_pynostr(_signed())
    theirs.sig = _signed("another").sig
    with pytest.raises(EventError, match="bad signature"):
        event_from_pynostr(theirs)


def test_an_unsigned_event_is_refused() -> None:
    """It has an id already, and no signature."""
    theirs: PynostrEvent = PynostrEventClass(content="", pubkey=public_key_of(SECRET), created_at=1)
    with pytest.raises(EventError, match="sig"):
        event_from_pynostr(theirs)


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(kinds=(30078, 1), limit=0),
        Filter(
            ids=("ab" * 32,),
            authors=("cd" * 32,),
            kinds=(),
            tags=(("d", ("a", "b")), ("e", ("ef" * 32,)), ("p", ())),
            since=0,
            until=9,
            limit=500,
        ),
    ],
)
def test_a_filter_makes_the_same_conditions(wanted: Filter) -> None:
    """As JSON, which is what both send to relays."""
    expected = json.loads(json.dumps(filter_to_object(wanted)))
    assert expected == json.loads(json.dumps(filter_to_pynostr(wanted).to_dict()))
