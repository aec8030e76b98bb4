"""Account keys: derived so that nobody can link them, and tags that only the service recognises."""

from __future__ import annotations

import hashlib
import hmac
import random

from nostr_usage.nostr.keys import SecretKey, generate_secret_key, public_key_of
from nostr_usage.wire.account_key import (
    account_id,
    derive_account_key,
    own_request_tag,
    payment_tag,
    pseudonym_of,
    request_tag,
)

NSEC = SecretKey(bytes(31) + b"\x01")
LEDGER_ID = "c" * 64
SECRET = bytes(range(32))
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 as RFC 5869 writes it, without the library under test."""
    key, block, output = hmac.digest(salt, secret, "sha256"), b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        output += block
    return output[:length]


def test_derivation_is_what_the_protocol_says() -> None:
    """48 bytes of HKDF, modulo n − 1, plus one."""
    derived = hkdf(NSEC.to_bytes(), salt=b"ul1/account", info=LEDGER_ID.encode(), length=48)
    expected = int.from_bytes(derived, "big") % (CURVE_ORDER - 1) + 1
    assert expected == int.from_bytes(derive_account_key(NSEC, ledger_id=LEDGER_ID).to_bytes(), "big")


def test_one_person_has_one_account_in_a_ledger() -> None:
    """The same again and again, another in each ledger, another for each person, and never their own key."""
    chance = random.Random(1).randbytes
    people = [generate_secret_key(chance) for _ in range(5)]
    accounts = [
        account_id(derive_account_key(person, ledger_id=ledger))
        for person in people
        for ledger in ("a" * 64, "b" * 64)
    ]
    assert len(accounts) == len({*accounts, *map(public_key_of, people)}) - len(people)
    assert accounts[0] == account_id(derive_account_key(people[0], ledger_id="a" * 64))


def test_request_tags_are_keyed_hashes() -> None:
    """The first 32 digits of an HMAC: equal keys of two accounts do not look equal."""
    expected = hmac.new(SECRET, b"chat-1", hashlib.sha256).hexdigest()[:32]
    assert expected == request_tag(SECRET, "chat-1")
    assert expected != request_tag(bytes(32), "chat-1")
    assert expected != request_tag(SECRET, "chat-2")


def test_no_caller_can_choose_the_ledgers_own_tags() -> None:
    """What the ledger writes of itself is set apart by a zero byte, which no key of a caller may hold."""
    own = own_request_tag(SECRET, meter="tokens", key="renewal:1")
    assert own not in {
        request_tag(SECRET, key) for key in ("renewal:1", "tokens:renewal:1", "tokensrenewal:1")
    }
    assert own != own_request_tag(SECRET, meter="images", key="renewal:1")
    assert own == request_tag(SECRET, "\x00tokens\x00renewal:1")


def test_payments_are_set_apart_from_requests() -> None:
    """One id used for both does not show that they belong together."""
    assert payment_tag(SECRET, "pi_3Nx") != request_tag(SECRET, "pi_3Nx")
    assert hmac.new(SECRET, b"payment\x00pi_3Nx", hashlib.sha256).hexdigest()[:32] == payment_tag(
        SECRET, "pi_3Nx"
    )


def test_pseudonym_is_of_the_name_and_the_account() -> None:
    """As PROTOCOL.md writes it; a department of that name has another one, and so has the name elsewhere."""
    digest = hmac.new(SECRET, b"m\x00Maria", hashlib.sha256).hexdigest()
    assert f"m-{digest[:16]}" == pseudonym_of(SECRET, "Maria", sort="m")
    others = {pseudonym_of(SECRET, "Maria", sort="d"), pseudonym_of(bytes(32), "Maria", sort="m")}
    assert digest[:16] not in {other[2:] for other in others}
