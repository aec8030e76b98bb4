"""A history of any length within seconds: real rows of real size, whose signatures nobody made.

The first entries are signed; those after them repeat one, with ids by chance. So a store is as large, and a
screen shows as much, as after years of use; only what checks signatures must not be measured here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from nostr_usage.clock import ManualClock
from nostr_usage.enrolment import enrol
from nostr_usage.founding import NewLedger, create_operator_home
from nostr_usage.home import Home
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, Balance, Entry, EntryId, Source
from nostr_usage.ledger.state import StreamState, state_from_json, state_to_json
from nostr_usage.nostr.event import event_from_json
from nostr_usage.store import DetailsRow, Line, Store, Transaction
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.wiring import open_operator, relay_set_at
from nostr_usage.writing.request import Action, Grant

NOWHERE = "ws://127.0.0.1:9/"
NOW = int(datetime(2026, 2, 14, 15, 0, tzinfo=UTC).timestamp())
SPAN_S = 3 * 365 * 86_400
LABEL = "alice"
TOKENS = 7
SIGNED = 3
"""Opening, purchase, and the action that all others repeat."""
_LINES_AT_ONCE = 5_000
_ACTIVITIES = ("magic-mentor", "quiz-generation", "profile-matching", "experiment-creation")
_TEXTS = ("How do I set boundaries with family?", "Chapter 3", "with @sarah (family)", "A week without news")


@dataclass(frozen=True, slots=True, kw_only=True)
class LongHistory:
    """A home whose one account has `entries` entries."""

    home: Home
    account: AccountId
    entries: int
    tokens: int


def long_history(directory: Path, entries: int) -> LongHistory:
    """An operator's home in `directory`; takes about 40 µs an entry."""
    home, chance = Home(directory / "home"), random.Random(1)
    clock = ManualClock(NOW - SPAN_S)
    new = NewLedger(
        relays=relay_set_at((NOWHERE,)), catalogue="transparency", descriptions="sealed", kind=30078
    )
    create_operator_home(home, new, clock=clock, entropy=chance.randbytes)
    with open_operator(home, clock=clock, entropy=chance.randbytes) as opened:
        account = enrol(opened.recorder, opened.secrets, entropy=chance.randbytes, label=LABEL).account
        opened.recorder.grant(
            Grant(
                account=account,
                tokens=10 * TOKENS * entries,
                source=Source.PURCHASED,
                key="pack",
                paid=25_000_000,
            )
        )
        opened.recorder.record(
            Action(
                account=account, activity="magic-mentor", key="first", tokens=TOKENS, description=_TEXTS[0]
            )
        )
    with closing(Store.open(home.store_path)) as store:
        copying = extend(store, account)
        for start in range(copying.seq, entries, _LINES_AT_ONCE):
            copying.add(min(_LINES_AT_ONCE, entries - start), step_s=SPAN_S / entries)
        return LongHistory(home=home, account=account, entries=copying.seq, tokens=copying.tokens)


def extend(store: Store, account: AccountId) -> Copying:
    """Whoever appends to that account's history."""
    return Copying(store, account, random.Random(2))


class Copying:
    """The last entry of a stream, again and again."""

    def __init__(self, store: Store, account: AccountId, chance: random.Random) -> None:
        self._store = store
        self._account = account
        self._chance = chance
        with store.read() as reader:
            stream = reader.stream(account, DEFAULT_METER)
            assert stream is not None
            events = islice(reader.events_of_stream(stream.stream_no), SIGNED)
            self._event_json = list(events)[-1].event_json
        self._head = stream.head_id
        self._state: StreamState = state_from_json(stream.state_json)
        self._entry: Entry = entry_from_event(event_from_json(self._event_json))

    @property
    def seq(self) -> int:
        """The place of the last entry."""
        return self._state.seq

    @property
    def tokens(self) -> int:
        """The balance after it."""
        return self._state.lots[0].remaining

    def add(self, entries: int, *, step_s: float = 0.0) -> None:
        """Append so many in one commit, each `step_s` after the one before."""
        lines = list(self._lines(entries, step_s))
        last = lines[-1].entry
        (lot,), cycles, lifetime = self._state.lots, self._state.cycles, self._state.lifetime
        used = TOKENS * entries
        self._state = self._state._replace(
            seq=last.seq,
            created_at=last.created_at,
            lots=(lot._replace(remaining=last.balance.total),),
            cycles=tuple(cycle._replace(used=cycle.used + used, count=last.seq) for cycle in cycles),
            lifetime=lifetime._replace(used=lifetime.used + used),
        )
        self._head = lines[-1].entry_id
        self._store.write(lambda transaction: self._append(transaction, lines))

    def _lines(self, entries: int, step_s: float) -> Iterator[Line]:
        seq, at, left, head = self.seq, self._state.created_at, self.tokens, self._head
        for number in range(1, entries + 1):
            moment = at + round(step_s * number)
            entry = replace(
                self._entry,
                seq=seq + number,
                prev=head,
                type=_ACTIVITIES[number % len(_ACTIVITIES)],
                balance=Balance(total=left - TOKENS * number, expiring=0, lasting=left - TOKENS * number),
                created_at=moment,
                occurred_at=moment,
                request=self._chance.randbytes(16).hex(),
            )
            head = EntryId(self._chance.randbytes(32).hex())
            yield Line(entry=entry, entry_id=head, event_json=self._event_json, sig_checked=False)

    def _append(self, transaction: Transaction, lines: list[Line]) -> None:
        _, numbers = transaction.append(
            self._account, DEFAULT_METER, lines, state_json=state_to_json(self._state)
        )
        transaction.put_details(
            (number, DetailsRow(description=_TEXTS[number % len(_TEXTS)], salt=None, metadata_json=None))
            for number in numbers
        )
