"""What a home holds is on the disk under its name before anybody is told of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nostr_usage.durable import sync_directory
from nostr_usage.home import Home, Role, Settings
from nostr_usage.store import Store


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[tuple[int, frozenset[str]]]]:
    """Gives the directories that were synced so far, each by its inode and the names it had then."""
    seen: set[tuple[int, frozenset[str]]] = set()
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112  # a link to what is open
            seen.add((inode, frozenset(os.listdir(descriptor))))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    return lambda: seen


def names_synced(found: set[tuple[int, frozenset[str]]], directory: Path) -> frozenset[str]:
    """The names of a directory that reached the disk."""
    inode = directory.stat().st_ino
    return frozenset(name for seen, names in found if seen == inode for name in names)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what was synced is read from /proc")
def test_keys_settings_and_stores_keep_their_names(
    tmp_path: Path, synced: Callable[[], set[tuple[int, frozenset[str]]]]
) -> None:
    """A power cut after `init` leaves a home with its keys."""
    home = Home(tmp_path / "home")
    home.prepare(relays_toml="")
    assert "home" in names_synced(synced(), tmp_path)
    home.write_key("ledger", "ab" * 32)
    assert {"ledger.key"} <= names_synced(synced(), home.path / "keys")
    Store.open(home.store_path, create=True).close()
    home.write_settings(Settings(role=Role.FOLLOWER, root_pubkey="", ledger_pubkey="ab" * 32))
    assert {"keys", "ledger.sqlite", "relays.toml", "settings.toml"} <= names_synced(synced(), home.path)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what was synced is read from /proc")
def test_a_name_that_was_not_synced_is_noticed(
    tmp_path: Path, synced: Callable[[], set[tuple[int, frozenset[str]]]]
) -> None:
    """Control: a file that is written and synced has no name on the disk yet."""
    with (tmp_path / "file").open("wb") as file:
        os.fsync(file.fileno())
    assert frozenset() == names_synced(synced(), tmp_path)
    sync_directory(tmp_path)
    assert {"file"} == names_synced(synced(), tmp_path)
