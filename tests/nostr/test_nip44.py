"""NIP-44: the official vectors, an independent implementation, and what must not open."""

from __future__ import annotations

import base64
import hmac
import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import nostr_sdk
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from nostr_usage.errors import DecryptionError, InputError, KeyFormatError
from nostr_usage.nostr import nip44
from nostr_usage.nostr.keys import SecretKey, public_key_of

DIRECTORY = Path(__file__).parents[1] / "vectors"
VECTORS: dict[str, Any] = json.loads((DIRECTORY / "nip44.vectors.json").read_text("utf-8"))["v2"]
VALID, INVALID = VECTORS["valid"], VECTORS["invalid"]
EXTENDED: dict[str, Any] = json.loads((DIRECTORY / "nip-misc-vectors.json").read_text("utf-8"))[
    "nip44_extended"
]
KEY = bytes.fromhex(VALID["encrypt_decrypt"][0]["conversation_key"])
NONCE = bytes(31) + b"\1"
# Its stub hides from the type checker that it is an exception.
SDK_ERROR = cast("type[Exception]", nostr_sdk.NostrSdkError)
# nostr_sdk reads up to the limit of the NIP, but writes a little less.
SDK_PLAINTEXT_BYTES_MAX = 65_408


def test_the_vectors_are_those_that_the_nip_names() -> None:
    """NIP-44 prints the hash of the file: an edited copy would prove nothing."""
    digest = sha256((DIRECTORY / "nip44.vectors.json").read_bytes()).hexdigest()
    assert "269ed0f69e4c192512cc779e78c555090cebc7c785b609e338a62afc3ce25040" == digest


@pytest.mark.parametrize("vector", VALID["get_conversation_key"], ids=lambda vector: vector["sec1"][:8])
def test_conversation_keys(vector: dict[str, str]) -> None:
    """From a secret key and the other's public key."""
    secret = SecretKey(bytes.fromhex(vector["sec1"]))
    assert vector["conversation_key"] == nip44.conversation_key(secret, vector["pub2"]).hex()


@pytest.mark.parametrize("vector", INVALID["get_conversation_key"], ids=lambda vector: vector["note"])
def test_keys_off_the_curve_are_refused(vector: dict[str, str]) -> None:
    """Secret keys out of range, and points of the twist that would leak the secret."""
    with pytest.raises(KeyFormatError):
        nip44.conversation_key(SecretKey(bytes.fromhex(vector["sec1"])), vector["pub2"])


@pytest.mark.parametrize("vector", VALID["get_message_keys"]["keys"], ids=lambda vector: vector["nonce"][:8])
def test_message_keys(vector: dict[str, str]) -> None:
    """From the conversation key and the nonce."""
    key = bytes.fromhex(VALID["get_message_keys"]["conversation_key"])
    keys = nip44.message_keys(key, bytes.fromhex(vector["nonce"]))
    assert vector["chacha_key"] == keys.chacha_key.hex()
    assert vector["chacha_nonce"] == keys.chacha_nonce.hex()
    assert vector["hmac_key"] == keys.hmac_key.hex()


def test_message_keys_do_not_show_themselves() -> None:
    """They open one message each."""
    keys = nip44.message_keys(KEY, NONCE)
    assert keys.chacha_key.hex() not in repr(keys)
    assert repr(keys.chacha_key) not in repr(keys)


@pytest.mark.parametrize(("size", "padded"), VALID["calc_padded_len"])
def test_padded_sizes(size: int, padded: int) -> None:
    """From 16 bytes to 65,536 and beyond."""
    assert padded == nip44.padded_size(size)


@pytest.mark.parametrize("vector", VALID["encrypt_decrypt"], ids=lambda vector: vector["nonce"][:8])
def test_short_texts(vector: dict[str, str]) -> None:
    """Both ways, from either end's keys."""
    first, second = (SecretKey(bytes.fromhex(vector[name])) for name in ("sec1", "sec2"))
    key = nip44.conversation_key(first, public_key_of(second))
    assert vector["conversation_key"] == key.hex()
    assert key == nip44.conversation_key(second, public_key_of(first))
    assert vector["payload"] == nip44.encrypt(key, vector["plaintext"], nonce=bytes.fromhex(vector["nonce"]))
    assert vector["plaintext"] == nip44.decrypt(key, vector["payload"])


