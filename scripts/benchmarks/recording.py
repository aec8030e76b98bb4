"""Recording: durable entries a second, with everything a caller pays for, against the floor beneath it.

The floor signs the same events and inserts the same rows in batches of FULL commits, with nobody to wait for.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from nostr_usage.ledger.entry import AccountId, EntryId
from nostr_usage.nostr.event import UnsignedEvent, event_to_json, sign_event
from nostr_usage.request import Action
from scripts.benchmarks.ledgers import BenchLedger, fill, new_ledger
from scripts.benchmarks.measuring import Row, compare

TASKS = 64
PER_CALLER = 100
ALONE = 500


def rows() -> list[Row]:
    """64 tasks, 64 threads, and one caller alone."""
    entries = TASKS * PER_CALLER
    return [
        compare(
            "record, 64 threads",
            lambda: _with_ledger(_threads),
            lambda: _with_ledger(_floor),
            entries=entries,
            peer_name="sign + insert in bulk",
            unit="entries/s",
            goal="≥ 0.55",
        ),
        compare(
            "record, 64 tasks",
            lambda: _with_ledger(lambda ledger: asyncio.run(_tasks(ledger))),
            lambda: _with_ledger(_floor),
            entries=entries,
            peer_name="sign + insert in bulk",
            unit="entries/s",
            goal="≥ 0.75",
        ),
        compare(
            "record, one caller",
            lambda: 1e6 / _with_ledger(_alone),
            lambda: 1e6 / _with_ledger(_sign_and_commit),
            entries=ALONE,
            peer_name="sign + FULL commit",
            unit="µs a call",
            goal="≤ 1.4",
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
    async def work(name: int) -> None:
        account = ledger.accounts[name]
        for number in range(PER_CALLER):
            await asyncio.wrap_future(ledger.recorder.record_soon(_action(account, f"{name}-{number}")))

    callers: list[Coroutine[None, None, None]] = [work(name) for name in range(TASKS)]
    started = time.perf_counter()
    await asyncio.gather(*callers)
    return TASKS * PER_CALLER / (time.perf_counter() - started)


def _floor(ledger: BenchLedger) -> float:
    started = time.perf_counter()
    fill(ledger, TASKS * PER_CALLER)
    return TASKS * PER_CALLER / (time.perf_counter() - started)


def _alone(ledger: BenchLedger) -> float:
    account = ledger.accounts[0]
    started = time.perf_counter()
    for number in range(ALONE):
        ledger.recorder.record(_action(account, f"alone-{number}"))
    return ALONE / (time.perf_counter() - started)


def _sign_and_commit(ledger: BenchLedger) -> float:
    """One signed event of the usual size and one commit that reaches the disk, nothing else."""
    receipt = ledger.recorder.record(_action(ledger.accounts[0], "sample"))
    entry_id: EntryId = receipt.entry_id
    content = receipt.event_json.decode()
    started = time.perf_counter()
    for number in range(ALONE):
        unsigned = UnsignedEvent(
            pubkey=ledger.operator.signer.pubkey,
            created_at=number,
            kind=30078,
            tags=(("d", entry_id),),
            content=content.replace('"', " "),
        )
        event = sign_event(unsigned, ledger.operator.signer)
        ledger.store.write(
            lambda transaction, event=event: transaction.add_event(event.id, event_to_json(event))
        )
    return ALONE / (time.perf_counter() - started)
