"""PROTOCOL.md and its vectors: what another implementation would check itself against."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from nostr_usage.errors import EntryFormatError
from nostr_usage.ledger.entry import EntryId, Operation
from nostr_usage.ledger.fold import balance_of, fold
from nostr_usage.nostr import nip44
from nostr_usage.nostr.event import Event, VerifiedEvent, event_from_object, verify_event
from nostr_usage.nostr.keys import SecretKey, public_key_of
from nostr_usage.wire.chain import ChainPoint, Copy, read_chain
from nostr_usage.wire.details import description_hash, open_details
from nostr_usage.wire.entry_event import entry_from_event, event_from_entry
from nostr_usage.wire.manifest import manifest_from_event, newest_manifest
from nostr_usage.wire.seal import is_sealed
from tests.protocol_vectors import VECTORS_PATH, protocol_vectors

VECTORS = cast("dict[str, Any]", json.loads(VECTORS_PATH.read_text("utf-8")))
EVENTS = [verify_event(event_from_object(event)) for event in VECTORS["stream"]]
PROTOCOL = (Path(__file__).parent.parent / "PROTOCOL.md").read_text("utf-8")


def test_vectors_are_what_this_version_writes() -> None:
    """The file is reproduced byte for byte from its secrets."""
    assert VECTORS == json.loads(json.dumps(protocol_vectors()))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.tags[0][1][:20])
def test_every_event_is_an_entry_and_back(event: VerifiedEvent) -> None:
    """Each event of the stream is verified, read and written again."""
    entry = entry_from_event(event)
    assert event.id == event_from_entry(entry, kind=event.kind, pubkey=event.pubkey).id


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.tags[0][1][:20])
def test_seal_is_the_hash_that_the_protocol_describes(event: VerifiedEvent) -> None:
    """Recomputed with nothing but the standard library."""
    (_, d_value), *others = event.tags
    prefix, seal = d_value[:-64], d_value[-64:]
    sealed = ["ul1", event.kind, event.pubkey, event.created_at, prefix, others, event.content]
    text = json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))
    assert seal == hashlib.sha256(text.encode()).hexdigest()


def test_summing_is_enough() -> None:
    """Whoever only adds the signed tokens gets the balance that the chain proves."""
    entries = [entry_from_event(event) for event in EVENTS]
    assert VECTORS["balance"] == sum(entry.signed_tokens for entry in entries)
    assert VECTORS["balance"] == entries[-1].balance.total


def test_stream_folds_without_a_problem() -> None:
    """Every operation of a customer's first month, as the fold sees it."""
    result = fold((EntryId(event.id), entry_from_event(event)) for event in EVENTS)
    assert () == result.problems
    assert VECTORS["balance"] == balance_of(result.state).total


def test_vectors_show_a_whole_month() -> None:
    """The operations that a first month has are all there, in their order."""
    expected = ["open", "plan", "grant", "grant", "debit", "debit", "refund", "expire", "grant", "close"]
    assert expected == [entry_from_event(event).operation.value for event in EVENTS]


def test_chain_is_read_from_its_head() -> None:
    """One signature check authenticates the stream of the vectors."""
    checked: list[str] = []

    def has_valid_signature(event: Event) -> bool:
        checked.append(event.id)
        return True

    reading = read_chain(
        (Copy(entry=entry_from_event(event), event=event) for event in EVENTS),
        held=ChainPoint(),
        has_valid_signature=has_valid_signature,
    )
    assert len(EVENTS) == len(reading.links)
    assert [EVENTS[-1].id] == checked


def test_account_key_is_derived_as_described() -> None:
    """HKDF-SHA256 of RFC 5869, written out with HMAC alone."""
    account = VECTORS["account"]
    extracted = hmac.new(b"ul1/account", bytes.fromhex(account["nsec_secret"]), hashlib.sha256).digest()
    info, expanded, block = account["ledger_id"].encode(), b"", b""
    for counter in (1, 2):
        block = hmac.new(extracted, block + info + bytes([counter]), hashlib.sha256).digest()
        expanded += block
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    scalar = int.from_bytes(expanded[:48], "big") % (order - 1) + 1
    assert account["account_secret"] == f"{scalar:064x}"
    assert account["account"] == public_key_of(SecretKey(scalar.to_bytes(32, "big")))


def test_both_sides_open_a_sealed_description() -> None:
    """The customer with the account key, the service with its own; the hash proves the text."""
    event = next(event for event in EVENTS if event.id == VECTORS["sealed"]["event_id"])
    opened = entry_from_event(EVENTS[0])
    assert opened.operation is Operation.OPEN
    assert opened.operator_key is not None
    customer = nip44.conversation_key(
        SecretKey(bytes.fromhex(VECTORS["account"]["account_secret"])), opened.operator_key
    )
    service = nip44.conversation_key(
        SecretKey(bytes.fromhex(VECTORS["operator_secret"])), VECTORS["account"]["account"]
    )
    assert customer == service
    details = open_details(event.content, conversation_key=customer)
    assert VECTORS["sealed"]["description"] == details.description
    assert description_hash(details) == entry_from_event(event).description_hash


def test_request_tags_are_hmacs() -> None:
    """The x tag is reproduced from the account's secret and the idempotency key."""
    secret = bytes.fromhex(VECTORS["request_secret"])
    for key, expected in VECTORS["requests"].items():
        assert expected == hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()[:32]


def test_manifest_names_the_ledger() -> None:
    """The root key's first manifest gives the ledger id and the key that signs entries."""
    event = verify_event(event_from_object(VECTORS["manifest"]))
    manifest = manifest_from_event(event)
    assert (event.id, manifest) == newest_manifest([event])
    assert EVENTS[0].pubkey == manifest.ledger_pubkey
    assert VECTORS["account"]["ledger_id"] == event.id


def test_canary_is_sealed_and_says_nothing() -> None:
    """Signed by the ledger key, in its form, and no entry of anybody."""
    event = verify_event(event_from_object(VECTORS["canary"]))
    assert is_sealed(event, prefix="ai-canary:")
    assert (EVENTS[0].pubkey, EVENTS[0].kind, "") == (event.pubkey, event.kind, event.content)
    assert (("t", "ul1-canary"), ("v", "ul1")) == event.tags[1:]
    with pytest.raises(EntryFormatError):
        entry_from_event(event)


def test_protocol_document_names_every_tag_that_is_written() -> None:
    """No tag of the vectors is missing from the tables of PROTOCOL.md."""
    documented = set(re.findall(r'\["([a-z]+)"', PROTOCOL))
    written = {tag[0] for event in EVENTS for tag in event.tags}
    assert set() == written - documented


def test_protocol_document_shows_the_example_of_the_vectors() -> None:
    """The worked example in PROTOCOL.md is an event of the vectors, character for character."""
    example = re.search(r"```json\n(\{.*?\})\n```", PROTOCOL, re.DOTALL)
    assert example is not None
    shown = json.loads(example.group(1))
    assert shown in VECTORS["stream"]
