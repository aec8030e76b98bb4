"""Spending by many at once: threads and processes on the last tokens never overspend by one.

The control is the way that looks right: read the balance and the holds, then keep the hold. It must fail.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Protocol

import pytest

from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.report import balance_view, stream_of
from nostr_usage.spend import AsyncSpender, Spender
from nostr_usage.store import AccountSecrets, Store, Transaction
from nostr_usage.writing.intent import Clearance, Hold, Intent, Used
from nostr_usage.writing.request import digest_of
from nostr_usage.writing.stream_writer import Operator
from tests.operators import OperatorOfTests, operator_in

THREADS = 16
PROCESSES = 4
EACH = 40
TOKENS = 13
FIT = 5_000 // TOKENS  # 384 of 5,000, with 8 tokens left


class Meeting(Protocol):
    """Where all wait for each other."""

    def wait(self) -> int:
        """Go on when everybody is here."""
        ...


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service with one account of 5,000 tokens."""
    with operator_in(tmp_path) as operator:
        operator.open_account()
        yield operator


def account_of(service: OperatorOfTests) -> AccountId:
    """The account."""
    with service.store.read() as reader:
        return next(reader.accounts()).account


def spender_of(service: OperatorOfTests) -> Spender:
    """What spends for the service."""
    return Spender(store=service.store, operator=service.operator, catalogue=service.catalogue)


def held(service: OperatorOfTests) -> int:
    """What open holds keep back."""
    with service.store.read() as reader:
        stream = stream_of(reader, account_of(service))
        return balance_view(reader, stream, now=service.clock.now(), token_value=1).held


def reserve_many(spender: Spender, account: AccountId, name: str, *, count: int = EACH) -> list[str]:
    """The ids of the holds that were granted of `count` that were asked for."""
    intent = Intent(account=account, activity="magic-mentor", tokens=TOKENS)
    answers = [spender.reserve(intent, key=f"{name}-{number}") for number in range(count)]
    return [answer.hold_id for answer in answers if isinstance(answer, Hold)]


