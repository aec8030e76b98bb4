"""Holds in the store: what they keep back, and that each ends once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.store import HoldRow, HoldState, Store
from tests.store.ledger_lines import NOON, Stream

KEY = b"k" * 32
HOUR_S = 3_600


@pytest.fixture
def stream(store: Store) -> Stream:
    """A stream with one entry: account 1, stream 1."""
    stream = Stream()
    lines = stream.lines(1)
    store.write(lambda transaction: stream.append(transaction, lines))
    return stream


def add(
    store: Store,
    number: int = 1,
    *,
    tokens: int = 250,
    actor: str | None = None,
    model: str | None = None,
    expires_at: int = NOON + HOUR_S,
) -> str:
    """One hold of stream 1; its id."""
    hold_id = f"{number:032x}"
    store.write(
        lambda transaction: transaction.add_hold(
            hold_id,
            account_no=1,
            stream_no=1,
            tokens=tokens,
            activity="magic-mentor",
            add_ons="images audio",
            actor=actor,
            group=None,
            model=model,
            key=f"k{number}",
            key_digest=number.to_bytes(32),
            body_digest=b"b" * 32,
            created_at=NOON,
            expires_at=expires_at,
        )
    )
    return hold_id


def found(store: Store, hold_id: str) -> HoldRow:
    """The hold with that id."""
    with store.read() as reader:
        row = reader.hold(hold_id)
    assert row is not None
    return row


def held(store: Store, *, now: int = NOON) -> int:
    """What open holds of stream 1 keep back."""
    with store.read() as reader:
        return reader.held(1, now=now)


@pytest.mark.usefixtures("stream")
def test_a_hold_is_found_by_its_id_and_by_its_key(store: Store) -> None:
    """All of it comes back as it was kept."""
    row = found(store, add(store, actor="maria", model="gpt-5"))
    assert (250, "images audio", "maria", "gpt-5", HoldState.OPEN, None, None) == (
        row.tokens,
        row.add_ons,
        row.actor,
        row.model,
        row.state,
        row.entry_id,
        row.settle_digest,
    )
    with store.read() as reader:
        assert row == reader.hold_of_key(1, (1).to_bytes(32))
        assert (row,) == reader.open_holds(1, now=NOON)
        assert (None, None) == (reader.hold("ff" * 16), reader.hold_of_key(1, KEY))


@pytest.mark.usefixtures("stream")
def test_open_holds_add_up_until_they_expire(store: Store) -> None:
    """The last second of a hold keeps its tokens back, the next does not, marked or not."""
    add(store, 1, tokens=100, expires_at=NOON + 60)
    add(store, 2, tokens=7)
    assert [107, 107, 7] == [held(store, now=NOON + seconds) for seconds in (0, 59, 60)]
    assert 0 == store.write(lambda transaction: transaction.expire_holds(now=NOON + 59))
    assert 0 == store.write(lambda transaction: transaction.expire_holds(now=NOON + 60, stream_no=2))
    assert 1 == store.write(lambda transaction: transaction.expire_holds(now=NOON + 60, stream_no=1))
    assert HoldState.EXPIRED is found(store, f"{1:032x}").state
    assert 7 == held(store)


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize(
    ("scope", "subject", "expected"),
    [
        ("account", "", (3, 600)),
        ("member", "maria", (1, 100)),
        ("member", "otto", (0, 0)),
        ("group", "sales", (0, 0)),
        ("model", "gpt-5", (1, 200)),
        ("activity", "magic-mentor", (3, 600)),
        ("activity", "quiz", (0, 0)),
    ],
)
def test_holds_are_counted_by_subject(
    store: Store, scope: str, subject: str, expected: tuple[int, int]
) -> None:
    """An account has all of them; a hold without a member is nobody's."""
    add(store, 1, tokens=100, actor="maria")
    add(store, 2, tokens=200, model="gpt-5")
    add(store, 3, tokens=300)
    with store.read() as reader:
        assert expected == reader.held_by(1, scope=scope, subject=subject, now=NOON)


