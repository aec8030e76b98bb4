"""Relays and operators that show events which are not what they seem; each function is one behaviour."""

from __future__ import annotations

from nostr_usage.nostr.event import Event
from nostr_usage.nostr.message import RelayEvent, encode_message
from nostr_usage.nostr.signer import Signer
from nostr_usage.wire.deletion import DELETION_KIND, VANISH_KIND
from tests.hostile import forgeries
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.scripting import (
    answering_as,
    change_answers,
    change_events,
    each_event,
    subscription_of,
)
from tests.ledgers import KIND, rewritten
from tests.scripted_relay import Answers, Frame, ScriptedRelay
from tests.signed_events import signed, signer_of, with_forged_signature


def altered_first_copy(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Each entry comes with other tokens first, under its own id, and then as it is."""

    def alter(event: RelayEvent) -> list[Frame]:
        return [encode_message(event).replace('["tokens","10"]', '["tokens","11"]'), event]

    change_events(relay, ledger, alter)


def forged_entry(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """A grant that nobody signed stands above the true head, linked to it."""
    relay.hold(*ledger.all_events, with_forged_signature(forgeries.grant_on_top(ledger)))


def foreign_author(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The same entries once more, signed by another key."""
    stranger = signer_of(9)
    change_events(
        relay,
        ledger,
        lambda event: [
            answering_as(event, signed(stranger, kind=KIND, tags=event.event.tags)),
            event,
        ],
    )


def foreign_kind(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The same entries once more, signed by the ledger key as another kind."""
    signer = ledger.operator.operator.signer

    def repeat(event: RelayEvent) -> list[Frame]:
        return [answering_as(event, signed(signer, kind=1, tags=event.event.tags)), event]

    change_events(relay, ledger, repeat)


def unasked_but_valid(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """True entries of another account come with every answer."""

    def add(answers: Answers) -> list[Frame]:
        about = subscription_of(answers)
        others = [RelayEvent(subscription_id=about, event=event) for event in ledger.other_events]
        return [*others, *answers]

    change_answers(relay, ledger, add)


def reused_d(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The operator overwrote the address of an entry with a newer event that is none."""
    events = list(ledger.all_events)
    overwritten = events[5]
    events[5] = signed(
        ledger.operator.operator.signer,
        kind=KIND,
        tags=(*overwritten.tags, ("note", "overwritten")),
        created_at=overwritten.created_at + 1,
    )
    relay.hold(*events)


def two_entries_in_one_slot(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The operator signed the head twice, with different amounts."""
    relay.hold(*ledger.all_events, rewritten(ledger.operator, ledger.events[-1], tokens=1))


def seq_of_a_billion(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The operator signed an entry that claims to be the billionth."""
    relay.hold(*ledger.all_events, rewritten(ledger.operator, ledger.events[-1], seq=1_000_000_000))


def corrupt_signature_first(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Each entry comes with a corrupt signature first, and then with its own."""
    change_events(
        relay, ledger, lambda event: [answering_as(event, with_forged_signature(event.event)), event]
    )


def corrupt_signatures_only(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Right ids, and no valid signature anywhere."""
    relay.hold(*map(with_forged_signature, ledger.all_events))


def many_corrupt_signatures(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Each entry comes with fifty different corrupt signatures, and then with its own."""
    change_events(
        relay,
        ledger,
        lambda event: [
            *(answering_as(event, copy) for copy in forgeries.corrupt_copies(event.event, count=50)),
            event,
        ],
    )


def invented_meters(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Hundreds of forged entries, each of a meter that does not exist."""
    relay.hold(*ledger.all_events, *forgeries.of_invented_meters(ledger, count=300))


def created_at_at_both_ends(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Forged entries from the beginning and the end of time, and times that are no integers."""
    relay.hold(*ledger.all_events, *forgeries.at_the_ends_of_time(ledger))

    def add(event: RelayEvent) -> list[Frame]:
        text = encode_message(event)
        created_at = f'"created_at":{event.event.created_at}'
        odd = [text.replace(created_at, f'"created_at":{time}') for time in ("-1", "1e18", "0.5", "9" * 40)]
        return [*odd, event]

    change_answers(relay, ledger, lambda answers: each_event(answers, add))


def deletion_requests(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The operator asked relays to delete two entries, and to forget the key; this one obeys the first."""
    deleted = ledger.events[4:6]
    relay.hold(
        *(event for event in ledger.all_events if event not in deleted),
        *requests_to_delete(cheating_signer(ledger), ledger),
    )


def forged_deletion_requests(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The same requests, by another author and with corrupt signatures, come with every answer."""
    by_others = requests_to_delete(signer_of(9), ledger)
    corrupt = map(with_forged_signature, requests_to_delete(cheating_signer(ledger), ledger))
    shown = (*by_others, *corrupt)
    relay.hold(*shown)

    def add(answers: Answers) -> list[Frame]:
        about = subscription_of(answers)
        honest = [answer for answer in answers if not _is_of(answer, shown)]
        return [*(RelayEvent(subscription_id=about, event=event) for event in shown), *honest]

    change_answers(relay, ledger, add)


def requests_to_delete(signer: Signer, ledger: LedgerUnderAttack) -> tuple[Event, Event]:
    """Requests of this author to delete entries 5 and 6, and to forget all that it signed."""
    names = tuple(("e", event.id) for event in ledger.events[4:6])
    return (
        signed(signer, kind=DELETION_KIND, tags=(*names, ("k", str(KIND)))),
        signed(signer, kind=VANISH_KIND, tags=(("relay", "ALL_RELAYS"),)),
    )


def cheating_signer(ledger: LedgerUnderAttack) -> Signer:
    """The ledger key, for whoever signs with it what a ledger never signs."""
    signer = signer_of(1)
    assert ledger.pubkey == signer.pubkey, "the operators of tests begin with this seed"
    return signer


def _is_of(answer: object, events: tuple[Event, ...]) -> bool:
    return isinstance(answer, RelayEvent) and answer.event in events