def in_threads(work: Callable[[str], None]) -> None:
    """Run `work` in all threads at once."""
    start = threading.Barrier(THREADS)

    def run(name: str) -> None:
        start.wait()
        work(name)

    threads = [threading.Thread(target=run, args=(f"t{number}",)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_never_overspend_by_one(service: OperatorOfTests) -> None:
    """640 ask for 13 tokens of 5,000: exactly 384 get them; once settled, 8 tokens are left."""
    spender, account = spender_of(service), account_of(service)
    granted: list[str] = []
    in_threads(lambda name: granted.extend(reserve_many(spender, account, name)))
    assert (FIT, FIT * TOKENS) == (len(granted), held(service))
    share = [granted[number::THREADS] for number in range(THREADS)]
    in_threads(lambda name: _settle_all(spender, share[int(name[1:])]))
    with service.store.read() as reader:
        view = balance_view(reader, stream_of(reader, account), now=service.clock.now(), token_value=1)
    assert (5_000 - FIT * TOKENS, 0, 0) == (view.tokens, view.held, view.debt)


def _settle_all(spender: Spender, hold_ids: list[str]) -> None:
    for hold_id in hold_ids:
        spender.settle(hold_id, Used(tokens=TOKENS))


class NaiveSpender:
    """The control: looks at the balance in one transaction and keeps the hold in another."""

    def __init__(self, service: OperatorOfTests, *, between: Callable[[], object]) -> None:
        self._store = service.store
        self._spender = spender_of(service)
        self._between = between
        self._now = service.clock.now()

    def reserve(self, intent: Intent, *, key: str) -> bool:
        """Whether it was granted."""
        answer = self._spender.check(intent)
        if isinstance(answer, Refusal):
            return False
        assert isinstance(answer, Clearance)
        self._between()
        self._store.write(lambda transaction: self._add(transaction, key, answer.needed))
        return True

    def _add(self, transaction: Transaction, key: str, tokens: int) -> None:
        digest = digest_of(key)
        transaction.add_hold(
            digest[:16].hex(),
            account_no=1,
            stream_no=1,
            tokens=tokens,
            activity="magic-mentor",
            add_ons="",
            actor=None,
            group=None,
            model=None,
            key=key,
            key_digest=digest,
            body_digest=digest,
            created_at=self._now,
            expires_at=self._now + 300,
        )


def test_looking_first_and_keeping_afterwards_overspends(service: OperatorOfTests) -> None:
    """Control: everybody sees the last tokens, then everybody takes them."""
    meeting = threading.Barrier(THREADS)
    naive = NaiveSpender(service, between=meeting.wait)
    intent = Intent(account=account_of(service), activity="magic-mentor", tokens=5_000)
    granted: list[bool] = []
    in_threads(lambda name: granted.append(naive.reserve(intent, key=name)))
    assert THREADS == sum(granted)
    assert THREADS * 5_000 == held(service)


def test_one_key_is_one_hold_for_all_threads(service: OperatorOfTests) -> None:
    """A request that is repeated at the same time is granted once, and settled once."""
    spender, account = spender_of(service), account_of(service)
    intent = Intent(account=account, activity="magic-mentor", tokens=4_000)
    holds: list[str] = []
    receipts: list[bytes] = []

    def work(_name: str) -> None:
        answer = spender.reserve(intent, key="the-same")
        assert isinstance(answer, Hold)
        holds.append(answer.hold_id)
        receipts.append(spender.settle(answer.hold_id, Used(tokens=1)).event_json)

    in_threads(work)
    assert (1, 1) == (len(set(holds)), len(set(receipts)))


def _in_process(directory: Path, operator: Operator, account: AccountId, name: str, start: Barrier) -> None:
    """Another process on the same files: half of what it holds is settled, half stays held."""
    from nostr_usage.pricing.catalogue import load_catalogue

    with (
        Store.open(directory / "ledger.sqlite") as store,
        AccountSecrets.open(directory / "accounts.sqlite") as secrets,
    ):
        own = replace(operator, secrets=secrets, ciphers={}, entropy=random.Random(name).randbytes)
        spender = Spender(store=store, operator=own, catalogue=load_catalogue())
        start.wait()
        granted = reserve_many(spender, account, name, count=FIT // PROCESSES + 20)
        _settle_all(spender, granted[::2])


def test_processes_never_overspend_by_one(tmp_path: Path) -> None:
    """464 ask in four processes, some settling while others reserve: exactly 384 were granted."""
    context = multiprocessing.get_context("fork")
    with operator_in(tmp_path) as service:
        account, operator = service.open_account(), service.operator
    start = context.Barrier(PROCESSES)
    processes = [
        context.Process(target=_in_process, args=(tmp_path, operator, account, f"p{number}", start))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [0] * PROCESSES == [process.exitcode for process in processes]
    with Store.open(tmp_path / "ledger.sqlite") as store, store.read() as reader:
        view = balance_view(reader, stream_of(reader, account), now=operator.clock.now(), token_value=1)
    assert 5_000 - FIT * TOKENS == view.tokens - view.held
    assert 0 < view.held < FIT * TOKENS


async def test_tasks_never_overspend_by_one(service: OperatorOfTests) -> None:
    """The async façade is the same implementation; 640 tasks, exactly 384 holds, no debt."""
    spender = AsyncSpender(store=service.store, operator=service.operator, catalogue=service.catalogue)
    intent = Intent(account=account_of(service), activity="magic-mentor", tokens=TOKENS)
    asked = [spender.reserve(intent, key=f"k{number}") for number in range(THREADS * EACH)]
    granted = [answer for answer in await asyncio.gather(*asked) if isinstance(answer, Hold)]
    assert (FIT, FIT * TOKENS) == (len(granted), held(service))
    await asyncio.gather(*(spender.settle(one.hold_id, Used(tokens=TOKENS)) for one in granted))
    answer = await spender.check(intent)
    assert isinstance(answer, Refusal)
    assert 8 == answer.left
