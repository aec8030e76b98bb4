"""Bech32 and the lists inside it: lengths, checksums, and what is cut off."""

from __future__ import annotations

import pytest
from pynostr import bech32

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr.bech32 import decode_bech32, decode_tlv, encode_bech32, encode_tlv

NPUB = "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6"
# The first valid example of BIP-350, whose checksum differs from bech32's.
BECH32M = "A1LQFN3A"


def test_bytes_of_every_length_survive_the_round_trip() -> None:
    """Five-bit groups never lose or add a byte."""
    for length in range(70):
        data = bytes(range(length))
        assert ("test", data) == decode_bech32(encode_bech32("test", data))


def test_upper_case_is_read_as_lower_case() -> None:
    """Both cases are valid, as QR codes use the upper one."""
    assert decode_bech32(NPUB) == decode_bech32(NPUB.upper())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "npub",
        "npub1",
        NPUB[:-1],
        NPUB[:-1] + "7",
        NPUB[:5] + "b" + NPUB[6:],
        NPUB[:10].upper() + NPUB[10:],
        NPUB + "é",
        BECH32M,
        encode_bech32("a" * 17, bytes(32)),
    ],
)
def test_other_strings_are_refused_without_being_repeated(text: str) -> None:
    """Checksum, alphabet, mixed case, bech32m and overlong prefixes; the text could be a secret."""
    with pytest.raises(KeyFormatError, match="not a valid bech32 identifier") as caught:
        decode_bech32(text)
    assert not text or text not in f"{caught.value.message} {caught.value.advice}"


def test_padding_bits_must_be_zero() -> None:
    """Otherwise one identifier would have several spellings, each with a good checksum."""
    groups = [0, 1]  # one byte of zeros, and two bits of padding that are 01
    text = bech32.bech32_encode("test", groups, bech32.Encoding.BECH32)  # pyright: ignore[reportUnknownMemberType] - pynostr is untyped
    with pytest.raises(KeyFormatError, match="whole number of bytes"):
        decode_bech32(text)


def test_five_thousand_characters_are_the_limit_both_ways() -> None:
    """NIP-19's own limit: the longest that fits passes, one more byte does not."""
    longest = encode_bech32("test", bytes(3118))
    assert 5000 == len(longest)
    assert ("test", bytes(3118)) == decode_bech32(longest)
    with pytest.raises(KeyFormatError, match="would have 5002 characters"):
        encode_bech32("test", bytes(3119))
    with pytest.raises(KeyFormatError, match="at most 5000 characters, not 5001"):
        decode_bech32(longest + "q")


def test_fields_survive_the_round_trip_in_their_order() -> None:
    """Repeated, empty, unknown and longest fields included."""
    fields = ((1, b"b"), (0, b""), (1, b"a"), (255, bytes(255)))
    assert fields == decode_tlv(encode_tlv(fields))
    assert () == decode_tlv(b"")


def test_a_field_of_256_bytes_cannot_be_written() -> None:
    """Its length has one byte."""
    with pytest.raises(KeyFormatError, match="256 bytes are too long"):
        encode_tlv([(0, bytes(256))])


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_field_that_is_cut_off_is_refused(missing: int) -> None:
    """Within its value, before its value, and between its type and its length."""
    whole = encode_tlv([(0, b"whole"), (1, b"ab")])
    assert 2 == len(decode_tlv(whole))
    with pytest.raises(KeyFormatError, match="cut off"):
        decode_tlv(whole[:-missing])