@pytest.mark.usefixtures("stream")
def test_settled_and_voided_holds_keep_nothing_back(store: Store) -> None:
    """The debit of a settled one is named."""
    first, second = add(store, 1), add(store, 2)
    store.write(lambda transaction: transaction.settle_hold(1, entry_no=1, settle_digest=b"s" * 32))
    store.write(lambda transaction: transaction.void_hold(2))
    assert 0 == held(store)
    settled = found(store, first)
    assert (HoldState.SETTLED, (b"s" * 32).hex()) == (settled.state, settled.settle_digest)
    assert settled.entry_id is not None
    assert HoldState.VOIDED is found(store, second).state


@pytest.mark.usefixtures("stream")
def test_an_expired_hold_may_be_opened_again_with_other_tokens(store: Store) -> None:
    """An open one keeps its tokens and lasts longer."""
    hold_id = add(store, expires_at=NOON + 60)
    store.write(lambda transaction: transaction.expire_holds(now=NOON + 60))
    store.write(lambda transaction: transaction.reopen_hold(1, tokens=300, expires_at=NOON + HOUR_S))
    row = found(store, hold_id)
    assert (HoldState.OPEN, 300, NOON + HOUR_S) == (row.state, row.tokens, row.expires_at)


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE holds SET state = 'open' WHERE hold_no = 1",
        "UPDATE holds SET state = 'voided', entry_no = NULL, settle_digest = NULL WHERE hold_no = 1",
        "UPDATE holds SET state = 'open' WHERE hold_no = 2",
        "UPDATE holds SET tokens = 1 WHERE hold_no = 3",
        "UPDATE holds SET hold_id = zeroblob(16) WHERE hold_no = 3",
        "UPDATE holds SET key_digest = zeroblob(32) WHERE hold_no = 3",
        "DELETE FROM holds WHERE hold_no = 3",
    ],
)
def test_a_hold_ends_once(store: Store, store_path: Path, statement: str) -> None:
    """The file itself refuses to open what has ended, or to change what was promised."""
    for number in (1, 2, 3):
        add(store, number)
    store.write(lambda transaction: transaction.settle_hold(1, entry_no=1, settle_digest=b"s" * 32))
    store.write(lambda transaction: transaction.void_hold(2))
    with (
        closing(sqlite3.connect(store_path, isolation_level=None)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="ends once"),
    ):
        connection.execute(statement)


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE holds SET state = 'settled' WHERE hold_no = 1",
        "UPDATE holds SET state = 'gone' WHERE hold_no = 1",
        "UPDATE holds SET expires_at = created_at WHERE hold_no = 1",
        (
            "INSERT INTO holds SELECT 2, zeroblob(16), account_no, stream_no, tokens, activity, add_ons,"
            " actor, member_group, model, key, key_digest, body_digest, state, created_at, expires_at, NULL,"
            " NULL FROM holds"
        ),
        "UPDATE holds SET tokens = -1, state = 'expired' WHERE hold_no = 1",
    ],
)
def test_values_that_no_hold_has_are_refused(store: Store, store_path: Path, statement: str) -> None:
    """Settled without a debit, without an end, twice under one key."""
    add(store)
    with (
        closing(sqlite3.connect(store_path, isolation_level=None)) as connection,
        pytest.raises(sqlite3.IntegrityError),
    ):
        connection.execute(statement)


@pytest.mark.usefixtures("stream")
def test_the_file_lets_a_hold_move_on(store: Store, store_path: Path) -> None:
    """The control: what ends, expires or lasts longer is let through."""
    add(store)
    with closing(sqlite3.connect(store_path, isolation_level=None)) as connection:
        for statement in (
            "UPDATE holds SET expires_at = expires_at + 1",
            "UPDATE holds SET state = 'expired'",
            "UPDATE holds SET state = 'settled', entry_no = 1, settle_digest = zeroblob(32)",
        ):
            assert 1 == connection.execute(statement).rowcount
