"""A ledger that is about to be hurt, what it acknowledged, and what must then be true of it.

Whatever happens to process, disk or machine: every acknowledged entry is there, byte for byte; no key counts
twice; the ledger is sound; whoever repeats a call that was not acknowledged gets one entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace

from nostr_usage.ledger.entry import AccountId, Operation
from nostr_usage.proof import Ledger, audit_store
from nostr_usage.publish import publish_due
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import OutboxState, Reader, Store, Transaction
from nostr_usage.writing.request import Action, Receipt, digest_of
from tests.ledgers import KIND
from tests.operators import OperatorOfTests, operator_in

ACCOUNTS = 2
TOKENS = 7
LOCAL = ConnectionPolicy(allow_local=True, silence_timeout_s=10.0)
DRAINING_ROUNDS_MAX = 40
HOUR_S = 3_600

Acknowledged = Mapping[str, str]
"""What each key was answered with: the SHA-256 of the signed event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with a ledger after a fault; all empty if nothing is.

    Attributes:
        lost: keys that were acknowledged, and are not there or have another event.
        doubled: keys that were charged more than once, when they had been repeated.
        unsound: what an audit finds.
    """

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unsound: tuple[str, ...] = ()


UNHURT = Damage()


def found_ledger(directory: Path, *, relays: tuple[str, ...]) -> None:
    """Make a ledger with some accounts."""
    directory.mkdir(parents=True, exist_ok=True)
    with operator_in(directory, relays=relays) as operator:
        for number in range(ACCOUNTS):
            operator.open_account(f"account-{number}")


def accounts_of(store: Store) -> list[AccountId]:
    """The accounts of a ledger."""
    with store.read() as reader:
        return [row.account for row in reader.accounts()]


def action_of(key: str, accounts: list[AccountId]) -> Action:
    """The action that a key always stands for."""
    account = accounts[digest_of(key)[0] % len(accounts)]
    return Action(account=account, activity="magic-mentor", tokens=TOKENS, key=key, description=f"as {key}")


def digest(receipt: Receipt) -> str:
    """What is acknowledged: the very bytes of the signed event."""
    return hashlib.sha256(receipt.event_json).hexdigest()


def damage_of(
    directory: Path, *, relays: tuple[str, ...], acknowledged: Acknowledged, attempted: Iterable[str]
) -> Damage:
    """What is wrong with the ledger in `directory`, once every key that was `attempted` is repeated."""
    with operator_in(directory, relays=relays) as operator:
        accounts = accounts_of(operator.store)
        lost = [key for key, bytes_of in acknowledged.items() if held(operator, key, accounts) != bytes_of]
        unsound = unsoundness_of(operator)
        for key in attempted:
            operator.recorder.record(action_of(key, accounts))
        return Damage(
            lost=tuple(lost),
            doubled=doubled_keys(operator, attempted),
            unsound=(*unsound, *unsoundness_of(operator)),
        )


def held(operator: OperatorOfTests, key: str, accounts: list[AccountId]) -> str | None:
    """The SHA-256 of the event that a key was answered with; None if the ledger knows nothing of it."""
    with operator.store.read() as reader:
        account = reader.account(action_of(key, accounts).account)
        assert account is not None
        request = reader.request(account.account_no, digest_of(key))
        event_json = reader.event_json(request.entry_id) if request else None
    return None if event_json is None else hashlib.sha256(event_json).hexdigest()


def doubled_keys(operator: OperatorOfTests, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys that more than one entry charges."""
    accounts = accounts_of(operator.store)
    with operator.store.read() as reader:
        charged = [
            entry.request
            for stream in list(reader.streams())
            for entry in reader.entries(stream.stream_no)
            if entry.operation is Operation.DEBIT
        ]
    counts = {request: charged.count(request) for request in charged if charged.count(request) > 1}
    if not counts:
        return ()
    from nostr_usage.wire.account_key import request_tag

    def tag(key: str) -> str:
        return request_tag(operator.operator.cipher(action_of(key, accounts).account).request_secret, key)

    return tuple(key for key in keys if tag(key) in counts)


def unsoundness_of(operator: OperatorOfTests) -> tuple[str, ...]:
    """What an audit of the whole store finds."""
    pubkey = operator.operator.signer.pubkey
    ledger = Ledger(root_pubkey=pubkey, ledger_pubkey=pubkey, ledger_id="", kinds=(KIND,))
    report = audit_store(operator.store, ledger, is_quick=True, on_progress=lambda _done, _total: None)
    return tuple(finding.problem.message for finding in report.findings)


def tokens_charged(reader: Reader) -> int:
    """The sum of all debits."""
    return sum(
        entry.tokens
        for stream in list(reader.streams())
        for entry in reader.entries(stream.stream_no)
        if entry.operation is Operation.DEBIT
    )


def say_yes_too_early(operator: OperatorOfTests, say: Callable[[Receipt], None]) -> None:
    """For controls: have the operator's recorder call `say` with each receipt before it is committed."""
    store = operator.store

    def write(work: Callable[[Transaction], object]) -> object:
        def run(transaction: Transaction) -> object:
            receipt = work(transaction)
            assert isinstance(receipt, Receipt)
            say(receipt)
            return receipt

        return store.write(run)

    vars(operator.recorder)["_store"] = SimpleNamespace(read=store.read, write=write)


async def drain(operator: OperatorOfTests, *relays: str, policy: ConnectionPolicy = LOCAL) -> bool:
    """Publish until nothing waits, an hour between two attempts; whether that came about."""
    for _ in range(DRAINING_ROUNDS_MAX):
        await publish_due(
            operator.store, relays=relays, policy=policy, clock=operator.clock, random=Random(1)
        )
        with operator.store.read() as reader:
            waiting = sum(row.count for row in reader.outbox_counts() if row.state in _WAITING)
        if not waiting:
            return True
        operator.clock.advance(HOUR_S)
    return False


_WAITING = {OutboxState.PENDING, OutboxState.ACCEPTED}
