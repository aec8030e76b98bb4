"""Ledgers for tests of reading: a history as events, read into another store, and lies about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from nostr_usage.clock import Clock
from nostr_usage.ledger.entry import AccountId, Entry, EntryId
from nostr_usage.nostr.event import Event, VerifiedEvent, event_from_json, sign_event
from nostr_usage.nostr.message import RelayEvent
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store, StreamRow
from nostr_usage.sync import SyncReport, sync_ledger
from nostr_usage.wire.entry_event import entry_from_event, event_from_entry
from nostr_usage.writing.request import Action
from tests.operators import OperatorOfTests
from tests.relay_behaviours import honestly_but
from tests.scripted_relay import Answers, Behaviour

KIND = 30078
LOCAL = ConnectionPolicy(allow_local=True, silence_timeout_s=0.5)


def spend(operator: OperatorOfTests, account: AccountId, count: int, *, seconds_apart: int = 60) -> None:
    """`count` chats, one every so many seconds."""
    with operator.store.read() as reader:
        done = reader.entry_count()
    for number in range(done, done + count):
        operator.clock.advance(seconds_apart)
        key = f"chat-{account}-{number}"
        operator.recorder.record(Action(account=account, activity="magic-mentor", tokens=10, key=key))


def events_of(operator: OperatorOfTests, account: AccountId | None = None) -> list[Event]:
    """The operator's signed events in the order of commit, of one account or of all."""
    with operator.store.read() as reader:
        events = [event_from_json(row.event_json) for row in reader.events()]
    return [event for event in events if account is None or ("p", account) in event.tags]


def seqs(events: Iterable[Event]) -> list[int]:
    """The seq of each event's entry."""
    return [entry_from_event(event).seq for event in events]


def signed_entry(operator: OperatorOfTests, entry: Entry) -> VerifiedEvent:
    """The event of any entry, signed by the operator: who cheats signs."""
    signer = operator.operator.signer
    return sign_event(event_from_entry(entry, kind=KIND, pubkey=signer.pubkey), signer)


def rewritten(operator: OperatorOfTests, event: Event, **changes: object) -> VerifiedEvent:
    """Another event for the same slot; other fields of the entry by name."""
    changes.setdefault("type", "rewritten")
    return signed_entry(operator, replace(entry_from_event(event), **changes))  # pyright: ignore[reportArgumentType]  # by name


def rewritten_from(operator: OperatorOfTests, events: list[Event]) -> list[Event]:
    """Another chain for the same slots, on top of whatever the first event stands on."""
    chain: list[Event] = []
    for event in events:
        changes = {"prev": EntryId(chain[-1].id)} if chain else {}
        chain.append(rewritten(operator, event, **changes))
    return chain


def withholding(*seqs_hidden: int) -> Behaviour:
    """Answer honestly, but without these entries."""

    def withhold(answers: Answers) -> Answers:
        return [
            answer
            for answer in answers
            if not isinstance(answer, RelayEvent) or entry_from_event(answer.event).seq not in seqs_hidden
        ]

    return honestly_but(withhold)


def truncating(events_max: int) -> Behaviour:
    """Answer with the newest few only, and say that this is all."""
    return honestly_but(lambda answers: [*answers[:-1][:events_max], answers[-1]])


async def read_into(
    store: Store,
    operator: OperatorOfTests,
    *relays: str,
    account: AccountId | None = None,
    check_every_signature: bool = False,
    clock: Clock | None = None,
    policy: ConnectionPolicy = LOCAL,
) -> SyncReport:
    """One pass of somebody who knows the ledger key and these relays."""
    return await sync_ledger(
        store,
        relays=relays,
        ledger_pubkey=operator.operator.signer.pubkey,
        kinds=(KIND,),
        account=account,
        policy=policy,
        clock=clock or operator.clock,
        random=Random(1),
        check_every_signature=check_every_signature,
    )


def heads(store: Store) -> dict[tuple[AccountId, str], tuple[int, EntryId, str]]:
    """Head and state of every stream: what two stores of one ledger must agree on."""
    with store.read() as reader:
        return {(row.account, row.meter): (row.seq, row.head_id, row.state_json) for row in reader.streams()}


def only_stream(store: Store) -> StreamRow:
    """The stream of a store that has one."""
    with store.read() as reader:
        (stream,) = reader.streams()
    return stream
