"""Spending: holds that are kept and settled, a second, against the floor that writes one entry for each.

A pair is two answers from the ledger, each durable, and two writes more than the floor's: the hold, and its
end. In two processes the callers take turns at the file, and sign at the same time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

from nostr_usage.clock import ManualClock
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.signer import Signer
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.spend import AsyncSpender, Spender
from nostr_usage.store import Store
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.details import DescriptionMode
from nostr_usage.writing.intent import Hold, Intent, Used
from nostr_usage.writing.request import Grant
from nostr_usage.writing.stream_writer import Operator
from scripts.benchmarks.ledgers import START, BenchLedger, new_ledger
from scripts.benchmarks.measuring import Measure, Row, compare
from scripts.benchmarks.recording import PER_CALLER, TASKS, floor_entries_s

PROCESSES = 2
TOKENS = 7


def rows(*, rounds: int = 3) -> list[Row]:
    """64 tasks, 64 threads, and 64 threads in two processes."""
    measured: tuple[tuple[str, Measure], ...] = (
        ("reserve+settle, 64 tasks", lambda: _alone(lambda ledger: asyncio.run(_tasks(ledger)))),
        ("reserve+settle, 64 threads", lambda: _alone(_threads)),
        ("reserve+settle, 2 processes", _processes),
    )
    return [
        compare(
            name,
            measure,
            lambda: _alone(floor_entries_s),
            entries=TASKS * PER_CALLER,
            peer_name="build + sign + the same inserts",
            unit="pairs/s",
            rounds=rounds,
        )
        for name, measure in measured
    ]


def _alone(measure: Callable[[BenchLedger], float]) -> float:
    with tempfile.TemporaryDirectory() as directory, _ledger(Path(directory)) as ledger:
        return measure(ledger)


@contextmanager
def _ledger(directory: Path) -> Generator[BenchLedger]:
    """A ledger whose first accounts have more than they will use."""
    with new_ledger(directory) as ledger:
        for account in ledger.accounts[:TASKS]:
            grant = Grant(account=account, tokens=1_000_000, source=Source.PURCHASED, key="enough")
            ledger.recorder.grant(grant)
        yield ledger


async def _tasks(ledger: BenchLedger) -> float:
    spender = AsyncSpender(store=ledger.store, operator=ledger.operator, catalogue=ledger.catalogue)

    async def work(account: AccountId) -> None:
        for number in range(PER_CALLER):
            hold = await spender.reserve(_chat(account), key=f"hold-{number}")
            assert isinstance(hold, Hold), hold
            await spender.settle(hold.hold_id, Used(tokens=TOKENS))

    callers: list[Coroutine[None, None, None]] = [work(account) for account in ledger.accounts[:TASKS]]
    started = time.perf_counter()
    await asyncio.gather(*callers)
    return TASKS * PER_CALLER / (time.perf_counter() - started)


def _threads(ledger: BenchLedger) -> float:
    spender = Spender(store=ledger.store, operator=ledger.operator, catalogue=ledger.catalogue)
    started = time.perf_counter()
    _spend(spender, ledger.accounts[:TASKS])
    return TASKS * PER_CALLER / (time.perf_counter() - started)


def _processes() -> float:
    """Half of the callers in each process; the clock runs from when all are ready until the last is done."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as directory:
        with _ledger(Path(directory)) as ledger:
            accounts = ledger.accounts[:TASKS]
        ready = context.Barrier(PROCESSES + 1)
        halves = (accounts[: TASKS // 2], accounts[TASKS // 2 :])
        workers = [context.Process(target=_worker, args=(directory, half, ready)) for half in halves]
        for worker in workers:
            worker.start()
        ready.wait()
        started = time.perf_counter()
        for worker in workers:
            worker.join()
        assert all(worker.exitcode == 0 for worker in workers), "a process that spends has failed"
        return TASKS * PER_CALLER / (time.perf_counter() - started)


def _worker(directory: str, accounts: tuple[AccountId, ...], ready: Barrier) -> None:
    ledger_key = generate_secret_key(random.Random(1).randbytes)  # as `new_ledger` has it
    entropy = random.Random(accounts[0]).randbytes
    with (
        Store.open(Path(directory) / "ledger.sqlite") as store,
        AccountSecrets.open(Path(directory) / "accounts.sqlite") as secrets,
    ):
        operator = Operator(
            signer=Signer(ledger_key, entropy=entropy),
            secrets=secrets,
            clock=ManualClock(START),
            entropy=entropy,
            kind=30078,
            description_mode=DescriptionMode.SEALED,
            outbox_relays=(),
        )
        spender = Spender(store=store, operator=operator, catalogue=load_catalogue())
        ready.wait()
        _spend(spender, accounts)


def _spend(spender: Spender, accounts: tuple[AccountId, ...]) -> None:
    """One thread for each account, all at once."""

    def work(account: AccountId) -> None:
        for number in range(PER_CALLER):
            hold = spender.reserve(_chat(account), key=f"hold-{number}")
            assert isinstance(hold, Hold), hold
            spender.settle(hold.hold_id, Used(tokens=TOKENS))

    threads = [threading.Thread(target=work, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _chat(account: AccountId) -> Intent:
    return Intent(account=account, activity="magic-mentor", tokens=TOKENS)
