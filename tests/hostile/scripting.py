"""How hostile relays are scripted: parts that the behaviours are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from nostr_usage.nostr.event import Event
from nostr_usage.nostr.message import RelayEose, RelayEvent, ReqMessage, encode_message
from tests.hostile import forgeries
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.relay_behaviours import honestly_but, in_turn
from tests.scripted_relay import Answers, Behaviour, Frame, ScriptedRelay, Turn, honestly

Script = Callable[[ScriptedRelay, LedgerUnderAttack], None]
"""Prepares a relay to do something."""

FLOOD_MAX = 20_000


def always(relay: ScriptedRelay, ledger: LedgerUnderAttack, behaviour: Behaviour) -> None:
    """Know the whole ledger, and answer every request like this."""
    relay.hold(*ledger.all_events)
    relay.on(ReqMessage, behaviour)


def change_answers(
    relay: ScriptedRelay, ledger: LedgerUnderAttack, change: Callable[[Answers], Iterable[Frame]]
) -> None:
    """Change every honest answer on its way."""
    always(relay, ledger, honestly_but(change))


def change_events(
    relay: ScriptedRelay, ledger: LedgerUnderAttack, change: Callable[[RelayEvent], list[Frame]]
) -> None:
    """Send something else for each event of an answer."""
    change_answers(relay, ledger, lambda answers: each_event(answers, change))


def each_event(answers: Answers, change: Callable[[RelayEvent], list[Frame]]) -> list[Frame]:
    """The answers with each event changed."""
    frames: list[Frame] = []
    for answer in answers:
        frames += change(answer) if isinstance(answer, RelayEvent) else [answer]
    return frames


def begin_with(relay: ScriptedRelay, ledger: LedgerUnderAttack, *noise: str | bytes) -> None:
    """Send these frames, with the subscription's id for SUB, before each honest answer."""

    async def send(turn: Turn) -> None:
        about = subscription_of(turn.honest())
        await turn.send(*(text.replace("SUB", about) if isinstance(text, str) else text for text in noise))

    always(relay, ledger, in_turn(send, honestly))


def flood_pages(
    relay: ScriptedRelay,
    ledger: LedgerUnderAttack,
    mix: Callable[[Answers, list[str]], Iterable[Frame]],
) -> None:
    """Let `mix` put forged events into each page of the account under attack."""
    forged = _flood_of(ledger)

    def flood(answers: Answers) -> Iterable[Frame]:
        about = subscription_of(answers)
        return mix(answers, [text.replace("SUB", about, 1) for text in forged])

    async def answer(turn: Turn) -> None:
        is_page = asked_for(turn) == ("p", (ledger.account,))
        await (honestly_but(flood) if is_page else honestly)(turn)

    always(relay, ledger, answer)


@cache
def _flood_of(ledger: LedgerUnderAttack) -> tuple[str, ...]:
    """Forged events as messages to a subscription SUB."""
    return tuple(
        encode_message(RelayEvent(subscription_id="SUB", event=event))
        for event in forgeries.on_top(ledger, count=FLOOD_MAX)
    )


def but_openings(behaviour: Behaviour) -> Behaviour:
    """Behave like this to whoever asks for entries of an account, honestly to whoever asks anything else."""

    async def behave(turn: Turn) -> None:
        await (behaviour if asked_for(turn)[0] in {"p", "s"} else honestly)(turn)

    return behave


def asked_for(turn: Turn) -> tuple[str, tuple[str, ...]]:
    """The tag that is asked for, with the values; ("", ()) if none is."""
    assert isinstance(turn.message, ReqMessage)
    return next(iter(turn.message.filters[0].tags), ("", ()))


def answering_as(answer: RelayEvent, event: Event) -> RelayEvent:
    """Another event in the place of an answer's own."""
    return RelayEvent(subscription_id=answer.subscription_id, event=event)


def subscription_of(answers: Answers) -> str:
    """The subscription that answers are for."""
    eose = answers[-1]
    assert isinstance(eose, RelayEose)
    return eose.subscription_id


def readdressed(answers: Answers, asked: Answers) -> Answers:
    """The answers to one request, as if they answered another."""
    about = subscription_of(asked)
    events = [answer.event for answer in answers if isinstance(answer, RelayEvent)]
    return [
        *(RelayEvent(subscription_id=about, event=event) for event in events),
        RelayEose(subscription_id=about),
    ]
