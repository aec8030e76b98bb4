"""NIP-49: the published examples, an independent implementation, and what must not open."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

import nostr_sdk
import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from nostr_usage.errors import DecryptionError, InputError, KeyFormatError
from nostr_usage.nostr import nip49
from nostr_usage.nostr.bech32 import decode_bech32, encode_bech32
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.nip49 import KeySecurity, decrypt_secret_key, encrypt_secret_key

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "nip-misc-vectors.json").read_text("utf-8")
)["nip49"]
SECRET = SecretKey(b"\x49" * 32)
SALT, NONCE = bytes(range(16)), bytes(range(24))
# Cheap, for tests only: 2 KiB.
LOG_N = 1


def _ncryptsec(*, version: int = 2, log_n: int = LOG_N, cut: int = 0) -> str:
    """One of SECRET with password `pass`, its header changed afterwards."""
    blob = decode_bech32(encrypt_secret_key(SECRET, "pass", log_n=LOG_N, salt=SALT, nonce=NONCE))[1]
    return encode_bech32("ncryptsec", bytes((version, log_n)) + blob[2 : len(blob) - cut])


def test_hchacha20_gives_the_subkey_of_its_draft() -> None:
    """The example in draft-irtf-cfrg-xchacha, section 2.2.1."""
    key, nonce = bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927")
    expected = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert expected == nip49.hchacha20(key, nonce).hex()


def test_the_example_of_the_nip_opens() -> None:
    """With 64 MiB, as people use it."""
    vector = VECTORS["official"]
    assert vector["secret_hex"] == decrypt_secret_key(vector["ncryptsec"], vector["password"]).hex()


@pytest.mark.parametrize("vector", VECTORS["nostr_tools"], ids=lambda vector: vector["ncryptsec"][-8:])
def test_the_examples_of_nostr_tools_open_and_are_written_again(vector: dict[str, Any]) -> None:
    """Empty, non-ASCII and unnormalised passwords, each security byte, small costs."""
    text, password = vector["ncryptsec"], vector["password"]
    secret = decrypt_secret_key(text, password)
    assert vector["secret_hex"] == secret.hex()
    blob = decode_bech32(text)[1]
    again = encrypt_secret_key(
        secret,
        password,
        log_n=vector["log_n"],
        salt=blob[2:18],
        nonce=blob[18:42],
        security=KeySecurity(vector["key_security_byte"]),
    )
    assert text == again


def test_passwords_are_normalised() -> None:
    """The same password in two forms of Unicode opens the same key."""
    typed = bytes.fromhex(VECTORS["nfkc"]["input_utf8"]).decode()
    normal = bytes.fromhex(VECTORS["nfkc"]["nfkc_utf8"]).decode()
    assert typed != normal == unicodedata.normalize("NFKC", typed)
    text = encrypt_secret_key(SECRET, typed, log_n=LOG_N, salt=SALT, nonce=NONCE)
    assert SECRET == decrypt_secret_key(text, normal)


def test_an_ncryptsec_has_162_characters_and_says_that_handling_is_not_tracked() -> None:
    """The default security byte claims nothing."""
    text = encrypt_secret_key(SECRET, "pass", log_n=LOG_N, salt=SALT, nonce=NONCE)
    assert 162 == len(text)
    assert KeySecurity.NOT_TRACKED == decode_bech32(text)[1][42]
    assert SECRET == decrypt_secret_key(f" {text}\n", "pass")


def test_a_wrong_password_opens_nothing() -> None:
    """And is not repeated."""
    with pytest.raises(DecryptionError, match="wrong password") as caught:
        decrypt_secret_key(_ncryptsec(), "guess")
    assert "guess" not in f"{caught.value.message} {caught.value.advice}"


def test_the_security_byte_is_authenticated() -> None:
    """Nobody can claim later that the key was handled better."""
    blob = bytearray(decode_bech32(_ncryptsec())[1])
    blob[42] = KeySecurity.NOT_KNOWN_INSECURE
    with pytest.raises(DecryptionError, match="wrong password"):
        decrypt_secret_key(encode_bech32("ncryptsec", bytes(blob)), "pass")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_ncryptsec(version=1), "unknown version or a wrong length"),
        (_ncryptsec(cut=1), "unknown version or a wrong length"),
        (encode_bech32("ncryptsec", b""), "unknown version or a wrong length"),
        (encode_bech32("ncryptsec", b"\2"), "unknown version or a wrong length"),
        (_ncryptsec(log_n=0), "log_n 0, and 1 to 20"),
        (_ncryptsec(log_n=21), "log_n 21, and 1 to 20"),
        (_ncryptsec(log_n=255), "log_n 255, and 1 to 20"),
    ],
)
def test_other_blobs_are_refused_before_any_memory_is_taken(text: str, message: str) -> None:
    """The text of a stranger does not choose what this machine allocates: no machine has 2^255 KiB."""
    assert SECRET == decrypt_secret_key(_ncryptsec(), "pass")
    with pytest.raises(DecryptionError, match=message):
        decrypt_secret_key(text, "pass")


def test_the_caller_may_allow_more_or_less_but_never_over_the_limit() -> None:
    """22 stays the limit, whatever is allowed."""
    with pytest.raises(DecryptionError, match="1 to 3 is allowed"):
        decrypt_secret_key(_ncryptsec(log_n=4), "pass", log_n_max=3)
    with pytest.raises(DecryptionError, match="1 to 22 is allowed"):
        decrypt_secret_key(_ncryptsec(log_n=23), "pass", log_n_max=99)


@pytest.mark.parametrize("log_n", [-1, 0, 23])
def test_a_cost_out_of_range_is_not_written(log_n: int) -> None:
    """Nobody could open it."""
    with pytest.raises(InputError, match="from 1 to 22"):
        encrypt_secret_key(SECRET, "pass", log_n=log_n, salt=SALT, nonce=NONCE)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit on address space is not enforced")
def test_too_little_memory_is_an_error_of_ours() -> None:
    """4 GiB in a process that may not have them."""
    import resource  # not everywhere

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = 2**32 if before[1] == resource.RLIM_INFINITY else min(before[1], 2**32)
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        with pytest.raises(InputError, match="log_n 22 takes 4,194,304 KiB of memory, more than there is"):
            encrypt_secret_key(SECRET, "pass", log_n=22, salt=SALT, nonce=NONCE)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_password_that_is_no_text_is_refused() -> None:
    """A terminal may pass bytes that are no UTF-8 as lone surrogates."""
    with pytest.raises(InputError, match="lone surrogate"):
        encrypt_secret_key(SECRET, "\udcff", log_n=LOG_N, salt=SALT, nonce=NONCE)


@pytest.mark.parametrize("text", ["nsec1", SECRET.nsec(), SECRET.hex(), ""])
def test_what_is_no_ncryptsec_is_refused(text: str) -> None:
    """By the same error as every other identifier, without repeating it."""
    with pytest.raises(KeyFormatError) as caught:
        decrypt_secret_key(text, "pass")
    assert not text or text not in caught.value.message


def test_a_decrypted_number_that_is_no_key_is_refused() -> None:
    """Somebody can encrypt zeros under a right password."""
    key = Scrypt(salt=SALT, length=32, n=2, r=8, p=1).derive(b"pass")
    cipher = ChaCha20Poly1305(nip49.hchacha20(key, NONCE[:16]))
    sealed = cipher.encrypt(bytes(4) + NONCE[16:], bytes(32), b"\0")
    with pytest.raises(DecryptionError, match="not a valid secret key"):
        decrypt_secret_key(encode_bech32("ncryptsec", b"\2\1" + SALT + NONCE + b"\0" + sealed), "pass")


@pytest.mark.parametrize("password", ["", "pass", "pässwörd 中🥎"])
def test_nostr_sdk_and_this_library_open_each_others(password: str) -> None:
    """In both directions."""
    ours = encrypt_secret_key(SECRET, password, log_n=4, salt=SALT, nonce=NONCE)
    assert SECRET.hex() == nostr_sdk.EncryptedSecretKey.from_bech32(ours).decrypt(password).to_hex()
    theirs = nostr_sdk.EncryptedSecretKey(
        nostr_sdk.SecretKey.parse(SECRET.hex()), password, 4, nostr_sdk.KeySecurity.UNKNOWN
    )
    assert SECRET == decrypt_secret_key(theirs.to_bech32(), password)
