"""The power fails at any moment, and the disk keeps what it likes of what was not synced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.acknowledging import UNHURT, found_ledger
from tests.faults.power_cuts import Sync, Write, damage_by_cut, record
from tests.faults.strace import why_not

CUTS = int(os.environ.get("NOSTR_USAGE_CUTS", "500"))
SEED = int(os.environ.get("NOSTR_USAGE_SEED", "1"))
THOROUGH_EVERY = 10

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def test_nothing_acknowledged_is_lost_by_a_power_cut(tmp_path: Path) -> None:
    """Whatever the disk kept, the next start finds a sound ledger with all that was acknowledged."""
    found_ledger(tmp_path / "founded", relays=("ws://127.0.0.1:1/",))
    recording = record(tmp_path / "founded", tmp_path / "ledger")
    assert 20 < sum(isinstance(step, Sync) for step in recording.steps)
    assert 100 < sum(isinstance(step, Write) for step in recording.steps)
    moments: set[int] = set()
    for seed in range(SEED * 1_000_000, SEED * 1_000_000 + CUTS):
        moment, damage = damage_by_cut(
            recording, seed=seed, directory=tmp_path / "cut", is_thorough=seed % THOROUGH_EVERY == 0
        )
        assert UNHURT == damage, (seed, moment)
        moments.add(moment)
    assert len(moments) > CUTS / 4


def test_commits_that_do_not_wait_for_the_disk_lose_entries(tmp_path: Path) -> None:
    """Control: with `synchronous=NORMAL`, the same cuts find acknowledged entries missing."""
    found_ledger(tmp_path / "founded", relays=("ws://127.0.0.1:1/",))
    recording = record(tmp_path / "founded", tmp_path / "ledger", "synchronous=NORMAL")
    damages = [damage_by_cut(recording, seed=seed, directory=tmp_path / "cut")[1] for seed in range(20)]
    assert any(damage.lost for damage in damages)
    assert not any(damage.unsound for damage in damages)
