"""Sealed details: who holds either key reads them, everyone else can at most check what is revealed."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import DecryptionError, InputError
from nostr_usage.nostr import nip44
from nostr_usage.nostr.keys import generate_secret_key, public_key_of
from nostr_usage.wire.details import DETAILS_BYTES_MAX, Details, description_hash, open_details, seal_details

CHANCE = random.Random(1)
ACCOUNT, OPERATOR, STRANGER = (generate_secret_key(CHANCE.randbytes) for _ in range(3))
KEY = nip44.conversation_key(OPERATOR, public_key_of(ACCOUNT))
NONCE = CHANCE.randbytes(32)
SALT = "5a" * 16
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=4))
def test_the_customer_reads_what_the_service_sealed(description: str, metadata: dict[str, str]) -> None:
    """Either side's key opens it, with description, salt and metadata as they were."""
    details = Details(description=description, salt=SALT, metadata=metadata)
    content = seal_details(details, conversation_key=KEY, nonce=NONCE)
    theirs = nip44.conversation_key(ACCOUNT, public_key_of(OPERATOR))
    assert details == open_details(content, conversation_key=theirs)


def test_nobody_else_reads_it() -> None:
    """Control: a stranger's key opens nothing, nor does a changed payload."""
    content = seal_details(Details(description="secret"), conversation_key=KEY, nonce=NONCE)
    foreign = nip44.conversation_key(STRANGER, public_key_of(ACCOUNT))
    with pytest.raises(DecryptionError):
        open_details(content, conversation_key=foreign)
    with pytest.raises(DecryptionError):
        open_details(content[:-6] + "AAAAA=", conversation_key=KEY)
    assert "secret" not in content


def test_equal_metadata_is_sealed_equally() -> None:
    """The order in which metadata was given leaves no trace."""
    pairs = {"b": "2", "a": "1"}
    backwards = dict(reversed(pairs.items()))
    assert seal_details(Details(metadata=pairs), conversation_key=KEY, nonce=NONCE) == seal_details(
        Details(metadata=backwards), conversation_key=KEY, nonce=NONCE
    )


@pytest.mark.parametrize(
    "plaintext", ["text", "[]", "7", "null", '{"metadata": []}', "[" * 30_000, '{"description": "\\ud83d']
)
def test_what_is_no_details_object_is_refused(plaintext: str) -> None:
    """Whatever the other side sealed: an error of ours, and no other."""
    content = nip44.encrypt(KEY, plaintext, nonce=NONCE)
    with pytest.raises(DecryptionError, match="JSON object"):
        open_details(content, conversation_key=KEY)


def test_fields_of_other_types_are_read_as_text() -> None:
    """A reader shows what is there, and misses nothing that is not."""
    content = nip44.encrypt(KEY, '{"description": 7, "metadata": {"a": [1]}, "more": 1}', nonce=NONCE)
    assert Details(description="7", metadata={"a": "[1]"}) == open_details(content, conversation_key=KEY)
    empty = nip44.encrypt(KEY, "{}", nonce=NONCE)
    assert Details() == open_details(empty, conversation_key=KEY)


def test_texts_longer_than_a_relay_takes_are_refused() -> None:
    """Counted in bytes, description and metadata together; what just fits goes through."""
    frame = len('{"description":"","salt":"","metadata":{}}')
    fits = "é" * ((DETAILS_BYTES_MAX - frame) // 2)
    assert (
        fits
        == open_details(
            seal_details(Details(description=fits), conversation_key=KEY, nonce=NONCE), conversation_key=KEY
        ).description
    )
    for details in (Details(description=fits + "é"), Details(description=fits, metadata={"a": "b"})):
        with pytest.raises(InputError, match="longer than 40,000 bytes") as caught:
            seal_details(details, conversation_key=KEY, nonce=NONCE)
        assert "reference" in caught.value.advice


def test_a_revealed_text_can_be_checked() -> None:
    """SHA-256 of salt and text: one description is proved without opening another."""
    details = Details(description="How do I set boundaries?", salt=SALT)
    expected = hashlib.sha256(bytes.fromhex(SALT) + b"How do I set boundaries?").hexdigest()
    assert expected == description_hash(details)
    assert expected != description_hash(Details(description="How do I set boundaries!", salt=SALT))
    assert expected != description_hash(Details(description=details.description, salt="5b" * 16))
