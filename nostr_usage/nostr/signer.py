"""The signer: one secret key, ready to sign many events, that refuses the kinds a ledger must never sign."""

from __future__ import annotations

from collections.abc import Callable

from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.schnorr import AUX_BYTES, SigningKey

# A deletion request (NIP-09) and a request to vanish (NIP-62): one of them would end a ledger.
REFUSED_KINDS = frozenset({5, 62})


class Signer:
    """Signs with one key; `event.sign_event` asks it which kinds to refuse.

    Its `repr` shows the public key only.

    Args:
        secret: parsed once, here.
        entropy: gives that many bytes of the operating system's chance, fresh for every signature.
        refused_kinds: event kinds that are never signed.
    """

    __slots__ = ("_entropy", "_key", "pubkey", "refused_kinds")

    pubkey: str
    """The public key, 64 lowercase hex digits."""
    refused_kinds: frozenset[int]

    def __init__(
        self,
        secret: SecretKey,
        *,
        entropy: Callable[[int], bytes],
        refused_kinds: frozenset[int] = REFUSED_KINDS,
    ) -> None:
        self._key = SigningKey(secret.to_bytes())
        self._entropy = entropy
        self.pubkey = self._key.public_key.hex()
        self.refused_kinds = refused_kinds

    def sign(self, message: bytes) -> bytes:
        """The 64-byte BIP-340 signature of `message`, which is the 32 bytes of an event id.

        Raises:
            InputError: if `message` is not 32 bytes.
        """
        return self._key.sign(message, aux=self._entropy(AUX_BYTES))

    def __repr__(self) -> str:
        return f"Signer(pubkey={self.pubkey!r})"
