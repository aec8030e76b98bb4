"""Many processes with many threads each, on one store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path

from nostr_usage.store import Reader, Transaction
from tests.faults.acknowledging import accounts_of, action_of, digest
from tests.faults.crashes import start_all
from tests.operators import operator_in

RELAYS = ("ws://127.0.0.1:1/",)
PROCESSES = 4
CALLERS = 64


def record_together(directory: Path, keys: list[list[list[str]]], *, forget_keys: bool = False) -> list[str]:
    """What each caller of each process was told: `keys` by process and caller."""
    work = _record_forgetfully if forget_keys else _record
    answers = start_all([(work, (directory, callers)) for callers in keys])
    return [answer for answers_of in answers for answer in answers_of]


def _record(directory: Path, callers: list[list[str]], sending: Connection) -> None:
    with operator_in(directory, relays=RELAYS) as operator:
        accounts = accounts_of(operator.store)
        answers: list[str] = []
        everybody = threading.Barrier(len(callers))

        def call(keys: Iterable[str]) -> None:
            everybody.wait()
            answers.extend(digest(operator.recorder.record(action_of(key, accounts))) for key in keys)

        _run_together([lambda keys=keys: call(keys) for keys in callers])
        sending.send(answers)


def _record_forgetfully(directory: Path, callers: list[list[str]], sending: Connection) -> None:
    """A control: no key is looked up, and none is kept."""

    def look_up(_reader: object, _account_no: int, _digest: bytes) -> None:
        return None

    def keep(*_arguments: object, **_named: object) -> None:
        pass

    Reader.request = look_up  # pyright: ignore[reportAttributeAccessIssue]  # its process ends with it
    Transaction.put_request = keep
    _record(directory, callers, sending)


def _run_together(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
