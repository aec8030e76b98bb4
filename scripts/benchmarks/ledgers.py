"""Ledgers of any size, made in bulk: real entries, really signed, without a caller for each."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nostr_usage.clock import ManualClock
from nostr_usage.enrolment import enrol
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, Cost, LotTerms, Operation, Source
from nostr_usage.ledger.posting import Draft
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.signer import Signer
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.record import Recorder
from nostr_usage.store import Store, Transaction
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.details import DescriptionMode
from nostr_usage.writing.stream_writer import Operator, StreamWriter

ACCOUNTS = 200
START = 1_780_000_000
SPAN_S = 10 * 86_400
# Entries that one transaction gives an account share a second; relays cut pages at 500 events.
_CHUNK = 50
_ACCOUNTS_AT_ONCE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchLedger:
    """An operator's ledger and its accounts."""

    store: Store
    operator: Operator
    clock: ManualClock
    catalogue: Catalogue
    recorder: Recorder
    accounts: tuple[AccountId, ...]
    entropy: Callable[[int], bytes]


@contextmanager
def new_ledger(
    directory: Path, *, accounts: int = ACCOUNTS, relays: tuple[str, ...] = ()
) -> Generator[BenchLedger]:
    """An operator's ledger with accounts that have bought more than they will use."""
    entropy = random.Random(1).randbytes
    clock, catalogue = ManualClock(START), load_catalogue()
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(directory / "ledger.sqlite", create=True))
        secrets = stack.enter_context(AccountSecrets.open(directory / "accounts.sqlite", create=True))
        numbers = store.write(lambda transaction: tuple(transaction.add_relay(relay) for relay in relays))
        operator = Operator(
            signer=Signer(generate_secret_key(entropy), entropy=entropy),
            secrets=secrets,
            clock=clock,
            entropy=entropy,
            kind=30078,
            description_mode=DescriptionMode.SEALED,
            outbox_relays=numbers,
        )
        recorder = Recorder(store=store, operator=operator, catalogue=catalogue)
        opened = tuple(
            enrol(recorder, secrets, entropy=entropy, label=f"account-{number}").account
            for number in range(accounts)
        )
        yield BenchLedger(
            store=store,
            operator=operator,
            clock=clock,
            catalogue=catalogue,
            recorder=recorder,
            accounts=opened,
            entropy=entropy,
        )


def fill(ledger: BenchLedger, entries: int) -> None:
    """Add about `entries` debits, spread evenly over accounts and ten days."""
    each = entries // len(ledger.accounts)
    for start in range(0, each, _CHUNK):
        ledger.clock.set(START + SPAN_S * start // each)
        numbers = range(start, min(start + _CHUNK, each))
        for accounts in _batches(ledger.accounts):
            ledger.store.write(lambda transaction, a=accounts, n=numbers: _write(ledger, transaction, a, n))


def _batches(accounts: Sequence[AccountId]) -> Iterator[Sequence[AccountId]]:
    for start in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
        yield accounts[start : start + _ACCOUNTS_AT_ONCE]


def _write(
    ledger: BenchLedger, transaction: Transaction, accounts: Sequence[AccountId], numbers: range
) -> None:
    for account in accounts:
        writer = StreamWriter(transaction, ledger.operator, account=account, meter=DEFAULT_METER)
        if numbers.start == 0:
            writer.write(_purchase())
        for number in numbers:
            writer.write(debit(f"bench-{number}", ledger.clock.now()))
        writer.finish()


def debit(key: str, at: int) -> Draft:
    """A chat like thousands of others."""
    return Draft(
        operation=Operation.DEBIT,
        type="magic-mentor",
        tokens=7,
        cost=Cost(micro_dollars=10_500),
        occurred_at=at,
        key=key,
        prices=("transparency:1:magic-mentor:2ca99737",),
    )


def _purchase() -> Draft:
    return Draft(
        operation=Operation.GRANT,
        type="purchase",
        tokens=10_000_000,
        cost=Cost(micro_dollars=10_000_000),
        occurred_at=START,
        key="bench-purchase",
        lot=LotTerms(source=Source.PURCHASED, expires_at=None),
    )
