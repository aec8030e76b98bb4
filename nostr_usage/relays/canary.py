"""The canary: an event that means nothing, by which it shows who can read what a relay accepts.

A relay may take an event and serve it to its author only, as NIP-78 advises for kind 30078, or to nobody.
PROTOCOL.md, "Canary".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.clock import Clock
from nostr_usage.errors import RelayError, RelayRefusedError
from nostr_usage.nostr.event import Event, UnsignedEvent, event_to_json, sign_event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.wire.seal import VERSION, sealed_event

CANARY_TYPE = "ul1-canary"
_PREFIX = "ai-canary:"


class Sight(StrEnum):
    """What one reader saw of the canary."""

    SERVED = "served"
    """Byte for byte as it was signed."""
    WITHHELD = "withheld"
    """An answer without it, or with another copy."""
    REFUSED = "refused"
    """A refusal to answer, with a reason."""
    UNREACHABLE = "unreachable"
    """No answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReading:
    """What one reader saw, and the relay's words if it refused."""

    sight: Sight
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """How a canary fared at one relay.

    Attributes:
        event_id: of the canary; `sent_at` is its time, unix seconds.
        is_accepted: whether the relay said OK to it; `said` is what it said with that.
        anonymous, other, author: what was seen by a reader without a key, by one with a key that the relay
            never saw, and by the ledger key itself.
    """

    event_id: str
    sent_at: int
    is_accepted: bool
    said: str
    anonymous: CanaryReading
    other: CanaryReading
    author: CanaryReading

    @property
    def is_auditable(self) -> bool:
        """Whether anybody can read there what the ledger publishes, without a key."""
        return self.anonymous.sight is Sight.SERVED


def canary_event(*, kind: int, pubkey: str, created_at: int) -> UnsignedEvent:
    """A canary, for the ledger key to sign; in the kind of entries, which relays may treat apart."""
    return sealed_event(
        kind=kind,
        pubkey=pubkey,
        created_at=created_at,
        prefix=_PREFIX,
        tags=(("t", CANARY_TYPE), ("v", VERSION)),
        content="",
    )


async def send_canary(
    url: str, *, signer: Signer, stranger: Signer, kind: int, policy: ConnectionPolicy, clock: Clock
) -> CanaryReport:
    """Publish a canary to one relay, and look for it as nobody, as a stranger and as its author.

    Args:
        url: of the relay.
        signer: the ledger key.
        stranger: any other key.
        kind: that entries have.
        policy: limits of each connection.
        clock: dates the canary and answers to challenges.

    Raises:
        RelayError: if the relay cannot be reached to publish; what readers see is in the report.
    """
    unsigned = canary_event(kind=kind, pubkey=signer.pubkey, created_at=clock.now())
    canary = sign_event(unsigned, signer)
    async with RelayConnection(url, policy=policy, clock=clock, signer=signer) as relay:
        answer = await relay.publish(canary)
        author = await _look(relay, canary)
    return CanaryReport(
        event_id=canary.id,
        sent_at=canary.created_at,
        is_accepted=answer.is_accepted,
        said=str(answer.reason),
        anonymous=await _look_as(None, url, canary, policy=policy, clock=clock),
        other=await _look_as(stranger, url, canary, policy=policy, clock=clock),
        author=author,
    )


async def _look_as(
    signer: Signer | None, url: str, canary: Event, *, policy: ConnectionPolicy, clock: Clock
) -> CanaryReading:
    try:
        async with RelayConnection(url, policy=policy, clock=clock, signer=signer) as relay:
            return await _look(relay, canary)
    except RelayError as error:
        return CanaryReading(sight=Sight.UNREACHABLE, reason=error.message)


async def _look(relay: RelayConnection, canary: Event) -> CanaryReading:
    try:
        found = await relay.fetch(Filter(ids=(canary.id,), limit=1))
    except RelayRefusedError as error:
        return CanaryReading(sight=Sight.REFUSED, reason=error.message)
    except RelayError as error:
        return CanaryReading(sight=Sight.UNREACHABLE, reason=error.message)
    is_served = event_to_json(canary) in map(event_to_json, found)
    return CanaryReading(sight=Sight.SERVED if is_served else Sight.WITHHELD)
