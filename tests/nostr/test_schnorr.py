"""BIP-340: the official vectors by every backend, and lengths that must never reach C."""

from __future__ import annotations

import csv
import importlib.util
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import InputError, KeyFormatError, UnknownNameError
from nostr_usage.nostr import schnorr

VECTORS = Path(__file__).parents[1] / "vectors" / "bip340-vectors.csv"
SECRET = bytes(31) + b"\3"
MESSAGE = bytes(range(32))
AUX = bytes(32)
CURVE_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the file; `secret` and `aux` are empty where it only verifies."""

    index: int
    secret: bytes
    pubkey: bytes
    aux: bytes
    message: bytes
    signature: bytes
    is_valid: bool

    def __str__(self) -> str:
        return str(self.index)


def rows() -> list[Row]:
    """All lines of the file."""
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                index=int(line["index"]),
                secret=bytes.fromhex(line["secret key"]),
                pubkey=bytes.fromhex(line["public key"]),
                aux=bytes.fromhex(line["aux_rand"]),
                message=bytes.fromhex(line["message"]),
                signature=bytes.fromhex(line["signature"]),
                is_valid=line["verification result"] == "TRUE",
            )
            for line in csv.DictReader(file)
        ]


ROWS = rows()
# Nostr signs ids, so only these lengths exist for it.
ROWS_OF_32_BYTES = [row for row in ROWS if len(row.message) == schnorr.MESSAGE_BYTES]
SIGNING_ROWS = [row for row in ROWS_OF_32_BYTES if row.secret]
OTHER_ROWS = [row for row in ROWS if len(row.message) != schnorr.MESSAGE_BYTES]

every_backend = pytest.mark.parametrize("backend", schnorr.available_backends())


def schnorr_without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> Any:
    """The module as it is where the named ones cannot be imported: a second instance, nothing loaded yet."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    spec = importlib.util.find_spec(schnorr.__name__)
    assert spec is not None
    assert spec.loader is not None
    instance = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(instance)
    return instance


def test_the_vectors_are_all_there() -> None:
    """The official file, unchanged: 15 rows with 32-byte messages, 4 with other lengths, 4 that sign."""
    digest = sha256(VECTORS.read_bytes()).hexdigest()
    assert "34c9d1d9c3a88d524bc80778540dc43f8306ec249a7485293063c376db851c2d" == digest
    assert (15, 4, 4) == (len(ROWS_OF_32_BYTES), len(OTHER_ROWS), len(SIGNING_ROWS))


def test_both_backends_are_tested_where_both_exist() -> None:
    """Wherever secp256k1 can be imported, every test below runs with it too."""
    installed = ["coincurve"]
    if importlib.util.find_spec("secp256k1"):
        installed.append("secp256k1")
    assert tuple(installed) == schnorr.available_backends()


@every_backend
@pytest.mark.parametrize("row", ROWS_OF_32_BYTES, ids=str)
def test_a_signature_is_judged_as_the_standard_says(row: Row, backend: str) -> None:
    """Every row with a 32-byte message verifies, or fails to, as printed."""
    assert row.is_valid is schnorr.verify_with(backend, row.pubkey, row.message, row.signature)


@every_backend
@pytest.mark.parametrize("row", OTHER_ROWS, ids=str)
def test_a_message_of_another_length_is_refused(row: Row, backend: str) -> None:
    """The standard signs any message, Nostr only ids: other lengths are no valid signature here."""
    assert row.is_valid
    assert not schnorr.verify_with(backend, row.pubkey, row.message, row.signature)
    with pytest.raises(InputError, match="32 bytes of message"):
        schnorr.SigningKey(row.secret, backend=backend).sign(row.message, aux=row.aux)


@every_backend
@pytest.mark.parametrize("row", SIGNING_ROWS, ids=str)
def test_signing_gives_the_printed_signature(row: Row, backend: str) -> None:
    """With the row's auxiliary bytes the signature is the row's, byte for byte."""
    key = schnorr.SigningKey(row.secret, backend=backend)
    assert row.pubkey == key.public_key
    assert row.signature == key.sign(row.message, aux=row.aux)


@pytest.mark.parametrize("row", SIGNING_ROWS, ids=str)
def test_the_plain_functions_agree_with_the_vectors(row: Row) -> None:
    """`sign`, `public_key` and `verify` use the first backend."""
    assert row.pubkey == schnorr.public_key(row.secret)
    assert row.signature == schnorr.sign(row.secret, row.message, aux=row.aux)
    assert schnorr.verify(row.pubkey, row.message, row.signature)


