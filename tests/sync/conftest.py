"""An operator with a history, and the empty store of somebody who reads it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.ledger.entry import AccountId
from nostr_usage.store import Store
from tests.ledgers import spend
from tests.operators import OperatorOfTests, operator_in


@pytest.fixture
def operator(tmp_path: Path) -> Generator[OperatorOfTests]:
    """An operator with one account."""
    with operator_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def account(operator: OperatorOfTests) -> AccountId:
    """An account with ten entries: open, plan, grant, and seven debits."""
    account = operator.open_account()
    spend(operator, account, 7)
    return account


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    """The reader's store, empty."""
    with Store.open(tmp_path / "reader.sqlite", create=True) as opened:
        yield opened
