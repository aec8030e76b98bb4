"""Relays that answer with parts missing, in the wrong order, or to somebody else; each function is one."""

from __future__ import annotations

from random import Random

from nostr_usage.nostr.message import RelayClosed, RelayEvent
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.scripting import (
    always,
    but_openings,
    change_answers,
    change_events,
    readdressed,
    subscription_of,
)
from tests.ledgers import truncating, withholding
from tests.relay_behaviours import drop, honestly_but, refuse, require_auth
from tests.scripted_relay import Answers, Frame, ScriptedRelay, Turn


def withheld_middle(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Entries 5 and 6 are never shown."""
    always(relay, ledger, withholding(5, 6))


def withheld_opening(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The first entry is never shown to whoever asks for the account."""
    always(relay, ledger, but_openings(withholding(1)))


def withheld_account(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The account exists, but nothing of it is shown to whoever asks for it."""
    always(relay, ledger, but_openings(honestly_but(lambda answers: answers[-1:])))


def withheld_tail(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The newest three entries are never shown."""
    always(relay, ledger, withholding(*range(len(ledger.events) - 2, len(ledger.events) + 1)))


def truncated_silently(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """At most 500 events an answer, the newest, and no word about the rest."""
    always(relay, ledger, truncating(500))


def oldest_first(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Answers begin with the oldest entry, and end after five."""
    always(relay, ledger, honestly_but(lambda answers: [*answers[-2::-1][:5], answers[-1]]))


def no_order(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The events of each answer are shuffled."""
    chance = Random(1)

    def shuffle(answers: Answers) -> Answers:
        return [*chance.sample(answers[:-1], len(answers) - 1), answers[-1]]

    change_answers(relay, ledger, shuffle)


def every_second_event(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Of each answer, every second event is missing."""
    change_answers(relay, ledger, lambda answers: [*answers[:-1:2], answers[-1]])


def every_event_thrice(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Each event comes three times in each answer."""
    change_events(relay, ledger, lambda event: [event, event, event])


def eose_first(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The end of the stored events comes before them."""
    change_answers(relay, ledger, lambda answers: [answers[-1], *answers[:-1]])


def chatter_after_eose(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """After each answer everything comes again, to a subscription that is being closed."""
    change_answers(relay, ledger, lambda answers: [*answers, *answers[:-1] * 5])


def crossed_answers(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Of two requests that are open together, each gets the answer to the other."""
    waiting: list[Answers] = []

    async def cross(turn: Turn) -> None:
        waiting.append(turn.honest())
        if len(waiting) == 2:
            first, second = waiting
            waiting.clear()
            await turn.send(*readdressed(first, second), *readdressed(second, first))

    always(relay, ledger, but_openings(cross))


def subscription_never_opened(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Events come for a subscription that nobody opened, and no answer to what was asked."""

    def readdress(answers: Answers) -> list[Frame]:
        return [
            RelayEvent(subscription_id="nobody", event=answer.event)
            for answer in answers
            if isinstance(answer, RelayEvent)
        ]

    change_answers(relay, ledger, readdress)


def auth_only(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Only those who prove a key may read."""
    always(relay, ledger, require_auth)


def restricted(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Members only, in the words of a strfry."""
    always(relay, ledger, refuse("ERROR: restricted: members only"))


def closed_without_a_reason(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Some events, and then the subscription is closed."""

    def close(answers: Answers) -> list[Frame]:
        return [*answers[:3], RelayClosed(subscription_id=subscription_of(answers), text="")]

    change_answers(relay, ledger, close)


def hanging_up_at_once(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The connection ends as soon as it stands."""
    relay.hold(*ledger.all_events)
    relay.on_connect(drop)
