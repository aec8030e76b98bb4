"""Noticing that somebody wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.store import ChangeWatch, Store


def test_commits_of_others_are_noticed_once(tmp_path: Path) -> None:
    """Yes at first, then once after each commit; reading is no change."""
    path = tmp_path / "ledger.sqlite"
    with Store.open(path, create=True) as store, ChangeWatch(path) as watch:
        assert watch.has_changed()
        assert not watch.has_changed()
        store.write(lambda transaction: transaction.set_setting("name", "value"))
        assert watch.has_changed()
        with store.read() as reader:
            reader.setting("name")
        assert not watch.has_changed()


def test_a_watch_on_no_database_says_so(tmp_path: Path) -> None:
    """The error is one of ours."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database " * 100)
    with pytest.raises(HomeError), ChangeWatch(path) as watch:
        watch.has_changed()
