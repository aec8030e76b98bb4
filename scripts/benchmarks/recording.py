"""Recording: durable entries a second, with everything a caller pays for, against the floor beneath it.

The floor builds and signs the same events and writes the same rows (event, entry, state, request, totals,
outbox), an entry at a time, in batches of FULL commits: what is left when there is nobody to answer, no price
to find, and no key to compare.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, Source
from nostr_usage.nostr.event import UnsignedEvent, event_to_json, sign_event
from nostr_usage.record import AsyncRecorder
from nostr_usage.spend import Spender
from nostr_usage.store import AccountRow, Transaction
from nostr_usage.writing.intent import Hold, Intent, Used
from nostr_usage.writing.request import Action, Grant
from nostr_usage.writing.stream_writer import StreamWriter
from scripts.benchmarks.ledgers import BenchLedger, debit, new_ledger
from scripts.benchmarks.measuring import Row, compare

TASKS = 64
PER_CALLER = 100
ALONE = 500


def rows(*, rounds: int = 3) -> list[Row]:
    """64 tasks, 64 threads, one caller alone, and one that reserves first."""
    entries = TASKS * PER_CALLER
    return [
        compare(
            "record, 64 threads",
            lambda: _with_ledger(_threads),
            lambda: _with_ledger(floor_entries_s),
            entries=entries,
            peer_name="build + sign + the same inserts",
            unit="entries/s",
            goal="≥ 0.55",
            rounds=rounds,
        ),
        compare(
            "record, 64 tasks",
            lambda: _with_ledger(lambda ledger: asyncio.run(_tasks(ledger))),
            lambda: _with_ledger(floor_entries_s),
            entries=entries,
            peer_name="build + sign + the same inserts",
            unit="entries/s",
            goal="≥ 0.75",
            rounds=rounds,
        ),
        compare(
            "record, one caller",
            lambda: 1e6 / _with_ledger(_alone),
            lambda: 1e6 / _with_ledger(_sign_and_commit),
            entries=ALONE,
            peer_name="sign + FULL commit",
            unit="µs a call",
            goal="≤ 1.4",
            rounds=rounds,
        ),
        compare(
            "record, one caller",
            lambda: 1e6 / _with_ledger(_alone),
            lambda: 1e6 / _with_ledger(_floor_alone),
            entries=ALONE,
            peer_name="build + sign + the same inserts, a commit each",
            unit="µs a call",
            rounds=rounds,
        ),
        compare(
            "reserve + settle",
            lambda: 1e6 / _with_ledger(_reserve_and_settle),
            lambda: 1e6 / _with_ledger(_alone),
            entries=ALONE,
            peer_name="record, one caller",
            unit="µs a pair",
            rounds=rounds,
        ),
    ]


def _with_ledger(measure: Callable[[BenchLedger], float]) -> float:
    with tempfile.TemporaryDirectory() as directory, new_ledger(Path(directory)) as ledger:
        return measure(ledger)


def _action(account: AccountId, key: str) -> Action:
    return Action(account=account, activity="magic-mentor", tokens=7, key=key)


def _threads(ledger: BenchLedger) -> float:
    def work(name: int) -> None:
        account = ledger.accounts[name]
        for number in range(PER_CALLER):
            ledger.recorder.record(_action(account, f"{name}-{number}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(TASKS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return TASKS * PER_CALLER / (time.perf_counter() - started)


async def _tasks(ledger: BenchLedger) -> float:
    recorder = AsyncRecorder(store=ledger.store, operator=ledger.operator, catalogue=ledger.catalogue)

    async def work(name: int) -> None:
        account = ledger.accounts[name]
        for number in range(PER_CALLER):
            await recorder.record(_action(account, f"{name}-{number}"))

    callers: list[Coroutine[None, None, None]] = [work(name) for name in range(TASKS)]
    started = time.perf_counter()
    await asyncio.gather(*callers)
    return TASKS * PER_CALLER / (time.perf_counter() - started)


def floor_entries_s(ledger: BenchLedger) -> float:
    """Entries a second without callers: built, signed and inserted, `TASKS` to a commit."""

    def write_batch(transaction: Transaction, number: int) -> None:
        for account in accounts:
            _write_entry(ledger, transaction, account, number)

    accounts = _account_rows(ledger)[:TASKS]
    started = time.perf_counter()
    for number in range(PER_CALLER):
        ledger.store.write(lambda transaction, number=number: write_batch(transaction, number))
    return TASKS * PER_CALLER / (time.perf_counter() - started)


def _floor_alone(ledger: BenchLedger) -> float:
    account = _account_rows(ledger)[0]
    started = time.perf_counter()
    for number in range(ALONE):
        ledger.store.write(
            lambda transaction, number=number: _write_entry(ledger, transaction, account, number)
        )
    return ALONE / (time.perf_counter() - started)


def _account_rows(ledger: BenchLedger) -> list[AccountRow]:
    with ledger.store.read() as reader:
        return list(reader.accounts())


def _write_entry(ledger: BenchLedger, transaction: Transaction, account: AccountRow, number: int) -> None:
    """An entry with all its rows, and nothing that a caller needs besides."""
    writer = StreamWriter(transaction, ledger.operator, account=account.account, meter=DEFAULT_METER)
    line = writer.write(debit(f"floor-{number}", ledger.clock.now()))
    writer.finish()
    transaction.put_request(
        account.account_no,
        key_digest=line.entry_id.encode()[:32],
        body_digest=line.entry_id.encode()[32:],
        entry_no=writer.numbers[line.entry_id],
    )


def _alone(ledger: BenchLedger) -> float:
    account = ledger.accounts[0]
    started = time.perf_counter()
    for number in range(ALONE):
        ledger.recorder.record(_action(account, f"alone-{number}"))
    return ALONE / (time.perf_counter() - started)


def _reserve_and_settle(ledger: BenchLedger) -> float:
    spender = Spender(store=ledger.store, operator=ledger.operator, catalogue=ledger.catalogue)
    account = ledger.accounts[0]
    ledger.recorder.grant(
        Grant(account=account, tokens=1_000_000, source=Source.PURCHASED, key="reserve-and-settle")
    )
    started = time.perf_counter()
    for number in range(ALONE):
        intent = Intent(account=account, activity="magic-mentor", tokens=7)
        hold = spender.reserve(intent, key=f"hold-{number}")
        assert isinstance(hold, Hold), hold
        spender.settle(hold.hold_id, Used(tokens=7))
    return ALONE / (time.perf_counter() - started)


def _sign_and_commit(ledger: BenchLedger) -> float:
    """One signed event of the usual size and one commit that reaches the disk, nothing else."""
    receipt = ledger.recorder.record(_action(ledger.accounts[0], "sample"))
    content = receipt.event_json.decode()
    started = time.perf_counter()
    for number in range(ALONE):
        unsigned = UnsignedEvent(
            pubkey=ledger.operator.signer.pubkey,
            created_at=number,
            kind=30078,
            tags=(("d", receipt.entry_id),),
            content=content.replace('"', " "),
        )
        event = sign_event(unsigned, ledger.operator.signer)
        ledger.store.write(
            lambda transaction, event=event: transaction.add_event(event.id, event_to_json(event))
        )
    return ALONE / (time.perf_counter() - started)
