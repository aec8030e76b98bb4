"""NIP-49: a secret key encrypted with a password (`ncryptsec1…`).

Never publish one: whoever has it can guess passwords for as long as they like.
"""

from __future__ import annotations

import struct
import unicodedata
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from nostr_usage.errors import DecryptionError, InputError, KeyFormatError
from nostr_usage.nostr.bech32 import decode_bech32, encode_bech32
from nostr_usage.nostr.keys import SecretKey

PREFIX = "ncryptsec"
SALT_BYTES = 16
NONCE_BYTES = 24
# Guessing one password takes 2^log_n KiB: 16 is 64 MiB, 20 is 1 GiB, 22 is 4 GiB.
LOG_N_MAX = 22
# What a stranger's ncryptsec may make this machine allocate, unless the caller allows more.
LOG_N_DECRYPT_MAX = 20

_VERSION = 2
_BLOB_BYTES = 91
_CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


class KeySecurity(IntEnum):
    """How the key was handled before it was encrypted."""

    KNOWN_INSECURE = 0
    NOT_KNOWN_INSECURE = 1
    NOT_TRACKED = 2


def encrypt_secret_key(
    secret: SecretKey,
    password: str,
    *,
    log_n: int,
    salt: bytes,
    nonce: bytes,
    security: KeySecurity = KeySecurity.NOT_TRACKED,
) -> str:
    """`ncryptsec1…`, 162 characters, that `password` opens.

    `log_n` (1 to `LOG_N_MAX`) sets what each attempt to open it costs: 2^log_n KiB of memory; 16 is usual.
    `salt` is 16 and `nonce` 24 fresh random bytes.

    Raises:
        InputError: if `log_n` is out of range or takes more memory than there is; if the password is no
            valid Unicode.
    """
    assert len(salt) == SALT_BYTES
    assert len(nonce) == NONCE_BYTES
    if not 1 <= log_n <= LOG_N_MAX:
        raise InputError(f"log_n is a number from 1 to {LOG_N_MAX}, not {log_n}")
    key = _password_key(password, log_n=log_n, salt=salt)
    associated = bytes((security,))
    ciphertext = _cipher(key, nonce).encrypt(_inner_nonce(nonce), secret.to_bytes(), associated)
    return encode_bech32(PREFIX, bytes((_VERSION, log_n)) + salt + nonce + associated + ciphertext)


def decrypt_secret_key(ncryptsec: str, password: str, *, log_n_max: int = LOG_N_DECRYPT_MAX) -> SecretKey:
    """The secret key in `ncryptsec`; spaces around it are ignored.

    The text itself says how much memory it takes, 2^log_n KiB. Above `log_n_max` (at most `LOG_N_MAX`) it is
    refused before anything is allocated; the default allows 1 GiB.

    Raises:
        KeyFormatError: if the text is no ncryptsec.
        InputError: if it takes more memory than there is, or the password is no valid Unicode.
        DecryptionError: if the password is wrong, the version unknown, or log_n out of range.
    """
    prefix, blob = decode_bech32(ncryptsec.strip())
    if prefix != PREFIX:
        raise KeyFormatError(f"a {prefix}1… is no encrypted secret key", advice=f"Give an {PREFIX}1….")
    if blob[:1] != bytes((_VERSION,)) or len(blob) != _BLOB_BYTES:
        raise DecryptionError(f"this {PREFIX} has an unknown version or a wrong length")
    log_n, salt, nonce, associated, ciphertext = blob[1], blob[2:18], blob[18:42], blob[42:43], blob[43:]
    if not 1 <= log_n <= min(log_n_max, LOG_N_MAX):
        raise DecryptionError(
            f"this {PREFIX} asks for log_n {log_n}, and 1 to {min(log_n_max, LOG_N_MAX)} is allowed",
            advice="Each step doubles the memory that it takes; allow more only if you made it yourself.",
        )
    key = _password_key(password, log_n=log_n, salt=salt)
    try:
        return SecretKey(_cipher(key, nonce).decrypt(_inner_nonce(nonce), ciphertext, associated))
    except InvalidTag:
        raise DecryptionError("wrong password", advice="Type it again.") from None
    except KeyFormatError:
        raise DecryptionError(f"what this {PREFIX} holds is not a valid secret key") from None


def _password_key(password: str, *, log_n: int, salt: bytes) -> bytes:
    try:
        # The same password typed on two systems may come in two forms of Unicode.
        text = unicodedata.normalize("NFKC", password).encode()
        return Scrypt(salt=salt, length=32, n=1 << log_n, r=8, p=1).derive(text)
    except UnicodeEncodeError:
        raise InputError("the password holds a lone surrogate, so it is not valid Unicode") from None
    except MemoryError:
        raise InputError(f"log_n {log_n} takes {1 << log_n:,} KiB of memory, more than there is") from None


def _cipher(key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    """XChaCha20-Poly1305: the common cipher under a subkey made with the first 16 bytes of the nonce."""
    return ChaCha20Poly1305(hchacha20(key, nonce[:16]))


def _inner_nonce(nonce: bytes) -> bytes:
    return bytes(4) + nonce[16:]


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """The 32-byte subkey that XChaCha20 derives from a key and the first 16 bytes of its nonce.

    It is the outer rows of a ChaCha20 block, without the addition that ends it (draft-irtf-cfrg-xchacha).
    """
    block = Cipher(ChaCha20(key, nonce), mode=None).encryptor().update(bytes(64))
    words = struct.unpack("<16I", block)
    added = _CONSTANTS + struct.unpack("<4I", nonce)
    outer = words[:4] + words[12:]
    return struct.pack(
        "<8I", *((word - start) & 0xFFFF_FFFF for word, start in zip(outer, added, strict=True))
    )
