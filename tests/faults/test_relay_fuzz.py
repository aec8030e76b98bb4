"""Mutated messages: values or errors of ours come out, and whatever we accept, others accept too."""

from __future__ import annotations

import json
import os
import random

import nostr_sdk
import pytest

from nostr_usage.errors import DecryptionError, EventError
from nostr_usage.nostr import nip44
from nostr_usage.nostr.event import event_from_json, event_to_json, verify_event
from nostr_usage.nostr.keys import SecretKey
from tests.faults.relay_fuzz import fuzz, messages

MESSAGES = int(os.environ.get("NOSTR_USAGE_MESSAGES", "20000"))
SEED = int(os.environ.get("NOSTR_USAGE_SEED", "1"))
PAYLOADS = 300


@pytest.mark.timeout(3_600 if MESSAGES > 20_000 else 120)
def test_no_mutated_message_is_more_than_an_error() -> None:
    """Neither parsers nor a session that waits for answers raise anything that is not ours."""
    report = fuzz(SEED, MESSAGES)
    assert [] == report.crashes[:3]
    for wanted in ("session: EventReceived", "session: Violation", "relay message: RelayOk", "entry: Entry"):
        assert report.outcomes[wanted] > MESSAGES / 2_000, report.outcomes


def test_a_careless_parser_is_found() -> None:
    """Control: the same messages break a reader that takes things for granted."""
    report = fuzz(SEED, 200, of={"careless": lambda text: json.loads(text)[1]["id"]})
    assert report.crashes


def test_what_we_accept_others_accept() -> None:
    """Of mutated events, each that passes our checks has the same id and a good signature for rust-nostr."""
    accepted = refused = 0
    for text in messages(SEED + 1, MESSAGES):
        try:
            ours = verify_event(event_from_json(text))
        except EventError:
            refused += 1
            continue
        # As we keep it and hand it on: a field that comes twice, the second time right, is harmless here.
        theirs = nostr_sdk.Event.from_json(event_to_json(ours).decode())
        assert theirs.verify(), text
        assert ours.id == theirs.id().to_hex()
        accepted += 1
    assert min(accepted, refused) > MESSAGES / 100


def test_sealed_text_is_opened_by_both_or_by_neither() -> None:
    """NIP-44, whole and damaged, against rust-nostr."""
    chance = random.Random(SEED)
    ours, theirs = SecretKey(bytes(31) + b"\x05"), nostr_sdk.Keys.parse("00" * 31 + "06")
    our_keys = nostr_sdk.Keys.parse(ours.hex())
    key = nip44.conversation_key(ours, theirs.public_key().to_hex())
    opened = refused = 0
    for _ in range(PAYLOADS):
        text = "".join(chance.choices("aé😀\n\0 ", k=chance.randint(1, 400)))
        payload = nip44.encrypt(key, text, nonce=chance.randbytes(32))
        if chance.random() < 0.5:
            place = chance.randrange(len(payload))
            payload = payload[:place] + chance.choice("Aa+/=#") + payload[place + 1 :]
        try:
            expected = nostr_sdk.nip44_decrypt(theirs.secret_key(), our_keys.public_key(), payload)
        except Exception:  # noqa: BLE001  # its errors are classes that are made at run time
            with pytest.raises(DecryptionError):
                nip44.decrypt(key, payload)
            refused += 1
        else:
            assert expected == nip44.decrypt(key, payload)
            opened += 1
    assert min(opened, refused) > PAYLOADS / 5
