"""A ledger of two short streams, and one that is longer than what relays answer at once."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.hostile.ledger_under_attack import LedgerUnderAttack, ledger_in

SHORT, LONG = 9, 520


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Generator[LedgerUnderAttack]:
    """The account under attack has twelve entries."""
    with ledger_in(tmp_path_factory.mktemp("short"), actions=SHORT) as made:
        yield made


@pytest.fixture(scope="session")
def long_ledger(tmp_path_factory: pytest.TempPathFactory) -> Generator[LedgerUnderAttack]:
    """The account under attack has more entries than relays answer at once."""
    with ledger_in(tmp_path_factory.mktemp("long"), actions=LONG) as made:
        yield made
