"""A store of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nostr_usage.store import Store


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Where the store of this test is."""
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(store_path, create=True) as store:
        yield store
