"""The seal: any change to an event changes its address, so nothing on a relay takes its place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from nostr_usage.nostr.event import Event, UnsignedEvent, sign_event
from nostr_usage.wire.seal import is_sealed, sealed_event
from tests.signed_events import signer_of

SIGNER = signer_of(1)
UNSIGNED = sealed_event(
    kind=30078,
    pubkey=SIGNER.pubkey,
    created_at=1_770_000_000,
    prefix="ai-usage-2026-02:",
    tags=[("p", "a" * 64), ("type", 'quo"te ü 日本')],
    content="sealed",
)


def signed(unsigned: UnsignedEvent) -> Event:
    """The event with this content, whatever its seal."""
    return sign_event(unsigned, SIGNER)


def test_the_address_is_prefix_and_hash() -> None:
    """Recomputed with nothing but the standard library, letters beyond ASCII unescaped."""
    others = [["p", "a" * 64], ["type", 'quo"te ü 日本']]
    sealed = ["ul1", 30078, SIGNER.pubkey, 1_770_000_000, "ai-usage-2026-02:", others, "sealed"]
    text = json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))
    assert ("d", "ai-usage-2026-02:" + hashlib.sha256(text.encode()).hexdigest()) == UNSIGNED.tags[0]


def test_what_was_sealed_is_recognised() -> None:
    """With the prefix that it was sealed with, and no other."""
    assert is_sealed(signed(UNSIGNED), prefix="ai-usage-2026-02:")
    assert not is_sealed(signed(UNSIGNED), prefix="ai-credit-2026-02:")
    assert not is_sealed(signed(UNSIGNED), prefix="")


@pytest.mark.parametrize(
    "changed",
    [
        replace(UNSIGNED, kind=1234),
        replace(UNSIGNED, created_at=UNSIGNED.created_at + 1),
        replace(UNSIGNED, content="sealed "),
        replace(UNSIGNED, tags=(*UNSIGNED.tags, ("m", "2026-02"))),
        replace(UNSIGNED, tags=(UNSIGNED.tags[0], UNSIGNED.tags[2], UNSIGNED.tags[1])),
        replace(UNSIGNED, tags=(*UNSIGNED.tags[1:], UNSIGNED.tags[0])),
        replace(UNSIGNED, tags=((*UNSIGNED.tags[0], "more"), *UNSIGNED.tags[1:])),
        replace(UNSIGNED, tags=UNSIGNED.tags[1:]),
        replace(UNSIGNED, tags=()),
    ],
)
def test_every_change_breaks_the_seal(changed: UnsignedEvent) -> None:
    """Kind, time, content, tags and their order; a validly signed event all the same."""
    assert not is_sealed(signed(changed), prefix="ai-usage-2026-02:")


def test_two_authors_have_two_addresses() -> None:
    """The same words of another key are another event."""
    other = sealed_event(
        kind=UNSIGNED.kind,
        pubkey=signer_of(2).pubkey,
        created_at=UNSIGNED.created_at,
        prefix="ai-usage-2026-02:",
        tags=UNSIGNED.tags[1:],
        content=UNSIGNED.content,
    )
    assert UNSIGNED.tags[0] != other.tags[0]
