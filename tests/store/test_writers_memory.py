"""What a writer remembers is never other than what is stored, whoever changed it and whatever was undone."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

import nostr_usage.store
from nostr_usage.ledger.entry import DEFAULT_METER
from nostr_usage.store import BudgetRow, Store, StreamStatus, Transaction
from nostr_usage.store.memory import ROWS_MAX, Memory, Remembered
from tests.store.ledger_lines import ACCOUNT, NOON, Stream

BUDGET = BudgetRow("account", "", "day", 5, "refuse")
Change = Callable[[Transaction], object]


@pytest.fixture
def stream(store: Store) -> Stream:
    """A stream of one entry."""
    stream = Stream()
    lines = [stream.line()]
    store.write(lambda transaction: stream.append(transaction, lines))
    return stream


def facts(transaction: Transaction) -> tuple[object, ...]:
    """All that a writer remembers, of the first account."""
    return (
        transaction.account(ACCOUNT),
        transaction.stream(ACCOUNT, DEFAULT_METER),
        transaction.setting("planned_change:1"),
        transaction.budgets(1),
        transaction.is_organisation(1),
        transaction.hold_of_key(1, bytes(32)),
    )


def stored_facts(path: Path) -> tuple[object, ...]:
    """The same, read by somebody who remembers nothing."""
    with Store.open(path) as other:
        return other.write(facts)


def hold(transaction: Transaction) -> None:
    """Make a hold, whose key digest is zero."""
    transaction.add_hold(
        "0" * 32,
        account_no=1,
        stream_no=1,
        tokens=1,
        activity="chat",
        add_ons="",
        actor=None,
        group=None,
        model=None,
        key="k",
        key_digest=bytes(32),
        body_digest=bytes(32),
        created_at=NOON,
        expires_at=NOON + 1,
    )


CHANGES: dict[str, Change] = {
    "plan": lambda transaction: transaction.set_account_plan(1, "starter", anchor=NOON),
    "label": lambda transaction: transaction.set_account_label(1, "alice"),
    "setting": lambda transaction: transaction.set_setting("planned_change:1", "soon"),
    "budget": lambda transaction: transaction.set_budget(1, BUDGET),
    "organisation": lambda transaction: transaction.add_organisation(1, now=NOON),
    "status": lambda transaction: transaction.set_status(1, StreamStatus.STALE),
    "hold": hold,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(store: Store, store_path: Path, stream: Stream, change: Change) -> None:
    """By the next transaction, and within the one that makes it."""
    before = store.write(facts)
    within = store.write(lambda transaction: (change(transaction), facts(transaction))[1])
    assert before != within
    assert within == store.write(facts) == stored_facts(store_path)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_by_somebody_else_is_seen(
    store: Store, store_path: Path, stream: Stream, change: Change
) -> None:
    """Of another process, that is: another connection."""
    before = store.write(facts)
    with Store.open(store_path) as other:
        other.write(change)
    assert before != store.write(facts) == stored_facts(store_path)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_is_undone_is_forgotten(
    store: Store, store_path: Path, stream: Stream, change: Change
) -> None:
    """Alone, and in a batch, where those after it must not see it either."""

    def fail(transaction: Transaction) -> None:
        change(transaction)
        facts(transaction)
        raise LookupError

    before = store.write(facts)
    with pytest.raises(LookupError):
        store.write(fail)
    assert before == store.write(facts)
    futures: list[Future[object]] = [store.submit(work) for work in (facts, fail, facts) * 20]
    outcomes = [future.exception(timeout=30) or future.result() for future in futures]
    assert [before] * 40 == [outcome for outcome in outcomes if not isinstance(outcome, LookupError)]
    assert before == stored_facts(store_path)


def test_a_dropped_budget_is_seen(store: Store, stream: Stream) -> None:
    """It is the one change that takes something away."""
    store.write(lambda transaction: transaction.set_budget(1, BUDGET))
    assert (BUDGET,) == store.write(lambda transaction: transaction.budgets(1))
    gone = {"scope": BUDGET.scope, "subject": BUDGET.subject, "period": BUDGET.period}
    assert store.write(lambda transaction: transaction.drop_budget(1, **gone))
    assert () == store.write(lambda transaction: transaction.budgets(1))


def test_entries_and_events_of_two_writers_get_numbers_of_their_own(
    store: Store, store_path: Path, stream: Stream
) -> None:
    """Heads and numbers are remembered, too: writers take turns, and each goes on where the other stopped."""
    with Store.open(store_path) as other:
        for number, writer in enumerate((store, other) * 5):
            lines = [stream.line(), stream.line()]
            _, numbers = writer.write(lambda transaction, lines=lines: stream.append(transaction, lines))
            assert 2 + 3 * number == numbers.start
            event_id = f"{number + 1:064x}"
            assert numbers.stop == writer.write(lambda at, name=event_id: at.add_event(name, b"{}"))
    with closing(sqlite3.connect(store_path)) as connection:
        assert (31,) == connection.execute("SELECT count(*) FROM events").fetchone()


def test_the_memory_is_bounded() -> None:
    """It begins anew when it is full; what is asked for is read again."""
    with closing(sqlite3.connect(":memory:")) as connection:
        memory = Memory(connection)
        for number in range(ROWS_MAX + 1):
            memory.keep(Remembered.SETTING, str(number), "kept")
        assert "read" == memory.recall(Remembered.SETTING, "0", lambda: "read")
        assert "kept" == memory.recall(Remembered.SETTING, str(ROWS_MAX), lambda: "read")


def test_whoever_writes_to_a_remembered_table_says_so() -> None:
    """Every method with such a statement forgets, or keeps what it wrote."""
    tables = "accounts|streams|settings|budgets|organisations|events"
    writes = re.compile(rf"(INSERT (OR \w+ )?INTO|UPDATE|DELETE FROM) ({tables})\b(?! SET event)")
    says_so = re.compile(r"self\._(forget|keep|next_event_nos)\(|numbers = ")
    package = Path(nostr_usage.store.__file__).parent
    methods = [
        method
        for path in package.glob("*.py")
        if path.name != "copying.py"  # it writes to a file that nobody has open
        for method in path.read_text("utf-8").split("\n    def ")
        if writes.search(method)
    ]
    assert len(methods) >= 11
    assert [] == [method for method in methods if not says_so.search(method)]
