"""Quotas under many at once: no member and no department passes theirs by one, whoever asks at the same time.

The control is the way that looks right: ask whether the quota allows it, then keep the hold. It must fail.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Enforcement, Scope
from nostr_usage.ledger.window import Period
from nostr_usage.organise import Organiser
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.spend import Spender
from nostr_usage.store import AccountSecrets, Store, Transaction
from nostr_usage.writing.intent import Clearance, Hold, Intent, Used
from nostr_usage.writing.request import digest_of
from nostr_usage.writing.stream_writer import Operator
from tests.operators import OperatorOfTests, operator_in
from tests.spenders import chat, spender_of

THREADS = 12
EACH = 20
TOKENS = 7
QUOTA, DEPARTMENT_QUOTA = 300, 500
MEMBERS = ("Maria", "Omar", "Lee")


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """An organisation of 5,000 tokens: three members of Sales with 300 each, the department with 500."""
    with operator_in(tmp_path) as operator:
        acme = operator.open_account("acme")
        organiser = Organiser(store=operator.store, operator=operator.operator)
        organiser.found(acme)
        organiser.add_department(acme, "Sales")
        for name in MEMBERS:
            organiser.add_member(acme, name, department="Sales")
        spender = spender_of(operator)
        for scope, name, tokens in ((Scope.MEMBER, "", QUOTA), (Scope.GROUP, "Sales", DEPARTMENT_QUOTA)):
            quota = organiser.quota(
                acme,
                scope=scope,
                name=name,
                period=Period.MONTH,
                tokens=tokens,
                enforcement=Enforcement.REFUSE,
            )
            spender.set_budget(acme, quota)
        yield operator


def acme_of(service: OperatorOfTests) -> AccountId:
    """The organisation."""
    with service.store.read() as reader:
        return next(reader.accounts()).account


def in_threads(work: Callable[[int], None]) -> None:
    """Run `work` in all threads at once."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> None:
        start.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def used_by(service: OperatorOfTests, scope: Scope, name: str) -> int:
    """Tokens charged to and held by a member or department."""
    with service.store.read() as reader:
        stream = reader.stream(acme_of(service), "tokens")
        assert stream is not None
        number = stream.account_no
        row = reader.member(number, name) if scope is Scope.MEMBER else reader.department(number, name)
        assert row is not None
        place = {"scope": scope.value, "subject": row.pseudonym}
        tally, _ = reader.tally(stream.stream_no, seq=stream.seq, start=0, period="month", **place)
        _, held = reader.held_by(stream.stream_no, now=service.clock.now(), **place)
        return tally.tokens + held


def test_no_member_passes_a_quota_by_one(service: OperatorOfTests) -> None:
    """240 ask for 7 of one member's 300 tokens: exactly 42 get them, 6 tokens are left."""
    spender, acme = spender_of(service), acme_of(service)
    granted: list[str] = []

    def work(number: int) -> None:
        for turn in range(EACH):
            answer = spender.reserve(chat(acme, actor="Maria", tokens=TOKENS), key=f"{number}-{turn}")
            if isinstance(answer, Hold):
                granted.append(answer.hold_id)

    in_threads(work)
    assert (QUOTA // TOKENS, QUOTA // TOKENS * TOKENS) == (
        len(granted),
        used_by(service, Scope.MEMBER, "Maria"),
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_department_passes_its_quota_whatever_happens(service: OperatorOfTests, seed: int) -> None:
    """Members reserve, settle less, and give up at the same time; nobody ever has more than there is."""
    spender, acme = spender_of(service), acme_of(service)

    def work(number: int) -> None:
        chance = random.Random(100 * seed + number)
        for turn in range(EACH):
            tokens = chance.randrange(1, 40)
            intent = chat(acme, actor=chance.choice(MEMBERS), tokens=tokens)
            answer = spender.reserve(intent, key=f"{number}-{turn}")
            if isinstance(answer, Hold):
                _end(spender, answer, chance)

    in_threads(work)
    members = [used_by(service, Scope.MEMBER, name) for name in MEMBERS]
    assert all(used <= QUOTA for used in members), members
    assert DEPARTMENT_QUOTA >= used_by(service, Scope.GROUP, "Sales") == sum(members)
    assert DEPARTMENT_QUOTA - 40 < sum(members), "so many asked that the quota is used up"


def _end(spender: Spender, hold: Hold, chance: random.Random) -> None:
    match chance.randrange(3):
        case 0:
            spender.void(hold.hold_id)
        case 1:
            spender.settle(hold.hold_id, Used(tokens=chance.randrange(hold.tokens + 1)))
        case _:
            pass


def _in_process(directory: Path, operator: Operator, acme: AccountId, number: int, start: Barrier) -> None:
    """Another process on the same files, for one member of Sales."""
    with (
        Store.open(directory / "ledger.sqlite") as store,
        AccountSecrets.open(directory / "accounts.sqlite") as secrets,
    ):
        own = replace(operator, secrets=secrets, ciphers={}, entropy=random.Random(number).randbytes)
        spender = Spender(store=store, operator=own, catalogue=load_catalogue())
        start.wait()
        for turn in range(3 * EACH):
            intent = chat(acme, actor=MEMBERS[number % len(MEMBERS)], tokens=TOKENS)
            answer = spender.reserve(intent, key=f"{number}-{turn}")
            if isinstance(answer, Hold) and turn % 2:
                spender.settle(answer.hold_id, Used(tokens=TOKENS))


def test_processes_pass_no_quota_by_one(service: OperatorOfTests, tmp_path: Path) -> None:
    """180 ask in three processes, each for another member: the department's 500 tokens are 71 actions."""
    context = multiprocessing.get_context("fork")
    acme, operator, start = acme_of(service), service.operator, context.Barrier(len(MEMBERS))
    service.store.close()
    processes = [
        context.Process(target=_in_process, args=(tmp_path, operator, acme, number, start))
        for number in range(len(MEMBERS))
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [0] * len(MEMBERS) == [process.exitcode for process in processes]
    with Store.open(tmp_path / "ledger.sqlite") as store:
        again = replace(service, store=store)
        assert DEPARTMENT_QUOTA // TOKENS * TOKENS == used_by(again, Scope.GROUP, "Sales")
        assert all(used_by(again, Scope.MEMBER, name) <= QUOTA for name in MEMBERS)


def test_control_asking_first_and_keeping_afterwards_passes_the_quota(service: OperatorOfTests) -> None:
    """Everybody sees the same 300 tokens, then everybody takes them."""
    spender, acme, meeting = spender_of(service), acme_of(service), threading.Barrier(THREADS)
    intent = chat(acme, actor="Maria", tokens=QUOTA)
    with service.store.read() as reader:
        member = reader.member(1, "Maria")
        assert member is not None

    def work(number: int) -> None:
        answer = spender.check(intent)
        assert isinstance(answer, Clearance)
        meeting.wait()
        service.store.write(lambda transaction: _keep(transaction, intent, member.pseudonym, f"k{number}"))

    in_threads(work)
    assert THREADS * QUOTA == used_by(service, Scope.MEMBER, "Maria")


def _keep(transaction: Transaction, intent: Intent, actor: str, key: str) -> None:
    digest = digest_of(key)
    transaction.add_hold(
        digest[:16].hex(),
        account_no=1,
        stream_no=1,
        tokens=intent.tokens or 0,
        activity=intent.activity,
        add_ons="",
        actor=actor,
        group=None,
        model=None,
        key=key,
        key_digest=digest,
        body_digest=digest,
        created_at=1_769_904_000,
        expires_at=1_769_904_300,
    )
