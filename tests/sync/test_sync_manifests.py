"""What the root key says, from relays that may not have it, or lie about it."""

from __future__ import annotations

from random import Random

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import EventError
from nostr_usage.nostr.event import VerifiedEvent, sign_event
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.sync import ManifestReading, read_manifest
from nostr_usage.wire.manifest import Manifest, manifest_event
from tests.ledgers import KIND, LOCAL
from tests.relay_behaviours import require_auth
from tests.scripted_relay import ScriptedRelay
from tests.signed_events import NOW, signed, signer_of, with_forged_signature

NOBODY = "ws://127.0.0.1:1/"
ROOT = signer_of(7)
FIRST_KEY, SECOND_KEY = "aa" * 32, "bb" * 32


def manifest(ledger_pubkey: str, *, prev: str = "0" * 64, signer: Signer = ROOT) -> VerifiedEvent:
    """A signed manifest that names a ledger key."""
    said = Manifest(
        ledger_pubkey=ledger_pubkey,
        entry_kind=KIND,
        relays=("wss://relay.example/",),
        catalogue=("transparency", "1", "cc" * 32),
        prev=prev,
    )
    return sign_event(manifest_event(said, root_pubkey=signer.pubkey, created_at=NOW), signer)


FIRST = manifest(FIRST_KEY)
SECOND = manifest(SECOND_KEY, prev=FIRST.id)


async def read(*relays: str) -> ManifestReading:
    """What these relays tell of the root key."""
    return await read_manifest(
        relays=relays,
        root_pubkey=ROOT.pubkey,
        kinds=(KIND,),
        policy=LOCAL,
        clock=ManualClock(NOW),
        random=Random(1),
    )


async def test_the_newest_of_a_chain_counts_and_the_first_names_the_ledger(
    scripted_relay: ScriptedRelay,
) -> None:
    """Relays that have a part of the chain each make it whole together."""
    scripted_relay.hold(SECOND)
    async with ScriptedRelay() as other:
        other.hold(FIRST)
        reading = await read(scripted_relay.url, other.url)
    assert FIRST.id == reading.ledger_id
    assert reading.manifest is not None
    assert SECOND_KEY == reading.manifest.ledger_pubkey


async def test_forged_and_foreign_manifests_do_not_count(scripted_relay: ScriptedRelay) -> None:
    """Without the root key's signature a manifest says nothing; other events of the key are no manifests."""
    scripted_relay.hold(
        FIRST,
        with_forged_signature(SECOND),
        manifest(SECOND_KEY, signer=signer_of(8)),
        signed(ROOT, kind=KIND, tags=(("t", "something"),)),
    )
    reading = await read(scripted_relay.url)
    assert reading.manifest is not None
    assert FIRST_KEY == reading.manifest.ledger_pubkey
    assert 1 == reading.relays[0].score.forged


async def test_contradicting_manifests_are_an_error(scripted_relay: ScriptedRelay) -> None:
    """Two successors of one manifest: the root key contradicts itself, and nothing is believed."""
    scripted_relay.hold(FIRST, SECOND, manifest(FIRST_KEY, prev=FIRST.id))
    with pytest.raises(EventError, match="contradicts itself"):
        await read(scripted_relay.url)


async def test_no_manifest_is_not_the_same_as_no_answer(scripted_relay: ScriptedRelay) -> None:
    """None with the conditions of the relays, which say why."""
    assert (None, None) == ((await read(scripted_relay.url)).manifest, (await read(NOBODY)).manifest)
    scripted_relay.on(ReqMessage, require_auth)
    reading = await read(scripted_relay.url, NOBODY)
    assert [RelayCondition.REFUSED, RelayCondition.UNREACHABLE] == [
        relay.condition for relay in reading.relays
    ]
