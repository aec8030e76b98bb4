"""Sixty-four callers in each of four processes, one key a thousand times, readers and backups meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

from nostr_usage.ledger.fold import EMPTY_STATE, state_to_json
from nostr_usage.proof import Ledger, audit_store
from nostr_usage.store import Store
from tests.faults.acknowledging import (
    TOKENS,
    accounts_of,
    action_of,
    doubled_keys,
    found_ledger,
    tokens_charged,
    unsoundness_of,
)
from tests.faults.concurrency import CALLERS, PROCESSES, RELAYS, record_together
from tests.ledgers import KIND
from tests.operators import OperatorOfTests, operator_in

ENTRIES_EACH = 4
REPEATS = 1_000


def thousand_repeats() -> list[list[list[str]]]:
    """One key, from a thousand callers at a time."""
    return [[["the key"]] * (REPEATS // PROCESSES) for _ in range(PROCESSES)]


def keys_of(process: int, caller: int) -> list[str]:
    """What one caller asks for."""
    return [f"{process}-{caller}-{number}" for number in range(ENTRIES_EACH)]


def test_callers_of_four_processes_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each call is answered with an entry of its own, and the chain is sound."""
    found_ledger(tmp_path, relays=RELAYS)
    keys = [[keys_of(process, caller) for caller in range(CALLERS)] for process in range(PROCESSES)]
    answers = record_together(tmp_path, keys)
    wanted = PROCESSES * CALLERS * ENTRIES_EACH
    assert wanted == len(answers) == len(set(answers))
    with operator_in(tmp_path, relays=RELAYS) as operator:
        assert () == unsoundness_of(operator)
        with operator.store.read() as reader:
            assert wanted * TOKENS == tokens_charged(reader)


def test_a_thousand_repeats_of_one_key_are_one_entry(tmp_path: Path) -> None:
    """Whoever comes first writes it, everybody gets the same bytes."""
    found_ledger(tmp_path, relays=RELAYS)
    answers = record_together(tmp_path, thousand_repeats())
    assert (REPEATS, 1) == (len(answers), len(set(answers)))
    with operator_in(tmp_path, relays=RELAYS) as operator, operator.store.read() as reader:
        assert TOKENS == tokens_charged(reader)


def test_a_ledger_without_keys_charges_every_repeat(tmp_path: Path) -> None:
    """Control: the same callers, of a ledger that does not look keys up."""
    found_ledger(tmp_path, relays=RELAYS)
    record_together(tmp_path, thousand_repeats(), forget_keys=True)
    with operator_in(tmp_path, relays=RELAYS) as operator:
        assert ("the key",) == doubled_keys(operator, ["the key"])
        with operator.store.read() as reader:
            assert REPEATS * TOKENS == tokens_charged(reader)


class Writing:
    """Somebody who records until told to stop."""

    def __init__(self, operator: OperatorOfTests) -> None:
        self.acknowledged = 0
        self._operator = operator
        self._is_over = threading.Event()
        self._has_begun = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writing:
        self._thread.start()
        assert self._has_begun.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _write(self) -> None:
        accounts = accounts_of(self._operator.store)
        while not self._is_over.is_set():
            self._operator.recorder.record(action_of(f"written-{self.acknowledged}", accounts))
            self.acknowledged += 1
            self._has_begun.set()


def test_a_reader_during_writes_sees_whole_states(tmp_path: Path) -> None:
    """Every snapshot audits clean, and never shows less than was acknowledged before it began."""
    found_ledger(tmp_path, relays=RELAYS)
    with (
        operator_in(tmp_path, relays=RELAYS) as operator,
        Writing(operator) as writing,
        Store.open(tmp_path / "ledger.sqlite") as store,
    ):
        for _ in range(10):
            before = writing.acknowledged
            with store.read() as reader:
                charged = tokens_charged(reader)
                assert charged >= before * TOKENS
                assert charged == tokens_charged(reader)
            assert () == audit_of(store, operator)


def test_a_backup_during_writes_is_whole(tmp_path: Path) -> None:
    """It is sound by itself, and has all that was acknowledged before it was asked for."""
    found_ledger(tmp_path, relays=RELAYS)
    with operator_in(tmp_path, relays=RELAYS) as operator, Writing(operator) as writing:
        for number in range(5):
            before = writing.acknowledged
            operator.store.copy_to(tmp_path / f"copy-{number}.sqlite")
            with Store.open(tmp_path / f"copy-{number}.sqlite") as copy:
                assert () == audit_of(copy, operator)
                with copy.read() as reader:
                    assert tokens_charged(reader) >= before * TOKENS


def test_an_audit_notices_a_state_that_is_not_that_of_its_entries(tmp_path: Path) -> None:
    """Control: a head that was moved without its entry, as a torn snapshot would have it."""
    found_ledger(tmp_path, relays=RELAYS)
    with operator_in(tmp_path, relays=RELAYS) as operator:
        operator.store.write(lambda _transaction: None)
        connection = vars(operator.store)["_write_connection"]
        connection.execute("UPDATE streams SET state = ?", (state_to_json(EMPTY_STATE),))
        assert audit_of(operator.store, operator)


def audit_of(store: Store, operator: OperatorOfTests) -> tuple[str, ...]:
    """What an audit of one store finds."""
    pubkey = operator.operator.signer.pubkey
    ledger = Ledger(root_pubkey=pubkey, ledger_pubkey=pubkey, ledger_id="", kinds=(KIND,))
    report = audit_store(store, ledger, is_quick=True, on_progress=lambda _done, _total: None)
    return tuple(finding.problem.message for finding in report.findings)