@pytest.mark.parametrize("vector", VALID["encrypt_decrypt_long_msg"], ids=lambda vector: vector["nonce"][:8])
def test_long_texts(vector: dict[str, Any]) -> None:
    """Up to the longest that is written, by their hashes."""
    key, plaintext = bytes.fromhex(vector["conversation_key"]), vector["pattern"] * vector["repeat"]
    assert vector["plaintext_sha256"] == sha256(plaintext.encode()).hexdigest()
    payload = nip44.encrypt(key, plaintext, nonce=bytes.fromhex(vector["nonce"]))
    assert vector["payload_sha256"] == sha256(payload.encode()).hexdigest()
    assert plaintext == nip44.decrypt(key, payload)


@pytest.mark.parametrize("length", INVALID["encrypt_msg_lengths"])
def test_texts_of_impossible_length_are_not_encrypted(length: int) -> None:
    """None at all, and over 65,535 bytes."""
    with pytest.raises(InputError, match="1 to 65,535 bytes"):
        nip44.encrypt(KEY, "x" * length, nonce=NONCE)


def test_the_limit_is_in_bytes_and_not_in_characters() -> None:
    """Two bytes for each of these."""
    assert "é" * 32_767 == nip44.decrypt(KEY, nip44.encrypt(KEY, "é" * 32_767, nonce=NONCE))
    with pytest.raises(InputError, match="not 65,536"):
        nip44.encrypt(KEY, "é" * 32_768, nonce=NONCE)


def test_a_lone_surrogate_is_not_encrypted() -> None:
    """It has no UTF-8."""
    with pytest.raises(InputError, match="lone surrogate"):
        nip44.encrypt(KEY, "\ud800", nonce=NONCE)


@pytest.mark.parametrize("vector", INVALID["decrypt"], ids=lambda vector: vector["note"])
def test_official_invalid_payloads(vector: dict[str, str]) -> None:
    """Version, base64, MAC, padding and length."""
    with pytest.raises(DecryptionError):
        nip44.decrypt(bytes.fromhex(vector["conversation_key"]), vector["payload"])


@pytest.mark.parametrize("case", EXTENDED["cases"], ids=lambda case: str(case["plaintext_len"]))
def test_the_six_byte_length_is_read(case: dict[str, Any]) -> None:
    """Payloads as the newer form writes them; the hashes are those that the NIP prints."""
    key, nonce = bytes.fromhex(EXTENDED["conversation_key"]), bytes.fromhex(EXTENDED["nonce"])
    size, prefix_bytes = case["plaintext_len"], case["prefix_len"]
    text = EXTENDED["pattern"] * size
    padded = text.encode().ljust(case["padded_len"], b"\0")
    payload = _payload(key, nonce, size.to_bytes(prefix_bytes, "big") + padded)
    assert case["payload_sha256"] == sha256(payload.encode()).hexdigest()
    assert text == nip44.decrypt(key, payload)


@pytest.mark.parametrize(
    ("padded", "message"),
    [
        (b"\0\0" + bytes(32), "wrong length"),
        (b"\0\0" + (65_535).to_bytes(4, "big") + b"a" * 65_535 + b"\0", "wrong length"),
        (b"\0\0" + (2**32 - 1).to_bytes(4, "big") + bytes(64), "padded wrongly"),
        (b"\0\1" + b"a" + bytes(32), "padded wrongly"),
        (b"\0\1" + b"a" + bytes(63), "padded wrongly"),
        (b"\0\x21" + b"a" * 33, "padded wrongly"),
        (b"\0\1" + b"\xff" + bytes(31), "UTF-8"),
    ],
)
def test_wrong_texts_under_a_right_mac_are_refused(padded: bytes, message: str) -> None:
    """Whoever has the key can write these, so the MAC alone is not enough."""
    assert "a" == nip44.decrypt(KEY, _payload(KEY, NONCE, b"\0\1" + b"a" + bytes(31)))
    with pytest.raises(DecryptionError, match=message):
        nip44.decrypt(KEY, _payload(KEY, NONCE, padded))


def test_an_oversized_payload_is_refused_before_it_is_decoded() -> None:
    """It is not base64, and yet the message is about its size."""
    with pytest.raises(DecryptionError, match="1,048,577 characters"):
        nip44.decrypt(KEY, "é" * (nip44.PAYLOAD_CHARS_MAX + 1))
    with pytest.raises(DecryptionError, match="not base64"):
        nip44.decrypt(KEY, "é" * nip44.PAYLOAD_CHARS_MAX)


def test_base64_has_one_form() -> None:
    """Bits that no byte needs must be zero: one message, one payload."""
    payload = nip44.encrypt(KEY, "x" * 33, nonce=NONCE)
    assert payload.endswith("=")
    last = payload.rstrip("=")[-1]
    twin = payload.replace(f"{last}=", f"{chr(ord(last) + 1)}=")
    assert base64.b64decode(payload) == base64.b64decode(twin)
    with pytest.raises(DecryptionError, match="proper form"):
        nip44.decrypt(KEY, twin)


