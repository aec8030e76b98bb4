"""NIP-44 version 2: text that only two keys can read.

It has no forward secrecy: whoever gets either secret key reads all that the pair ever wrote. Payloads with a
six-byte length (texts of 65,536 bytes and more, June 2026) are read but never written: few others read them.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from nostr_usage.errors import DecryptionError, InputError
from nostr_usage.nostr.ecdh import shared_x
from nostr_usage.nostr.keys import SecretKey

PLAINTEXT_BYTES_MAX = 65_535
# More than relays take in one event; checked before anything is decoded.
PAYLOAD_CHARS_MAX = 1_048_576
PAYLOAD_CHARS_MIN = 132
NONCE_BYTES = 32
CONVERSATION_KEY_BYTES = 32

_VERSION = 2
_MAC_BYTES = 32
_EXTENDED_FROM = 65_536


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MessageKeys:
    """What encrypts and authenticates one payload; its `repr` hides it."""

    chacha_key: bytes
    chacha_nonce: bytes
    hmac_key: bytes


def conversation_key(secret: SecretKey, pubkey: str) -> bytes:
    """The 32 secret bytes that two people share, from the key of one and the `pubkey` (hex) of the other.

    Raises:
        KeyFormatError: if `pubkey` is no public key.
    """
    return hmac.digest(b"nip44-v2", shared_x(secret, pubkey), "sha256")


def encrypt(conversation_key: bytes, plaintext: str, *, nonce: bytes) -> str:
    """The payload (base64) that hides `plaintext`, 1 to 65,535 bytes of UTF-8.

    `nonce` is 32 fresh random bytes: two texts under one nonce and key are as good as public.

    Raises:
        InputError: if the text is empty, too long, or not valid Unicode.
    """
    assert len(conversation_key) == CONVERSATION_KEY_BYTES
    assert len(nonce) == NONCE_BYTES
    keys = message_keys(conversation_key, nonce)
    ciphertext = _chacha20(keys, _padded(plaintext))
    mac = hmac.digest(keys.hmac_key, nonce + ciphertext, "sha256")
    return base64.b64encode(bytes((_VERSION,)) + nonce + ciphertext + mac).decode("ascii")


def decrypt(conversation_key: bytes, payload: str) -> str:
    """The text hidden in `payload`, which came in an event whose signature is verified already.

    Raises:
        DecryptionError: if it is malformed, of another version, or not made with this key.
    """
    assert len(conversation_key) == CONVERSATION_KEY_BYTES
    nonce, ciphertext, mac = _split(payload)
    keys = message_keys(conversation_key, nonce)
    if not hmac.compare_digest(mac, hmac.digest(keys.hmac_key, nonce + ciphertext, "sha256")):
        raise DecryptionError("the NIP-44 payload was not made with this key, or was changed since")
    return _unpadded(_chacha20(keys, ciphertext))


def _split(payload: str) -> tuple[bytes, bytes, bytes]:
    """Nonce, ciphertext and MAC."""
    if not payload or payload[0] == "#":
        raise DecryptionError("the NIP-44 payload has an unknown version")
    if not PAYLOAD_CHARS_MIN <= len(payload) <= PAYLOAD_CHARS_MAX:
        raise DecryptionError(
            f"a NIP-44 payload of {len(payload):,} characters; "
            f"{PAYLOAD_CHARS_MIN} to {PAYLOAD_CHARS_MAX:,} are possible"
        )
    try:
        data = base64.b64decode(payload, validate=True)
    except ValueError:
        raise DecryptionError("the NIP-44 payload is not base64") from None
    if base64.b64encode(data) != payload.encode("ascii"):
        raise DecryptionError("the NIP-44 payload is not base64 in its one proper form")
    if data[0] != _VERSION:
        raise DecryptionError(f"the NIP-44 payload has version {data[0]}, and only {_VERSION} is known here")
    start = 1 + NONCE_BYTES
    return data[1:start], data[start:-_MAC_BYTES], data[-_MAC_BYTES:]


def message_keys(conversation_key: bytes, nonce: bytes) -> MessageKeys:
    """The keys of the one payload that has this nonce."""
    expanded = HKDFExpand(algorithm=SHA256(), length=76, info=nonce).derive(conversation_key)
    return MessageKeys(chacha_key=expanded[:32], chacha_nonce=expanded[32:44], hmac_key=expanded[44:])


def _chacha20(keys: MessageKeys, data: bytes) -> bytes:
    """`data` encrypted or decrypted, which is the same."""
    # The library counts blocks in the first four bytes of its nonce; RFC 8439 begins at zero.
    cipher = Cipher(ChaCha20(keys.chacha_key, bytes(4) + keys.chacha_nonce), mode=None)
    return cipher.encryptor().update(data)


def padded_size(size: int) -> int:
    """The bytes that a text of `size` bytes takes up, so that its length tells less about it."""
    power = 1 << (size - 1).bit_length()
    chunk = 32 if power <= 256 else power // 8
    return chunk * ((size - 1) // chunk + 1)


def _padded(plaintext: str) -> bytes:
    try:
        text = plaintext.encode()
    except UnicodeEncodeError:
        raise InputError("the text to encrypt holds a lone surrogate, so it is not valid Unicode") from None
    size = len(text)
    if not 1 <= size <= PLAINTEXT_BYTES_MAX:
        raise InputError(f"NIP-44 encrypts 1 to {PLAINTEXT_BYTES_MAX:,} bytes, not {size:,}")
    return size.to_bytes(2, "big") + text.ljust(padded_size(size), b"\0")


def _unpadded(padded: bytes) -> str:
    prefix_bytes, size = 2, int.from_bytes(padded[:2], "big")
    if size == 0:
        prefix_bytes, size = 6, int.from_bytes(padded[2:6], "big")
        if size < _EXTENDED_FROM:
            raise DecryptionError("the NIP-44 payload states a wrong length")
    if len(padded) != prefix_bytes + padded_size(size):
        raise DecryptionError("the NIP-44 payload is padded wrongly")
    try:
        return padded[prefix_bytes : prefix_bytes + size].decode()
    except UnicodeDecodeError:
        raise DecryptionError("the NIP-44 payload does not hold UTF-8 text") from None
