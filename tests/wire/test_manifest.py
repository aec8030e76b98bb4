"""Manifests: what the root key says, in which order it was said, and when it contradicts itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import Event, sign_event
from nostr_usage.nostr.filter import matches
from nostr_usage.wire.manifest import (
    Manifest,
    manifest_event,
    manifest_filter,
    manifest_from_event,
    newest_manifest,
)
from nostr_usage.wire.seal import sealed_event
from tests.signed_events import NOW, signed, signer_of

ROOT = signer_of(1)
FIRST = Manifest(
    ledger_pubkey="b" * 64,
    entry_kind=30078,
    relays=("wss://one.example/", "wss://two.example/"),
    catalogue=("transparency", "1", "c" * 64),
)


def published(manifest: Manifest, *, at: int = NOW) -> Event:
    """The manifest, signed by the root key."""
    return sign_event(manifest_event(manifest, root_pubkey=ROOT.pubkey, created_at=at), ROOT)


def chained(*relays: str) -> list[Event]:
    """A manifest for each relay, each naming the one before."""
    events: list[Event] = []
    for relay in relays:
        prev = events[-1].id if events else FIRST.prev
        events.append(published(replace(FIRST, relays=(relay,), prev=prev)))
    return events


def test_a_manifest_is_read_as_it_was_written() -> None:
    """Ledger key, kind, relays, catalogue and the manifest before, in either kind of event."""
    for manifest in (FIRST, replace(FIRST, entry_kind=1234, relays=(), prev="d" * 64)):
        assert manifest == manifest_from_event(published(manifest))


def test_its_filter_finds_it_and_nothing_else() -> None:
    """Readers ask for the root key's manifests, in the kinds that they know."""
    event = published(FIRST)
    assert matches(manifest_filter(ROOT.pubkey, kinds=[30078, 1234]), event)
    assert not matches(manifest_filter(ROOT.pubkey, kinds=[1234]), event)
    assert not matches(manifest_filter("e" * 64, kinds=[30078]), event)
    assert not matches(manifest_filter(ROOT.pubkey, kinds=[30078]), signed(ROOT, kind=30078))


@pytest.mark.parametrize(
    "tags",
    [
        (),
        (("t", "ul1-roll"), ("key", "b" * 64, "", ""), ("catalogue", "a", "1", "c")),
        (("t", "ul1-manifest"), ("catalogue", "a", "1", "c")),
        (("t", "ul1-manifest"), ("key", "b" * 64), ("catalogue", "a", "1", "c")),
        (("t", "ul1-manifest"), *[("key", "b" * 64, "", "")] * 2, ("catalogue", "a", "1", "c")),
        (("t", "ul1-manifest"), ("key", "b" * 64, "", "")),
        (("t", "ul1-manifest"), ("key", "b" * 64, "", ""), ("catalogue", "a", "1")),
    ],
)
def test_malformed_manifests_are_refused(tags: tuple[tuple[str, ...], ...]) -> None:
    """Sealed and signed, but without a ledger key, with two, or without a catalogue."""
    unsigned = sealed_event(
        kind=30078, pubkey=ROOT.pubkey, created_at=NOW, prefix="ai-manifest:", tags=tags, content=""
    )
    with pytest.raises(EventError, match="no well-formed manifest"):
        manifest_from_event(sign_event(unsigned, ROOT))


def test_an_unsealed_manifest_is_refused() -> None:
    """Control: the very tags of a good one, under an address of the author's choice."""
    event = published(FIRST)
    with pytest.raises(EventError, match="no well-formed manifest"):
        manifest_from_event(signed(ROOT, kind=30078, tags=(("d", "mine"), *event.tags[1:])))


def test_the_newest_in_the_chain_holds() -> None:
    """In whatever order and how often relays serve them; the first gives the ledger its id."""
    events = chained("wss://one/", "wss://two/", "wss://three/")
    for served in (events, events[::-1], [*events, *events]):
        found = newest_manifest(served)
        assert found is not None
        assert (events[0].id, ("wss://three/",)) == (found[0], found[1].relays)


def test_time_does_not_choose() -> None:
    """A manifest that is dated back still follows the one that it names."""
    first = published(FIRST, at=NOW)
    second = published(replace(FIRST, relays=("wss://new/",), prev=first.id), at=NOW - 1_000_000)
    found = newest_manifest([first, second])
    assert found is not None
    assert ("wss://new/",) == found[1].relays


def test_without_the_first_there_is_no_answer() -> None:
    """What hangs in the air is not trusted, nor is nothing at all."""
    assert newest_manifest([]) is None
    assert newest_manifest(chained("wss://one/", "wss://two/")[1:]) is None


def test_nothing_counts_after_a_gap() -> None:
    """The chain ends where the next link was not served."""
    events = chained("wss://one/", "wss://two/", "wss://three/")
    found = newest_manifest([events[0], events[2]])
    assert found is not None
    assert ("wss://one/",) == found[1].relays


def test_two_after_one_are_a_contradiction() -> None:
    """The root key said two things in one place: no side is taken."""
    first, second = chained("wss://one/", "wss://two/")
    other = published(replace(FIRST, relays=("wss://other/",), prev=first.id))
    with pytest.raises(EventError, match=f"two manifests follow {first.id}"):
        newest_manifest([first, second, other])


@pytest.mark.parametrize("ledger_pubkey", ["", "B" * 64, "b" * 63, "npub1x"])
def test_a_manifest_must_name_a_key(ledger_pubkey: str) -> None:
    """What is no public key would be asked for at relays, and found nowhere."""
    with pytest.raises(EventError, match="no well-formed manifest"):
        manifest_from_event(published(replace(FIRST, ledger_pubkey=ledger_pubkey)))
