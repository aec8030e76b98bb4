"""Accounts, relays and small facts."""

from __future__ import annotations

import sqlite3

import pytest

from nostr_usage.errors import HomeError, InputError
from nostr_usage.store import AccountRow, RelayRow, Store
from tests.store.ledger_lines import ACCOUNT, NOON, account_numbered


def test_account_is_found_by_id_label_and_number(store: Store) -> None:
    """All three name the same row; what is unknown is None."""
    number = store.write(
        lambda t: t.add_account(
            ACCOUNT, created_at=NOON + 5, anchor=NOON, label="mia", plan="starter", open_number=1
        )
    )
    expected = AccountRow(
        account_no=number,
        account=ACCOUNT,
        label="mia",
        plan="starter",
        anchor=NOON,
        open_number=1,
        created_at=NOON + 5,
    )
    with store.read() as reader:
        found = (reader.account(ACCOUNT), reader.account_labelled("mia"), reader.account_opened_as(1))
        assert (expected, expected, expected) == found
        assert [expected] == list(reader.accounts())
        unknown = (
            reader.account(account_numbered(9)),
            reader.account_labelled("tom"),
            reader.account_opened_as(2),
        )
        assert (None, None, None) == unknown


def test_open_numbers_go_up(store: Store) -> None:
    """The last one is 0 in a new ledger, and no number is given twice."""
    with store.read() as reader:
        assert 0 == reader.open_number_last()
    store.write(lambda t: t.add_account(ACCOUNT, created_at=NOON, anchor=NOON, open_number=1))
    store.write(lambda t: t.add_account(account_numbered(2), created_at=NOON, anchor=NOON))
    with store.read() as reader:
        assert 1 == reader.open_number_last()
    with pytest.raises(sqlite3.IntegrityError):
        store.write(lambda t: t.add_account(account_numbered(3), created_at=NOON, anchor=NOON, open_number=1))


def test_label_belongs_to_one_account(store: Store) -> None:
    """A label that is taken is refused by name; an account may keep its own, change it or lose it."""
    first = store.write(lambda t: t.add_account(ACCOUNT, created_at=NOON, anchor=NOON, label="mia"))
    with pytest.raises(InputError, match=f"'mia' belongs to account {ACCOUNT}"):
        store.write(lambda t: t.add_account(account_numbered(2), created_at=NOON, anchor=NOON, label="mia"))
    second = store.write(lambda t: t.add_account(account_numbered(2), created_at=NOON, anchor=NOON))
    with pytest.raises(InputError, match="belongs to account"):
        store.write(lambda t: t.set_account_label(second, "mia"))
    store.write(lambda t: t.set_account_label(first, "mia"))
    store.write(lambda t: t.set_account_label(first, None))
    store.write(lambda t: t.set_account_label(second, "mia"))
    with store.read() as reader:
        assert [None, "mia"] == [account.label for account in reader.accounts()]


def test_plan_changes_with_its_anchor(store: Store) -> None:
    """Cycles of the new plan are counted from its own start."""
    number = store.write(lambda t: t.add_account(ACCOUNT, created_at=NOON, anchor=NOON, plan="starter"))
    store.write(lambda t: t.set_account_plan(number, "pro", anchor=NOON + 7))
    with store.read() as reader:
        account = reader.account(ACCOUNT)
    assert account is not None
    assert ("pro", NOON + 7, NOON) == (account.plan, account.anchor, account.created_at)


def test_relay_keeps_its_number(store: Store) -> None:
    """Numbers count from 0; a relay that is known is not added again."""
    urls = ["wss://one.example", "wss://two.example", "wss://one.example"]
    assert [0, 1, 0] == [store.write(lambda t, u=url: t.add_relay(u)) for url in urls]
    with store.read() as reader:
        expected = (RelayRow(relay_no=0, url=urls[0]), RelayRow(relay_no=1, url=urls[1]))
        assert expected == reader.relays()


def test_relays_are_bounded(store: Store) -> None:
    """As many as a sighting has bits."""
    for number in range(63):
        store.write(lambda t, n=number: t.add_relay(f"wss://{n}.example"))
    with pytest.raises(HomeError, match="63 relays are known"):
        store.write(lambda t: t.add_relay("wss://one.too.many"))


def test_setting_is_replaced(store: Store) -> None:
    """The last value counts."""
    for value in ("30078", "30079"):
        store.write(lambda t, v=value: t.set_setting("kind", v))
    with store.read() as reader:
        assert ("30079", None) == (reader.setting("kind"), reader.setting("ledger"))
