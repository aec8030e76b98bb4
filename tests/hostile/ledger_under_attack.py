"""The ledger that hostile relays lie about, and what its owner knows to be true."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.event import Event
from nostr_usage.wire.entry_event import entry_from_event
from tests.ledgers import events_of, spend
from tests.operators import OperatorOfTests, operator_in


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerUnderAttack:
    """Two accounts of one ledger: `account`, which relays lie about, and `other`, which they mix in.

    Attributes:
        operator: who signed; a cheating operator signs more.
        events, other_events: the true events of each account by seq.
        totals: the true balances in tokens, as the sum of what was signed.
    """

    operator: OperatorOfTests
    account: AccountId
    other: AccountId
    events: tuple[Event, ...]
    other_events: tuple[Event, ...]
    totals: dict[AccountId, int]

    @property
    def pubkey(self) -> str:
        """The ledger key."""
        return self.operator.operator.signer.pubkey

    @property
    def all_events(self) -> tuple[Event, ...]:
        """The true events of both accounts."""
        return (*self.events, *self.other_events)


@contextmanager
def ledger_in(directory: Path, *, actions: int) -> Generator[LedgerUnderAttack]:
    """A ledger whose first account has `actions` debits behind its open, plan and grant."""
    with operator_in(directory) as operator:
        account, other = operator.open_account("alice"), operator.open_account("bob")
        spend(operator, account, actions)
        spend(operator, other, 4)
        events = {name: tuple(events_of(operator, name)) for name in (account, other)}
        yield LedgerUnderAttack(
            operator=operator,
            account=account,
            other=other,
            events=events[account],
            other_events=events[other],
            totals={
                name: sum(entry_from_event(event).signed_tokens for event in of_account)
                for name, of_account in events.items()
            },
        )
