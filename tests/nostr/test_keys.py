"""Keys: what is accepted as one, and that a secret shows nowhere."""

from __future__ import annotations

import pickle
import random
import traceback

import coincurve
import pytest

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr.bech32 import encode_bech32, encode_tlv
from nostr_usage.nostr.keys import (
    SecretKey,
    generate_secret_key,
    parse_public_key,
    parse_secret_key,
    public_key_of,
)

# The first key pair of NIP-06.
SECRET = "7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a"
NSEC = "nsec10allq0gjx7fddtzef0ax00mdps9t2kmtrldkyjfs8l5xruwvh2dq0lhhkp"
PUBKEY = "17162c921dc4d2518f9a101db33695df1afb56ab82f5ff3e5da6eec3ca5cd917"
NPUB = "npub1zutzeysacnf9rru6zqwmxd54mud0k44tst6l70ja5mhv8jjumytsd2x7nu"
NCRYPTSEC = encode_bech32("ncryptsec", bytes(91))
NOTE = encode_bech32("note", bytes(32))
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _secret_key(number: int) -> SecretKey:
    return SecretKey(number.to_bytes(32, "big"))


def test_a_secret_key_gives_its_bytes_hex_and_nsec_on_request() -> None:
    """The three ways out, each of which has to be asked for."""
    secret = parse_secret_key(SECRET)
    assert bytes.fromhex(SECRET) == secret.to_bytes()
    assert SECRET == secret.hex()
    assert NSEC == secret.nsec()


def test_a_secret_key_does_not_show_itself() -> None:
    """Neither in repr, str and format, nor inside a container."""
    secret = parse_secret_key(SECRET)
    assert "SecretKey(hidden)" == repr(secret) == str(secret) == f"{secret}"
    assert "[SecretKey(hidden)]" == str([secret])


def test_a_secret_key_is_not_pickled() -> None:
    """A queue or a cache would write it out in the clear."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(parse_secret_key(SECRET))


def test_secret_keys_are_equal_by_their_bytes() -> None:
    """And equal ones are one member of a set."""
    assert parse_secret_key(SECRET) == parse_secret_key(NSEC)
    assert 1 == len({parse_secret_key(SECRET), parse_secret_key(NSEC)})
    assert _secret_key(1) != _secret_key(2)
    assert bytes(31) + b"\1" != _secret_key(1)


def test_secret_keys_range_from_one_to_below_the_order() -> None:
    """Both ends are keys, what lies beyond them is not."""
    assert 1 == int(_secret_key(1).hex(), 16)
    assert CURVE_ORDER - 1 == int(_secret_key(CURVE_ORDER - 1).hex(), 16)
    for number in (0, CURVE_ORDER, 2**256 - 1):
        with pytest.raises(KeyFormatError, match="not a valid secret key"):
            _secret_key(number)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_secret_keys_have_32_bytes(length: int) -> None:
    """Neither more nor fewer."""
    with pytest.raises(KeyFormatError, match=f"32 bytes, not {length}"):
        SecretKey(b"\1" * length)


def test_a_new_key_is_what_the_entropy_gives() -> None:
    """It asks for exactly 32 bytes, once."""
    asked: list[int] = []

    def entropy(size: int) -> bytes:
        asked.append(size)
        return b"\7" * size

    assert SecretKey(b"\7" * 32) == generate_secret_key(entropy)
    assert [32] == asked


def test_broken_entropy_is_noticed() -> None:
    """A source that gives zeros yields no key."""
    with pytest.raises(KeyFormatError):
        generate_secret_key(bytes)


@pytest.mark.parametrize("text", [SECRET, SECRET.upper(), NSEC, NSEC.upper(), f" {NSEC}\n"])
def test_a_secret_key_is_read_from_hex_and_nsec(text: str) -> None:
    """In either case, with the spaces that pasting adds."""
    assert SECRET == parse_secret_key(text).hex()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NPUB, r"a public key \(npub1…\), and a secret key is needed"),
        (encode_bech32("nprofile", encode_tlv([(0, bytes(32))])), "a public key"),
        (NCRYPTSEC, "encrypted"),
        (NOTE, "a note1… is not a secret key"),
        (encode_bech32("nsec", bytes.fromhex(SECRET)[:31]), "32 bytes, not 31"),
        (NSEC[:-1] + "q", "not a valid bech32"),
        (SECRET[:-1], "not a secret key"),
        (SECRET + "0", "not a secret key"),
        (SECRET[:-1] + "g", "not a secret key"),
        ("٣" * 64, "not a secret key"),
        ("f" * 64, "not a valid secret key"),
        ("", "not a secret key"),
        ("x" * 100_000, "not a secret key"),
        ("nsec1" + "q" * 5000, "at most 5000"),
    ],
)
def test_what_is_no_secret_key_is_refused_by_name_and_never_repeated(text: str, message: str) -> None:
    """A mistyped secret is nearly the secret, so no part of the traceback holds it."""
    with pytest.raises(KeyFormatError, match=message) as caught:
        parse_secret_key(text)
    _assert_silent(caught.value, text)


@pytest.mark.parametrize("text", [PUBKEY, PUBKEY.upper(), NPUB, NPUB.upper(), f"\t{NPUB} "])
def test_a_public_key_is_read_from_hex_and_npub(text: str) -> None:
    """Always given as lowercase hex."""
    assert PUBKEY == parse_public_key(text)


def test_a_public_key_is_read_from_nprofile() -> None:
    """Its relays are left out, its first key counts."""
    fields = [(1, b"wss://relay.example"), (0, bytes.fromhex(PUBKEY)), (0, bytes(32))]
    assert PUBKEY == parse_public_key(encode_bech32("nprofile", encode_tlv(fields)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NSEC, r"a secret key \(nsec1…\), and a public key is needed"),
        (NCRYPTSEC, "a secret key"),
        (NOTE, "a note1… is not a public key"),
        (encode_bech32("npub", bytes.fromhex(PUBKEY) + b"\0"), "32 bytes, not 33"),
        (encode_bech32("nprofile", encode_tlv([(1, b"wss://relay.example")])), "32 bytes, not 0"),
        (NPUB[:-1] + "q", "not a valid bech32"),
        (PUBKEY[:-1], "not a public key"),
        ("f" * 64, "no such point"),
        ("0" * 64, "no such point"),
        ("", "not a public key"),
    ],
)
def test_what_is_no_public_key_is_refused_by_name_and_never_repeated(text: str, message: str) -> None:
    """It may be a secret key in the wrong place."""
    with pytest.raises(KeyFormatError, match=message) as caught:
        parse_public_key(text)
    _assert_silent(caught.value, text)


def test_public_keys_are_points_of_the_curve_as_libsecp256k1_sees_it() -> None:
    """About half of all numbers are, and both agree on which."""
    numbers = random.Random(20)
    accepted = 0
    for _ in range(200):
        data = numbers.randbytes(32)
        try:
            expected = coincurve.PublicKeyXOnly(data).format().hex()
        except ValueError:
            with pytest.raises(KeyFormatError, match="no such point"):
                parse_public_key(data.hex())
        else:
            accepted += 1
            assert expected == parse_public_key(data.hex())
    assert 60 < accepted < 140


def test_the_public_key_of_a_secret_key() -> None:
    """The x coordinate, as 64 hex digits."""
    assert PUBKEY == public_key_of(parse_secret_key(NSEC))


def _assert_silent(error: KeyFormatError, text: str) -> None:
    shown = "".join(traceback.format_exception_only(error)) + error.advice
    assert error.__cause__ is None
    assert len(text) < 8 or text[5:] not in shown
