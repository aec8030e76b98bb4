"""A process that records and publishes, and is killed at a moment that nobody chose.

The process is forked from a server that has loaded everything, so a kill costs milliseconds and not the start
of Python.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

from nostr_usage.publish import publish_due
from nostr_usage.store import Store, Transaction
from nostr_usage.sync import sync_ledger
from nostr_usage.writing.request import Receipt
from tests.faults.acknowledging import (
    LOCAL,
    UNHURT,
    Damage,
    accounts_of,
    action_of,
    damage_of,
    digest,
    drain,
    found_ledger,
    say_yes_too_early,
)
from tests.ledgers import KIND, heads
from tests.operators import operator_in

THREADS = 3
ACKNOWLEDGED_MAX = 24
LATER_S_MAX = 0.004
KILLS_PER_LEDGER = 10
PATIENCE_S = 30.0

_context = multiprocessing.get_context("forkserver")
# pytest as well: each child loads the main program of its parent.
_context.set_forkserver_preload(["pytest", "tests.faults.crashes"])


@dataclass(slots=True, kw_only=True)
class CrashReport:
    """What a series of kills did to a ledger."""

    kills: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict[str, str])
    attempted: list[str] = field(default_factory=list[str])
    damage: Damage = UNHURT
    is_drained: bool = True
    is_rebuilt: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, doubled, broken or left behind."""
        return self.damage == UNHURT and self.is_drained and self.is_rebuilt


def crash_ledger(
    directory: Path,
    *,
    relay: str,
    seed: int,
    kills: int = KILLS_PER_LEDGER,
    child: Callable[[Path, str, str, Connection], None] | None = None,
) -> CrashReport:
    """Kill whoever writes to one ledger, again and again; what became of it is looked at after every kill."""
    random = Random(seed)
    report = CrashReport()
    found_ledger(directory, relays=(relay,))
    for number in range(kills):
        before = len(report.attempted)
        _kill_once(directory, report, relay=relay, name=f"{seed}-{number}", random=random, child=child)
        # Every key once more at the end; until then those of this writer.
        repeated = report.attempted[0 if number == kills - 1 else before :]
        report.damage = damage_of(
            directory, relays=(relay,), acknowledged=report.acknowledged, attempted=repeated
        )
        if report.damage != UNHURT:
            return report
    report.is_drained, report.is_rebuilt = asyncio.run(_publish_and_rebuild(directory, relay))
    return report


def _kill_once(
    directory: Path,
    report: CrashReport,
    *,
    relay: str,
    name: str,
    random: Random,
    child: Callable[[Path, str, str, Connection], None] | None,
) -> None:
    """Start one writer and end it with SIGKILL; what it attempted and acknowledged goes to `report`."""
    receiving, sending = _context.Pipe(duplex=False)
    process = _context.Process(target=child or record_and_publish, args=(directory, name, relay, sending))
    process.start()
    sending.close()
    wanted, later_s = random.randrange(ACKNOWLEDGED_MAX), LATER_S_MAX * random.random()
    try:
        # Children of a control may acknowledge less.
        for _ in range(wanted + 1):
            if not receiving.poll(PATIENCE_S) or not _take(receiving, report):
                break
        ends_at = time.monotonic() + later_s
        while (left_s := ends_at - time.monotonic()) > 0 and receiving.poll(left_s):
            _take(receiving, report)
    finally:  # also at Ctrl-C: this program would wait for it when it ends
        process.kill()
    while _take(receiving, report):
        pass
    process.join(PATIENCE_S)
    report.kills += 1


def _take(receiving: Connection, report: CrashReport) -> bool:
    """One message of the writer; False at the end of them, which may be half a message."""
    try:
        key, answer = receiving.recv()
    except (EOFError, OSError):
        return False
    if not key:
        return False
    if answer is None:
        report.attempted.append(key)
    else:
        report.acknowledged[key] = answer
    return True


async def _publish_and_rebuild(directory: Path, relay: str) -> tuple[bool, bool]:
    """Whether the outbox drains, and whether a stranger then reads the same ledger from the relay."""
    with operator_in(directory, relays=(relay,)) as operator:
        is_drained = await drain(operator, relay)
        with Store.open(directory / "reader.sqlite", create=True) as reader:
            await sync_ledger(
                reader,
                relays=(relay,),
                ledger_pubkey=operator.operator.signer.pubkey,
                kinds=(KIND,),
                account=None,
                policy=LOCAL,
                clock=operator.clock,
                random=Random(1),
            )
            mine, theirs = heads(operator.store), heads(reader)
        return is_drained, all(theirs.get(stream) == head for stream, head in mine.items())


def record_and_publish(directory: Path, name: str, relay: str, sending: Connection) -> None:
    """The writer: threads that record and acknowledge, and publishing beside them, until it is killed."""
    mutex = threading.Lock()

    def tell(key: str, answer: str | None) -> None:
        with mutex:
            sending.send((key, answer))

    with operator_in(directory, relays=(relay,)) as operator:
        accounts = accounts_of(operator.store)

        def record(thread: int) -> None:
            for number in count():
                key = f"{name}-{thread}-{number}"
                tell(key, None)
                tell(key, digest(operator.recorder.record(action_of(key, accounts))))

        for thread in range(THREADS):
            threading.Thread(target=record, args=(thread,), daemon=True).start()
        while True:
            asyncio.run(
                publish_due(
                    operator.store, relays=(relay,), policy=LOCAL, clock=operator.clock, random=Random(1)
                )
            )


def acknowledge_before_commit(directory: Path, name: str, relay: str, sending: Connection) -> None:
    """A control: a writer that says yes inside its transaction, which is killed before it ends."""
    with operator_in(directory, relays=(relay,)) as operator:
        accounts = accounts_of(operator.store)

        def say(receipt: Receipt) -> None:
            sending.send((name, digest(receipt)))
            _wait_to_be_killed(sending)

        say_yes_too_early(operator, say)
        sending.send((name, None))
        operator.recorder.record(action_of(name, accounts))


def commit_and_say_nothing(directory: Path, name: str, relay: str, sending: Connection) -> None:
    """A writer that dies between its commit and its acknowledgement."""
    with operator_in(directory, relays=(relay,)) as operator:
        sending.send((name, None))
        operator.recorder.record(action_of(name, accounts_of(operator.store)))
        _wait_to_be_killed(sending)


def forget_keys_and_say_nothing(directory: Path, name: str, relay: str, sending: Connection) -> None:
    """A control: the same, but of a ledger that keeps no keys with its entries."""

    def forget(*_arguments: object, **_named: object) -> None:
        pass

    Transaction.put_request = forget  # its process ends with it
    commit_and_say_nothing(directory, name, relay, sending)


def _wait_to_be_killed(sending: Connection) -> None:
    with suppress(OSError):
        sending.send(("", ""))  # nothing more will come
    threading.Event().wait()
    os._exit(1)


def start(work: Callable[[Path, Connection], None], directory: Path) -> object:
    """What `work` sends from a process of its own."""
    return start_all([(work, (directory,))])[0]


def start_all(works: Sequence[tuple[Callable[..., None], tuple[Any, ...]]]) -> list[Any]:
    """What several works send, each from a process of its own, all at the same time."""
    running: list[tuple[BaseProcess, Connection]] = []
    for work, arguments in works:
        receiving, sending = _context.Pipe(duplex=False)
        process = _context.Process(target=work, args=(*arguments, sending))
        process.start()
        sending.close()
        running.append((process, receiving))
    answers = [receiving.recv() for _, receiving in running]
    for process, _ in running:
        process.join(PATIENCE_S)
    return answers
