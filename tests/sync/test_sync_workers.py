"""A pass that is shared out among processes: the same result, and no trace of them afterwards."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from nostr_usage.errors import HomeError, WorkerError
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store, StreamStatus
from nostr_usage.sync import SyncProgress, SyncReport, account_queue, sync_ledger
from nostr_usage.sync import ledger as reading_ledger
from nostr_usage.sync.workers import processors
from tests.ledgers import KIND, events_of, heads, read_into, spend, truncating, withholding
from tests.operators import OperatorOfTests
from tests.relay_behaviours import drop, say_nothing
from tests.scripted_relay import ScriptedRelay, Turn, honestly
from tests.shared_passes import contents, kill, share_out, worker_pids

ACCOUNTS = 11
BEFORE_ACCOUNTS = 5
"""Requests to a relay before any for an account: three for what accounts there are, one of each worker."""
END_MS = 20_000
PATIENT = ConnectionPolicy(allow_local=True)
"""However busy the machine is, processes start and relays answer in this time."""
BRIEF = ConnectionPolicy(allow_local=True, silence_timeout_s=3)

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find processes")


@pytest.fixture
def operator(operator: OperatorOfTests) -> OperatorOfTests:
    """An operator with accounts of several sizes."""
    for number in range(ACCOUNTS):
        spend(operator, operator.open_account(f"account-{number}"), number * 3)
    return operator


@pytest.fixture
def relay(operator: OperatorOfTests, scripted_relay: ScriptedRelay) -> ScriptedRelay:
    """A relay that has all of it."""
    scripted_relay.hold(*events_of(operator))
    return scripted_relay


async def read_both_ways(
    directory: Path,
    operator: OperatorOfTests,
    monkeypatch: pytest.MonkeyPatch,
    *relays: str,
    check_every_signature: bool = False,
) -> tuple[SyncReport, SyncReport]:
    """The reports of a pass in this process and of one in workers, whose stores are the same afterwards."""
    with (
        Store.open(directory / "alone.sqlite", create=True) as alone,
        Store.open(directory / "shared.sqlite", create=True) as shared,
    ):
        first = await read_into(
            alone, operator, *relays, check_every_signature=check_every_signature, policy=PATIENT
        )
        with monkeypatch.context() as changed:
            share_out(changed)
            second = await read_into(
                shared, operator, *relays, check_every_signature=check_every_signature, policy=PATIENT
            )
        assert contents(alone) == contents(shared)
        with alone.read() as one, shared.read() as other:
            checked = [
                {(row.event_id, row.event_json, row.sig_checked) for row in reader.events()}
                for reader in (one, other)
            ]
        assert checked[0] == checked[1]
    return first, second


@pytest.mark.parametrize("check_every_signature", [False, True])
async def test_workers_find_the_same_as_one_process(
    operator: OperatorOfTests,
    relay: ScriptedRelay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check_every_signature: bool,  # noqa: FBT001  # parametrized
) -> None:
    """Entries, states, sightings, what the report says, what the relay is counted for."""
    alone, shared = await read_both_ways(
        tmp_path, operator, monkeypatch, relay.url, check_every_signature=check_every_signature
    )
    assert alone == shared
    assert ACCOUNTS * 3 + 3 * sum(range(ACCOUNTS)) == shared.entries_added
    assert [] == worker_pids()


@pytest.mark.parametrize("behaviour", [withholding(5), withholding(1), truncating(7)])
async def test_workers_find_the_same_in_what_is_withheld(
    operator: OperatorOfTests,
    relay: ScriptedRelay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Callable[[Turn], object],
) -> None:
    """Gaps are named alike, also those of streams that nobody shows."""
    relay.on(ReqMessage, behaviour)  # pyright: ignore[reportArgumentType]  # parametrized behaviours
    alone, shared = await read_both_ways(tmp_path, operator, monkeypatch, relay.url)
    assert (alone.streams, alone.problems) == (shared.streams, shared.problems)


async def test_a_relay_that_falls_silent_is_reported_alike(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside an honest one everything is read, and the report says what the other one did."""
    share_out(monkeypatch)
    async with ScriptedRelay() as silent:
        silent.hold(*events_of(operator))
        silent.on(ReqMessage, honestly, times=BEFORE_ACCOUNTS + 3)
        silent.on(ReqMessage, say_nothing)
        report = await read_into(store, operator, relay.url, silent.url, policy=BRIEF)
    assert ["answered", "unreachable"] == [relay.condition.value for relay in report.relays]
    assert "no answer" in report.relays[1].reason
    assert heads(operator.store) == heads(store)
    assert {StreamStatus.PROVISIONAL} == {stream.status for stream in report.streams}


