"""The shared point: against arithmetic that is slow, plain and independent."""

from __future__ import annotations

import random

import coincurve
import pytest

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr.ecdh import shared_x
from nostr_usage.nostr.keys import SecretKey, public_key_of


def test_both_ends_find_the_same_point() -> None:
    """And it is the plain x coordinate, not a hash of it: coincurve's multiplication says the same."""
    numbers = random.Random(31)
    for _ in range(20):
        ours, theirs = SecretKey(numbers.randbytes(32)), SecretKey(numbers.randbytes(32))
        point = coincurve.PublicKey(b"\x02" + bytes.fromhex(public_key_of(theirs)))
        expected = point.multiply(ours.to_bytes()).format()[1:]
        assert expected == shared_x(ours, public_key_of(theirs)) == shared_x(theirs, public_key_of(ours))


@pytest.mark.parametrize("pubkey", ["", "zz", "ab", "f" * 64, "0" * 64, "ab" * 33, "npub1", "é" * 64])
def test_what_is_no_public_key_is_refused(pubkey: str) -> None:
    """Whatever its length, C reads no byte beyond it."""
    secret = SecretKey(b"\1" * 32)
    assert 32 == len(shared_x(secret, public_key_of(secret)))
    with pytest.raises(KeyFormatError, match="not a public key"):
        shared_x(secret, pubkey)
