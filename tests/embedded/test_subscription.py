"""Stored events first, then live ones: none twice, none left out, whatever arrives while a page is read."""

from __future__ import annotations

import json

from nostr_usage.embedded.event_reader import Page
from nostr_usage.embedded.subscription import LiveEvent, Subscription
from nostr_usage.nostr.event import event_to_json
from nostr_usage.nostr.filter import Filter
from tests.signed_events import signed, signer_of

SIGNER = signer_of(1)


def live(arrival: int | None, *, kind: int = 1) -> LiveEvent:
    """A new event; each arrival another."""
    event = signed(SIGNER, kind=kind, content=str(arrival))
    return LiveEvent(event=event, json=event_to_json(event), arrival=arrival)


def contents(messages: list[bytes]) -> list[str]:
    """The contents of EVENT messages for the subscription `s"`."""
    parsed = [json.loads(message) for message in messages]
    assert all(message[:2] == ["EVENT", 's"'] for message in parsed)
    return [message[2]["content"] for message in parsed]


def subscription() -> Subscription:
    """One that asks for kind 1, under an id that needs escaping."""
    return Subscription('s"', (Filter(kinds=(1,)),))


def test_events_that_arrive_while_the_page_is_read_follow_it() -> None:
    """They are held back, and sent unless the page has them already."""
    waiting = subscription()
    for arrival in (6, 7, 8, 9):
        assert [] == waiting.take(live(arrival))
    assert waiting.held_bytes > 4 * len(live(6).json) - 4
    # The page was read after 7 was committed and before 8 was.
    assert ["8", "9"] == contents(waiting.go_live(Page(events=(), arrival_max=7)))
    assert 0 == waiting.held_bytes


def test_events_on_the_page_are_not_sent_again() -> None:
    """News of a commit may come after a page that was read after it."""
    waiting = subscription()
    assert [] == waiting.go_live(Page(events=(live(3).json,), arrival_max=3))
    assert [] == waiting.take(live(3))
    assert ["4"] == contents(waiting.take(live(4)))


def test_ephemeral_events_are_on_no_page() -> None:
    """They have no place among the stored ones, so they are always sent."""
    waiting = subscription()
    assert [] == waiting.take(live(None))
    assert ["None"] == contents(waiting.go_live(Page(events=(), arrival_max=99)))
    assert ["None"] == contents(waiting.take(live(None)))


def test_what_nobody_asked_for_is_neither_held_nor_sent() -> None:
    """The filters decide in both states."""
    waiting = subscription()
    assert [] == waiting.take(live(1, kind=2))
    assert 0 == waiting.held_bytes
    assert [] == waiting.go_live(Page(events=(), arrival_max=0))
    assert [] == waiting.take(live(2, kind=2))


def test_stored_events_are_sent_as_they_are_kept() -> None:
    """The message is the stored JSON between a prefix and a bracket."""
    stored = live(1).json
    assert [b'["EVENT","s\\"",' + stored + b"]"] == subscription().messages((stored,))