async def test_progress_is_told_by_account_from_all_processes(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step for each account, up to all of them."""
    share_out(monkeypatch)
    steps: list[SyncProgress] = []
    report = await read(store, operator, relay, on_progress=steps.append)
    assert [(number, ACCOUNTS) for number in range(1, ACCOUNTS + 1)] == [
        (step.accounts_done, step.accounts_total) for step in steps
    ]
    assert report.entries_added == steps[-1].entries_added


async def test_a_pass_becomes_shared_only_when_it_is_long(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short one starts no process; a longer one is begun here, and handed over."""
    monkeypatch.setattr(reading_ledger, "processors", lambda: 2)
    started: list[int] = []

    def start(count: int, *arguments: object) -> object:
        started.append(count)
        return start_workers(count, *arguments)  # pyright: ignore[reportArgumentType]  # as they came

    start_workers = reading_ledger.start_workers
    monkeypatch.setattr(reading_ledger, "start_workers", start)
    await read_into(store, operator, relay.url, policy=PATIENT)
    assert [] == started
    with Store.open(store.path.with_name("another.sqlite"), create=True) as another:
        monkeypatch.setattr(account_queue, "ENTRIES_ALONE_MAX", 6)
        monkeypatch.setattr(account_queue, "ACCOUNTS_LEFT_MIN", 3)
        monkeypatch.setattr(reading_ledger, "ACCOUNTS_AT_ONCE_MAX", 1)
        report = await read_into(another, operator, relay.url, policy=PATIENT)
        assert [2] == started
        assert heads(store) == heads(another)
        assert ACCOUNTS == len(report.streams)


@pytest.mark.parametrize("limits", [{"processors": lambda: 1}, {"workers_max": 0}])
async def test_one_processor_or_a_caller_may_rule_them_out(
    operator: OperatorOfTests,
    relay: ScriptedRelay,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, object],
) -> None:
    """Then this process reads alone, and starts none."""
    share_out(monkeypatch)
    monkeypatch.setattr(reading_ledger, "ACCOUNTS_AT_ONCE_MAX", 16)
    if "processors" in limits:
        monkeypatch.setattr(reading_ledger, "processors", limits["processors"])
    monkeypatch.setattr(reading_ledger, "start_workers", None)
    await read(store, operator, relay, workers_max=int("processors" in limits) * 2)
    assert heads(operator.store) == heads(store)


