"""The canary: who can read what a relay accepts, found out by asking."""

from __future__ import annotations

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayAccess
from nostr_usage.errors import EntryFormatError, RelayError
from nostr_usage.nostr.event import sign_event
from nostr_usage.nostr.message import EventMessage, RelayEvent, ReqMessage
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.canary import CanaryReading, CanaryReport, Sight, canary_event, send_canary
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.wire.seal import is_sealed
from tests.relay_behaviours import acknowledge_and_forget, honestly_but, refuse, require_auth
from tests.scripted_relay import Answers, Frame, ScriptedRelay, Turn, honestly
from tests.signed_events import NOW, signer_of, with_forged_signature

LOCAL = ConnectionPolicy(allow_local=True, silence_timeout_s=0.5)
SERVED = CanaryReading(sight=Sight.SERVED)
WITHHELD = CanaryReading(sight=Sight.WITHHELD)


async def send(url: str, signer: Signer) -> CanaryReport:
    """Send a canary by a key; the stranger is somebody else."""
    return await send_canary(
        url, signer=signer, stranger=signer_of(5), kind=30078, policy=LOCAL, clock=ManualClock(NOW)
    )


def test_a_canary_is_sealed_and_no_entry(signer: Signer) -> None:
    """It has the form of the protocol, and no reader takes it for a charge."""
    canary = sign_event(canary_event(kind=30078, pubkey=signer.pubkey, created_at=NOW), signer)
    assert is_sealed(canary, prefix="ai-canary:")
    assert (("t", "ul1-canary"), ("v", "ul1")) == canary.tags[1:]
    with pytest.raises(EntryFormatError):
        entry_from_event(canary)


async def test_an_open_relay_is_auditable(
    signer: Signer, embedded_relay: EmbeddedRelay, scripted_relay: ScriptedRelay, sdk_relay: str
) -> None:
    """Accepted, and served to anybody, by three relays of different make."""
    embedded_clock_report = await send(embedded_relay.url, signer)
    for report in (embedded_clock_report, await send(scripted_relay.url, signer)):
        assert (True, True) == (report.is_accepted, report.is_auditable)
        assert (SERVED, SERVED, SERVED) == (report.anonymous, report.other, report.author)
    assert (await send(sdk_relay, signer)).is_auditable


async def test_a_relay_for_members_is_not(signer: Signer) -> None:
    """Whoever proves a key may read: the stranger with a key is served, the one without is refused."""
    access = RelayAccess(auth_to_read=True)
    async with EmbeddedRelay(None, access=access, clock=ManualClock(NOW)) as relay:
        report = await send(relay.url, signer)
    assert (True, False) == (report.is_accepted, report.is_auditable)
    assert (Sight.REFUSED, Sight.SERVED, Sight.SERVED) == (
        report.anonymous.sight,
        report.other.sight,
        report.author.sight,
    )
    assert "auth-required" in report.anonymous.reason


async def test_a_relay_that_serves_authors_only_is_not(signer: Signer, scripted_relay: ScriptedRelay) -> None:
    """As NIP-78 advises for the kind: what others get looks like nothing at all."""

    async def author_only(turn: Turn) -> None:
        if signer.pubkey in turn.visit.proved:
            await honestly(turn)
        elif turn.visit.number == 0:
            await require_auth(turn)
        else:
            await honestly_but(lambda answers: answers[-1:])(turn)

    scripted_relay.on(EventMessage, require_auth)
    scripted_relay.on(ReqMessage, author_only)
    report = await send(scripted_relay.url, signer)
    assert (WITHHELD, WITHHELD, SERVED) == (report.anonymous, report.other, report.author)
    assert not report.is_auditable


async def test_accepted_and_forgotten_is_not_auditable(signer: Signer, scripted_relay: ScriptedRelay) -> None:
    """OK true is no sight of anything."""
    scripted_relay.on(EventMessage, acknowledge_and_forget)
    report = await send(scripted_relay.url, signer)
    assert (True, WITHHELD, WITHHELD, WITHHELD) == (
        report.is_accepted,
        report.anonymous,
        report.other,
        report.author,
    )


async def test_another_signature_is_not_the_canary(signer: Signer, scripted_relay: ScriptedRelay) -> None:
    """What is served must be the event, byte for byte."""

    def corrupt(answers: Answers) -> list[Frame]:
        return [
            RelayEvent(subscription_id=answer.subscription_id, event=with_forged_signature(answer.event))
            if isinstance(answer, RelayEvent)
            else answer
            for answer in answers
        ]

    scripted_relay.on(ReqMessage, honestly_but(corrupt))
    assert not (await send(scripted_relay.url, signer)).is_auditable


async def test_a_refusal_is_reported_in_the_relays_words(
    signer: Signer, scripted_relay: ScriptedRelay
) -> None:
    """Not accepted, so not there for anybody, and the reason is kept."""
    scripted_relay.on(EventMessage, refuse("blocked: kind 30078 is not taken"))
    report = await send(scripted_relay.url, signer)
    assert (False, "blocked: kind 30078 is not taken") == (report.is_accepted, report.said)
    assert not report.is_auditable


async def test_a_relay_that_is_away_raises(signer: Signer) -> None:
    """Nothing was found out, so there is nothing to remember."""
    with pytest.raises(RelayError):
        await send("ws://127.0.0.1:1/", signer)
