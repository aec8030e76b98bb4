"""Account keys: an account id that belongs to a person without naming them, and what is derived beside it.

One account is one Nostr key pair; its public half is the account id on every entry. Someone with an `nsec` of
their own derives the account key from it, so the account cannot be linked to their npub; for others the
service makes a random key, hands it over and then deletes it. PROTOCOL.md, "Keys".
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.keys import SecretKey, public_key_of

# The order of secp256k1 (SEC 2, section 2.4.1).
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_DERIVED_BYTES = 48
_REQUEST_DIGITS = 32
_PSEUDONYM_DIGITS = 16


def derive_account_key(nsec: SecretKey, *, ledger_id: str) -> SecretKey:
    """The account key that the holder of `nsec` has in the ledger `ledger_id` (64 hex digits).

    48 bytes of HKDF-SHA256 (RFC 5869) reduced modulo n − 1, plus one: uniform to within 2^-128, never zero.
    """
    derived = HKDF(
        algorithm=SHA256(),
        length=_DERIVED_BYTES,
        salt=b"ul1/account",
        info=ledger_id.encode("ascii"),
    ).derive(nsec.to_bytes())
    scalar = int.from_bytes(derived, "big") % (_CURVE_ORDER - 1) + 1
    return SecretKey(scalar.to_bytes(32, "big"))


def account_id(account_key: SecretKey) -> AccountId:
    """The public half of an account key."""
    return AccountId(public_key_of(account_key))


def request_tag(request_secret: bytes, idempotency_key: str) -> str:
    """The `x` tag: an idempotency key as nobody but the service can recognise it, 32 hex digits.

    `request_secret` is the account's own 32 bytes, so equal keys of two accounts do not look equal.
    """
    digest = hmac.new(request_secret, idempotency_key.encode("utf-8"), sha256).hexdigest()
    return digest[:_REQUEST_DIGITS]


def own_request_tag(request_secret: bytes, *, meter: str, key: str) -> str:
    """The `x` tag of an entry that the ledger writes of itself, such as a renewal of one meter.

    The zero byte keeps these apart from every key that a caller can choose.
    """
    digest = hmac.new(request_secret, f"\x00{meter}\x00{key}".encode(), sha256).hexdigest()
    return digest[:_REQUEST_DIGITS]


def payment_tag(request_secret: bytes, payment_id: str) -> str:
    """The `pay` tag of a purchase: the payment's id as nobody but the service can recognise it."""
    digest = hmac.new(request_secret, b"payment\x00" + payment_id.encode("utf-8"), sha256).hexdigest()
    return digest[:_REQUEST_DIGITS]


def pseudonym_of(request_secret: bytes, name: str, *, sort: str) -> str:
    """What entries call a member (`sort` m) or department (d) of the account: `m-` and 16 hex digits.

    The same name gives the same pseudonym, also after a lost store was recovered, and nobody without the
    account's secret can tell which name it was.
    """
    digest = hmac.new(request_secret, f"{sort}\x00{name}".encode(), sha256).hexdigest()
    return f"{sort}-{digest[:_PSEUDONYM_DIGITS]}"