async def test_a_relay_that_takes_one_connection_is_read_in_this_process(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that cannot reach a relay are sent home; nothing is concluded about it."""
    share_out(monkeypatch)
    monkeypatch.setattr(reading_ledger, "ACCOUNTS_AT_ONCE_MAX", 1)
    monkeypatch.setattr(account_queue, "ENTRIES_ALONE_MAX", 1)
    for visit in (1, 2):
        relay.on(ReqMessage, drop, visit=visit)
    report = await read_into(store, operator, relay.url, policy=PATIENT)
    assert ["answered"] == [relay.condition.value for relay in report.relays]
    assert heads(operator.store) == heads(store)
    assert [] == worker_pids()


@needs_proc
async def test_a_worker_that_is_killed_ends_the_pass_with_a_clear_error(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored stays, no process is left, and the next pass brings the rest."""
    share_out(monkeypatch)
    relay.on(ReqMessage, honestly, times=BEFORE_ACCOUNTS + 4)
    relay.on(ReqMessage, kill_first_worker, times=1)
    with pytest.raises(WorkerError, match="ended by signal 9 before it was done"):
        await read_into(store, operator, relay.url, policy=PATIENT)
    assert [] == worker_pids()
    relay.forget_rules()
    await read_into(store, operator, relay.url, policy=PATIENT)
    assert heads(operator.store) == heads(store)


async def kill_first_worker(turn: Turn) -> None:
    """While it waits for the answer."""
    kill(worker_pids()[0])
    await honestly(turn)


@needs_proc
async def test_a_pass_that_is_cancelled_leaves_no_process(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C: the workers end with it, and the next pass brings the rest."""
    share_out(monkeypatch)
    has_begun = asyncio.Event()

    async def begin(_turn: Turn) -> None:
        has_begun.set()

    relay.on(ReqMessage, honestly, times=BEFORE_ACCOUNTS + 4)
    relay.on(ReqMessage, begin)
    reading = asyncio.create_task(read_into(store, operator, relay.url, policy=PATIENT))
    await has_begun.wait()
    assert 2 == len(worker_pids())
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert [] == worker_pids()
    relay.forget_rules()
    await read_into(store, operator, relay.url, policy=PATIENT)
    assert heads(operator.store) == heads(store)


@needs_proc
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs to wait for a process that is no child")
async def test_workers_end_when_their_program_is_killed(
    operator: OperatorOfTests, relay: ScriptedRelay, tmp_path: Path
) -> None:
    """Nobody is left who reads, or holds the store."""
    asked = asyncio.Semaphore(0)

    async def ask(_turn: Turn) -> None:
        asked.release()

    relay.on(ReqMessage, honestly, times=BEFORE_ACCOUNTS)
    relay.on(ReqMessage, ask)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sync.pass_in_workers", str(tmp_path / "killed.sqlite")),
        *(relay.url, operator.operator.signer.pubkey),
        cwd=Path(__file__).parent.parent.parent,
    )
    async with asyncio.timeout(END_MS / 1000):
        for _ in range(2):
            await asked.acquire()
    workers = [os.pidfd_open(pid) for pid in worker_pids(program.pid)]
    assert 2 == len(workers)
    kill(program.pid)
    await program.wait()
    for worker in workers:
        ended = select.poll()
        ended.register(worker, select.POLLIN)
        assert await asyncio.to_thread(ended.poll, END_MS), "a worker goes on without its program"
        os.close(worker)


def test_without_an_interpreter_to_start_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedded in another program, or frozen into one, a pass stays in its process."""
    assert 1 <= processors()
    with monkeypatch.context() as changed:
        changed.setattr(sys, "frozen", True, raising=False)
        assert 1 == processors()
    monkeypatch.setattr(sys, "executable", "")
    assert 1 == processors()


async def test_a_store_that_cannot_be_used_is_told_from_a_worker(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the one that the store gives anywhere."""
    share_out(monkeypatch)

    async def spoil(turn: Turn) -> None:
        store.path.write_bytes(b"no database")
        await honestly(turn)

    relay.on(ReqMessage, spoil, times=1)
    with pytest.raises(HomeError, match=r"reader\.sqlite"):
        await read_into(store, operator, relay.url, policy=PATIENT)


async def test_a_process_that_cannot_be_started_is_a_clear_error(
    operator: OperatorOfTests, relay: ScriptedRelay, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the system's reason."""
    share_out(monkeypatch)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(WorkerError, match="cannot start a process that reads accounts: No such file"):
        await read_into(store, operator, relay.url, policy=PATIENT)


async def read(
    store: Store,
    operator: OperatorOfTests,
    relay: ScriptedRelay,
    *,
    on_progress: Callable[[SyncProgress], None] | None = None,
    workers_max: int = 2,
) -> SyncReport:
    """One pass with all its arguments."""
    return await sync_ledger(
        store,
        relays=(relay.url,),
        ledger_pubkey=operator.operator.signer.pubkey,
        kinds=(KIND,),
        account=None,
        policy=PATIENT,
        clock=operator.clock,
        random=Random(1),
        on_progress=on_progress,
        workers_max=workers_max,
    )