def test_every_changed_byte_is_noticed() -> None:
    """Version, nonce, ciphertext and MAC, one byte at a time."""
    data = base64.b64decode(nip44.encrypt(KEY, "a", nonce=NONCE))
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        with pytest.raises(DecryptionError):
            nip44.decrypt(KEY, base64.b64encode(changed).decode())


def test_another_key_opens_nothing() -> None:
    """The message says so, and shows nothing of the text."""
    payload = nip44.encrypt(KEY, "a secret", nonce=NONCE)
    with pytest.raises(DecryptionError, match="not made with this key"):
        nip44.decrypt(bytes(32), payload)


def test_nostr_sdk_and_this_library_open_each_others_payloads() -> None:
    """Random texts of random lengths, near the limits too, in both directions."""
    chance = random.Random(44)
    sizes = [
        1,
        2,
        31,
        32,
        33,
        255,
        256,
        257,
        1023,
        SDK_PLAINTEXT_BYTES_MAX,
        *(chance.randrange(1, 5000) for _ in range(50)),
    ]
    for size in sizes:
        ours, theirs = SecretKey(chance.randbytes(32)), SecretKey(chance.randbytes(32))
        text = _random_text(chance, size)
        key = nip44.conversation_key(ours, public_key_of(theirs))
        their_secret = nostr_sdk.SecretKey.parse(theirs.hex())
        our_pubkey = nostr_sdk.PublicKey.parse(public_key_of(ours))
        payload = nip44.encrypt(key, text, nonce=chance.randbytes(32))
        assert text == nostr_sdk.nip44_decrypt(their_secret, our_pubkey, payload)
        written = nostr_sdk.nip44_encrypt(their_secret, our_pubkey, text, nostr_sdk.Nip44Version.V2)
        assert text == nip44.decrypt(key, written)
        assert len(payload) == len(written)


def test_nostr_sdk_opens_the_longest_payload() -> None:
    """It would not write one."""
    secret = SecretKey(b"\1" * 32)
    payload = nip44.encrypt(nip44.conversation_key(secret, public_key_of(secret)), "x" * 65_535, nonce=NONCE)
    sdk_secret = nostr_sdk.SecretKey.parse(secret.hex())
    sdk_pubkey = nostr_sdk.PublicKey.parse(public_key_of(secret))
    assert "x" * 65_535 == nostr_sdk.nip44_decrypt(sdk_secret, sdk_pubkey, payload)


def test_damaged_payloads_open_neither_here_nor_in_nostr_sdk() -> None:
    """Characters changed, cut and added at random places."""
    chance = random.Random(440)
    secret = SecretKey(chance.randbytes(32))
    key = nip44.conversation_key(secret, public_key_of(secret))
    sdk_secret = nostr_sdk.SecretKey.parse(secret.hex())
    sdk_pubkey = nostr_sdk.PublicKey.parse(public_key_of(secret))
    payload = nip44.encrypt(key, "damaged", nonce=chance.randbytes(32))
    assert "damaged" == nostr_sdk.nip44_decrypt(sdk_secret, sdk_pubkey, payload)
    for _ in range(200):
        at = chance.randrange(len(payload))
        letter = chance.choice("AZaz09+/=#é".replace(payload[at], ""))
        damaged = chance.choice([payload[:at] + letter + payload[at + 1 :], payload[:at], payload + letter])
        with pytest.raises(DecryptionError):
            nip44.decrypt(key, damaged)
        with pytest.raises(SDK_ERROR):
            nostr_sdk.nip44_decrypt(sdk_secret, sdk_pubkey, damaged)


def _payload(key: bytes, nonce: bytes, padded: bytes) -> str:
    """A payload with a right MAC, whatever it holds."""
    keys = nip44.message_keys(key, nonce)
    cipher = Cipher(ChaCha20(keys.chacha_key, bytes(4) + keys.chacha_nonce), mode=None)
    ciphertext = cipher.encryptor().update(padded)
    mac = hmac.digest(keys.hmac_key, nonce + ciphertext, "sha256")
    return base64.b64encode(b"\2" + nonce + ciphertext + mac).decode()


def _random_text(chance: random.Random, size: int) -> str:
    """Exactly `size` bytes of UTF-8, with letters of one to four bytes."""
    text = ""
    left = size
    while left:
        letter = chance.choice([letter for letter in "a\n\0é中🥎" if len(letter.encode()) <= left])
        text += letter
        left -= len(letter.encode())
    return text
