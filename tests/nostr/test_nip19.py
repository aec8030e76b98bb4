"""NIP-19: the published examples, an independent implementation, and what is malformed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nostr_sdk
import pytest

from nostr_usage.errors import KeyFormatError
from nostr_usage.nostr.bech32 import decode_bech32, decode_tlv, encode_bech32, encode_tlv
from nostr_usage.nostr.keys import SecretKey, public_key_of
from nostr_usage.nostr.nip19 import (
    Naddr,
    Nevent,
    Nip19,
    Note,
    Nprofile,
    Npub,
    Nsec,
    decode_nip19,
    encode_naddr,
    encode_nevent,
    encode_note,
    encode_nprofile,
    encode_npub,
    encode_nsec,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "nip-misc-vectors.json").read_text("utf-8")
)["nip19"]
KEY = b"\x11" * 32
RELAY = b"wss://relay.example"
KIND = (30078).to_bytes(4, "big")


def _vector(number: int) -> tuple[str, list[tuple[int, Any]]]:
    vector = VECTORS["tlv"][number]
    return vector["bech32"], [(sort, value) for sort, value in vector["tlv"]]


@pytest.mark.parametrize("vector", VECTORS["bare"], ids=lambda vector: vector["bech32"][:12])
def test_bare_examples_read_and_write_the_same(vector: dict[str, str]) -> None:
    """Those of the NIP: two npub and an nsec."""
    text, key = vector["bech32"], vector["hex"]
    if vector["prefix"] == "npub":
        assert Npub(pubkey=key) == decode_nip19(text)
        assert text == encode_npub(key)
    else:
        secret = SecretKey(bytes.fromhex(key))
        assert Nsec(secret=secret) == decode_nip19(text)
        assert text == encode_nsec(secret)


def test_a_note_reads_and_writes_the_same() -> None:
    """An event id, which has the same shape as a key."""
    text = encode_note(KEY.hex())
    assert text.startswith("note1")
    assert Note(event_id=KEY.hex()) == decode_nip19(text)


def test_the_nprofile_example_reads_and_writes_the_same() -> None:
    """Its relays keep their order."""
    text, ((_, pubkey), (_, first), (_, second)) = _vector(0)
    assert Nprofile(pubkey=pubkey, relays=(first, second)) == decode_nip19(text)
    assert text == encode_nprofile(pubkey, relays=(first, second))


def test_the_nevent_example_reads_and_writes_the_same() -> None:
    """Without author and kind, which are optional."""
    text, ((_, event_id), (_, relay)) = _vector(4)
    assert Nevent(event_id=event_id, relays=(relay,)) == decode_nip19(text)
    assert text == encode_nevent(event_id, relays=[relay])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_naddr_examples_read_whatever_the_order_of_their_fields(number: int) -> None:
    """One of them has its relays last."""
    text, fields = _vector(number)
    value = dict(fields)
    relays = tuple(relay for sort, relay in fields if sort == 1)
    expected = Naddr(kind=value[3], pubkey=value[2], identifier=value[0], relays=relays)
    assert expected == decode_nip19(text)
    again = encode_naddr(
        kind=expected.kind, pubkey=expected.pubkey, identifier=expected.identifier, relays=expected.relays
    )
    assert expected == decode_nip19(again)
    assert sorted(decode_tlv(decode_bech32(text)[1])) == sorted(decode_tlv(decode_bech32(again)[1]))


def test_an_identifier_shows_no_secret() -> None:
    """An nsec that was read by mistake may be logged."""
    assert "Nsec(secret=SecretKey(hidden))" == repr(decode_nip19(VECTORS["bare"][2]["bech32"]))


def test_unknown_fields_are_ignored_and_the_first_of_a_repeated_one_counts() -> None:
    """So that later versions of the NIP can add fields."""
    fields = [(9, b"?"), (0, KEY), (0, b"x"), (2, KEY), (2, b"y"), (3, KIND), (3, b"z"), (200, b"")]
    expected = Nevent(event_id=KEY.hex(), author=KEY.hex(), kind=30078)
    assert expected == decode_nip19(encode_bech32("nevent", encode_tlv(fields)))


def test_the_published_malformed_example_is_refused() -> None:
    """A length that runs past the end."""
    with pytest.raises(KeyFormatError, match="cut off"):
        decode_nip19(VECTORS["invalid"][0]["bech32"])


@pytest.mark.parametrize(
    ("prefix", "fields", "message"),
    [
        ("nprofile", [(1, RELAY)], "does not say what it names"),
        ("nprofile", [(0, KEY[1:])], "32 bytes, not 31"),
        ("nprofile", [(0, KEY), (1, b"\xff")], "in ASCII"),
        ("nevent", [(0, KEY + b"\0")], "32 bytes, not 33"),
        ("nevent", [(0, KEY), (2, b"")], "32 bytes, not 0"),
        ("nevent", [(0, KEY), (3, KIND[1:])], "in 4 bytes"),
        ("nevent", [(0, KEY), (3, b"\0\1\0\0")], "from 0 to 65,535"),
        ("naddr", [(0, b"d"), (3, KIND)], "lacks its author or its kind"),
        ("naddr", [(0, b"d"), (2, KEY)], "lacks its author or its kind"),
        ("naddr", [(2, KEY), (3, KIND)], "does not say what it names"),
        ("naddr", [(0, b"\xff"), (2, KEY), (3, KIND)], "not UTF-8"),
    ],
)
def test_malformed_fields_are_refused(prefix: str, fields: list[tuple[int, bytes]], message: str) -> None:
    """Missing, of a wrong size, or in a wrong encoding."""
    with pytest.raises(KeyFormatError, match=message):
        decode_nip19(encode_bech32(prefix, encode_tlv(fields)))


@pytest.mark.parametrize(
    ("prefix", "data", "message"),
    [
        ("npub", KEY[1:], "32 bytes, not 31"),
        ("note", KEY + b"\0", "32 bytes, not 33"),
        ("nsec", KEY[1:], "32 bytes, not 31"),
        ("nsec", bytes(32), "not a valid secret key"),
        ("nrelay", RELAY, "nrelay1… is no identifier"),
        ("ncryptsec", bytes(91), "ncryptsec1… is no identifier"),
    ],
)
def test_other_bare_identifiers_are_refused(prefix: str, data: bytes, message: str) -> None:
    """Of a wrong length, or of a sort that is not read here."""
    with pytest.raises(KeyFormatError, match=message):
        decode_nip19(encode_bech32(prefix, data))


@pytest.mark.parametrize(
    "encode",
    [
        lambda: encode_npub("AB" * 32),
        lambda: encode_npub("ab" * 31),
        lambda: encode_note("note1"),
        lambda: encode_nprofile("ab" * 33),
        lambda: encode_nprofile("ab" * 32, relays=["wss://bücher.example"]),
        lambda: encode_nprofile("ab" * 32, relays=["w" * 256]),
        lambda: encode_nprofile("ab" * 32, relays=["w" * 255] * 13),
        lambda: encode_nevent("ab" * 32, author="?"),
        lambda: encode_nevent("ab" * 32, kind=-1),
        lambda: encode_nevent("ab" * 32, kind=65_536),
        lambda: encode_naddr(kind=30078, pubkey="ab" * 32, identifier="d" * 256),
        lambda: encode_naddr(kind=30078, pubkey="ab" * 32, identifier="\ud800"),
    ],
)
def test_what_no_identifier_can_hold_is_not_written(encode: Callable[[], str]) -> None:
    """Wrong hex, kinds out of range, values over 255 bytes, over 5,000 characters in all."""
    with pytest.raises(KeyFormatError):
        encode()


def test_the_largest_values_are_written() -> None:
    """The control of the test above: one less of each passes."""
    naddr = Naddr(kind=65_535, pubkey="ab" * 32, identifier="d" * 255, relays=("w" * 255,) * 10)
    text = encode_naddr(kind=65_535, pubkey="ab" * 32, identifier="d" * 255, relays=("w" * 255,) * 10)
    assert naddr == decode_nip19(text)
    assert 5000 >= len(encode_nprofile("ab" * 32, relays=["w" * 255] * 11))


def test_nostr_sdk_reads_what_is_written_here() -> None:
    """Random identifiers with and without their optional fields."""
    chance = random.Random(19)
    for _ in range(60):
        expected = _random_identifier(chance)
        assert expected == _from_sdk(nostr_sdk.Nip19.from_bech32(_encode(expected)).as_enum())


def test_what_nostr_sdk_writes_is_read_here() -> None:
    """The same identifiers the other way; it orders the fields differently."""
    chance = random.Random(91)
    for _ in range(60):
        expected = _random_identifier(chance)
        assert expected == decode_nip19(_encode_by_sdk(expected))


def test_damaged_identifiers_are_refused_or_read_as_nostr_sdk_reads_them() -> None:
    """Bytes changed, cut or added under a good checksum: never a value that the other does not see."""
    chance = random.Random(190)
    refused = accepted = 0
    for _ in range(600):
        prefix, data = decode_bech32(_encode(_without_relays(_random_identifier(chance))))
        text = encode_bech32(prefix, _damaged(data, chance))
        try:
            found = decode_nip19(text)
        except KeyFormatError:
            refused += 1
            continue
        accepted += 1
        assert _without_relays(found) == _without_relays(
            _from_sdk(nostr_sdk.Nip19.from_bech32(text).as_enum())
        )
    assert 100 < refused
    assert 100 < accepted


def _damaged(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return chance.choice(
        [
            data[:at],
            data[:at] + chance.randbytes(1) + data[at + 1 :],
            data + encode_tlv([(chance.randrange(256), chance.randbytes(3))]),
        ]
    )


def _without_relays(value: Nip19) -> Nip19:
    """Relays aside: nostr_sdk drops those that are no URL, and they are hints only."""
    match value:
        case Nprofile():
            return Nprofile(pubkey=value.pubkey)
        case Nevent():
            return Nevent(event_id=value.event_id, author=value.author, kind=value.kind)
        case Naddr():
            return Naddr(kind=value.kind, pubkey=value.pubkey, identifier=value.identifier)
        case _:
            return value


def _random_identifier(chance: random.Random) -> Nip19:
    pubkey = public_key_of(SecretKey(chance.randbytes(32)))
    event_id = chance.randbytes(32).hex()
    relays = tuple(f"wss://relay{number}.example" for number in range(chance.randrange(4)))
    kind = chance.randrange(65_536)
    identifier = "".join(chance.choice("abc:-/ é中🥎") for _ in range(chance.randrange(60)))
    return chance.choice(
        [
            Npub(pubkey=pubkey),
            Nsec(secret=SecretKey(chance.randbytes(32))),
            Note(event_id=event_id),
            Nprofile(pubkey=pubkey, relays=relays),
            Nevent(event_id=event_id, relays=relays),
            Nevent(event_id=event_id, relays=relays, author=pubkey, kind=kind),
            Naddr(kind=30_000 + kind % 10_000, pubkey=pubkey, identifier=identifier, relays=relays),
        ]
    )


def _encode(value: Nip19) -> str:
    match value:
        case Npub():
            return encode_npub(value.pubkey)
        case Nsec():
            return encode_nsec(value.secret)
        case Note():
            return encode_note(value.event_id)
        case Nprofile():
            return encode_nprofile(value.pubkey, relays=value.relays)
        case Nevent():
            return encode_nevent(value.event_id, relays=value.relays, author=value.author, kind=value.kind)
        case Naddr():
            return encode_naddr(
                kind=value.kind, pubkey=value.pubkey, identifier=value.identifier, relays=value.relays
            )


def _encode_by_sdk(value: Nip19) -> str:
    match value:
        case Npub():
            return nostr_sdk.PublicKey.parse(value.pubkey).to_bech32()
        case Nsec():
            return nostr_sdk.SecretKey.parse(value.secret.hex()).to_bech32()
        case Note():
            return nostr_sdk.EventId.parse(value.event_id).to_bech32()
        case Nprofile():
            return nostr_sdk.Nip19Profile(
                nostr_sdk.PublicKey.parse(value.pubkey), _sdk_relays(value.relays)
            ).to_bech32()
        case Nevent():
            author = None if value.author is None else nostr_sdk.PublicKey.parse(value.author)
            kind = None if value.kind is None else nostr_sdk.Kind(value.kind)
            event_id = nostr_sdk.EventId.parse(value.event_id)
            return nostr_sdk.Nip19Event(event_id, author, kind, _sdk_relays(value.relays)).to_bech32()
        case Naddr():
            pubkey = nostr_sdk.PublicKey.parse(value.pubkey)
            coordinate = nostr_sdk.Coordinate(nostr_sdk.Kind(value.kind), pubkey, value.identifier)
            return nostr_sdk.Nip19Coordinate(coordinate, _sdk_relays(value.relays)).to_bech32()


def _sdk_relays(relays: tuple[str, ...]) -> list[nostr_sdk.RelayUrl]:
    return [nostr_sdk.RelayUrl.parse(relay) for relay in relays]


def _from_sdk(value: Any) -> Nip19:
    if value.is_pubkey():
        return Npub(pubkey=value.npub.to_hex())
    if value.is_secret():
        return Nsec(secret=SecretKey(bytes.fromhex(value.nsec.to_hex())))
    if value.is_note():
        return Note(event_id=value.event_id.to_hex())
    if value.is_profile():
        profile = value.nprofile
        return Nprofile(pubkey=profile.public_key().to_hex(), relays=_texts(profile.relays()))
    if value.is_event():
        event = value.event
        author, kind = event.author(), event.kind()
        return Nevent(
            event_id=event.event_id().to_hex(),
            relays=_texts(event.relays()),
            author=None if author is None else author.to_hex(),
            kind=None if kind is None else kind.as_u16(),
        )
    coordinate = value.coordinate.coordinate()
    return Naddr(
        kind=coordinate.kind().as_u16(),
        pubkey=coordinate.public_key().to_hex(),
        identifier=coordinate.identifier(),
        relays=_texts(value.coordinate.relays()),
    )


def _texts(relays: Any) -> tuple[str, ...]:
    return tuple(str(relay) for relay in relays)
