"""SIGKILL at any moment of record, sign, commit, publish and read back."""

from __future__ import annotations

import os
import random
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.crashes import (
    KILLS_PER_LEDGER,
    acknowledge_before_commit,
    commit_and_say_nothing,
    crash_ledger,
    forget_keys_and_say_nothing,
)
from tests.relay_process import relay_process

KILLS = int(os.environ.get("NOSTR_USAGE_KILLS", "200"))
SEED = int(os.environ.get("NOSTR_USAGE_SEED", "1"))


@pytest.fixture
def relay(tmp_path: Path) -> Generator[str]:
    """An embedded relay in a process of its own."""
    with relay_process(tmp_path / "relay.db") as url:
        yield url


@pytest.mark.parametrize("ledger", range(KILLS // KILLS_PER_LEDGER))
def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, relay: str, ledger: int) -> None:
    """After every kill the next start needs no hand: all is there, once, and reaches the relay."""
    seed = random.Random(f"{SEED}-{ledger}").getrandbits(32)
    report = crash_ledger(tmp_path, relay=relay, seed=seed)
    assert report.is_sound, (seed, report.damage, report.is_drained, report.is_rebuilt)
    assert KILLS_PER_LEDGER == report.kills
    assert len(report.attempted) > len(report.acknowledged) > KILLS_PER_LEDGER


def test_acknowledging_before_the_commit_loses_entries(tmp_path: Path, relay: str) -> None:
    """Control: the same kills find a writer that says yes too early."""
    report = crash_ledger(tmp_path, relay=relay, seed=1, kills=1, child=acknowledge_before_commit)
    assert 1 == len(report.damage.lost)


def test_dying_before_the_acknowledgement_charges_once(tmp_path: Path, relay: str) -> None:
    """Committed and not acknowledged: whoever repeats the call gets the entry that is there."""
    report = crash_ledger(tmp_path, relay=relay, seed=1, kills=3, child=commit_and_say_nothing)
    assert report.is_sound
    assert (3, 0) == (len(report.attempted), len(report.acknowledged))


def test_a_ledger_without_keys_charges_twice(tmp_path: Path, relay: str) -> None:
    """Control: the same deaths find a ledger that does not keep the key with the entry."""
    report = crash_ledger(tmp_path, relay=relay, seed=1, kills=1, child=forget_keys_and_say_nothing)
    assert 1 == len(report.damage.doubled)