@given(secret=st.integers(1, CURVE_ORDER - 1), message=st.binary(min_size=32, max_size=32))
def test_the_backends_agree(secret: int, message: bytes) -> None:
    """What one backend signs, every other signs alike and verifies; not so for another message."""
    raw = secret.to_bytes(32, "big")
    other = sha256(message).digest()
    signatures = {
        schnorr.SigningKey(raw, backend=name).sign(message, aux=AUX) for name in schnorr.available_backends()
    }
    assert 1 == len(signatures)
    pubkey, signature = schnorr.public_key(raw), signatures.pop()
    for backend in schnorr.available_backends():
        assert schnorr.verify_with(backend, pubkey, message, signature)
        assert not schnorr.verify_with(backend, pubkey, other, signature)


@every_backend
@pytest.mark.parametrize(
    ("pubkey_bytes", "message_bytes", "signature_bytes"),
    [
        (31, 32, 64),
        (33, 32, 64),
        (0, 32, 64),
        (32, 31, 64),
        (32, 33, 64),
        (32, 32, 63),
        (32, 32, 65),
        (32, 32, 0),
    ],
)
def test_wrong_lengths_never_verify(
    backend: str, pubkey_bytes: int, message_bytes: int, signature_bytes: int
) -> None:
    """One byte more or less is no signature, although the C function would look only at what it expects."""
    pubkey = schnorr.public_key(SECRET)
    signature = schnorr.sign(SECRET, MESSAGE, aux=AUX)
    assert schnorr.verify_with(backend, pubkey, MESSAGE, signature)
    assert not schnorr.verify_with(
        backend,
        (pubkey + AUX)[:pubkey_bytes],
        (MESSAGE + AUX)[:message_bytes],
        (signature + AUX)[:signature_bytes],
    )


@every_backend
@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_a_changed_bit_spoils_the_signature(backend: str, position: int) -> None:
    """Every byte of a signature counts."""
    signature = bytearray(schnorr.sign(SECRET, MESSAGE, aux=AUX))
    signature[position] ^= 1
    assert not schnorr.verify_with(backend, schnorr.public_key(SECRET), MESSAGE, bytes(signature))


@every_backend
@pytest.mark.parametrize(
    "secret",
    [b"", bytes(31), bytes(33), bytes(32), CURVE_ORDER.to_bytes(32, "big"), b"\xff" * 32],
    ids=["empty", "short", "long", "zero", "order", "beyond"],
)
def test_an_impossible_secret_is_refused(backend: str, secret: bytes) -> None:
    """Secrets are 32 bytes, from 1 to the order of the curve less one."""
    with pytest.raises(KeyFormatError):
        schnorr.SigningKey(secret, backend=backend)


@pytest.mark.parametrize("aux", [b"", bytes(31), bytes(33)])
def test_chance_of_another_length_is_refused(aux: bytes) -> None:
    """C would read 32 bytes whatever it is given."""
    with pytest.raises(InputError, match="of chance"):
        schnorr.sign(SECRET, MESSAGE, aux=aux)


def test_a_signing_key_hides_its_secret() -> None:
    """Neither `repr` nor an error names the secret."""
    assert "SigningKey(hidden)" == repr(schnorr.SigningKey(SECRET))
    with pytest.raises(KeyFormatError) as caught:
        schnorr.SigningKey(b"\xab" * 33)
    assert "ab" * 4 not in str(caught.value)


def test_coincurve_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where secp256k1 has no wheel, all works but the second opinion, which says what is missing."""
    alone = schnorr_without(monkeypatch, "secp256k1")
    assert ("coincurve",) == alone.available_backends()
    signature = alone.sign(SECRET, MESSAGE, aux=AUX)
    assert alone.verify(alone.public_key(SECRET), MESSAGE, signature)
    with pytest.raises(UnknownNameError, match=r"'secp256k1' \(known: coincurve\)"):
        alone.verify_with("secp256k1", alone.public_key(SECRET), MESSAGE, signature)


@pytest.mark.skipif("secp256k1" not in schnorr.available_backends(), reason="secp256k1 has no wheel here")
def test_secp256k1_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where coincurve cannot be loaded, the other backend signs and verifies the same."""
    row = SIGNING_ROWS[1]
    alone = schnorr_without(monkeypatch, "coincurve._libsecp256k1")
    assert ("secp256k1",) == alone.available_backends()
    assert row.signature == alone.sign(row.secret, row.message, aux=row.aux)
    assert alone.verify(row.pubkey, row.message, row.signature)


def test_no_backend_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any backend nothing is verified, and the error is ours."""
    alone = schnorr_without(monkeypatch, "coincurve._libsecp256k1", "secp256k1")
    with pytest.raises(UnknownNameError) as caught:
        alone.verify(bytes(32), MESSAGE, bytes(64))
    assert "Install one of: coincurve, secp256k1." == caught.value.advice


def test_an_unknown_backend_is_refused() -> None:
    """A name that is no backend is an error of the caller, not a failed verification."""
    with pytest.raises(UnknownNameError, match="signature backend 'openssl'"):
        schnorr.verify_with("openssl", bytes(32), MESSAGE, bytes(64))
