"""Schedules by chance, fresh in every run; a seed that failed is tried first in the next."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest

from nostr_usage.store import Transaction
from tests.faults.simulation import Outcome, simulate

SCHEDULES = int(os.environ.get("NOSTR_USAGE_SCHEDULES", "300"))
BATCHES = 10
FAILED = "faults/failed_seeds"

REGRESSIONS: tuple[int, ...] = ()
"""Seeds that once found something."""


@pytest.fixture
def quick_path(tmp_path: Path) -> Generator[Path]:
    """A directory in memory where there is one: here, nothing is told of the disk but that it is full."""
    memory = Path("/dev/shm")  # noqa: S108  # only its name is predictable
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as directory:
        yield Path(directory)


def directory_for(parent: Path, seed: int) -> Path:
    """A new directory for one schedule."""
    (parent / str(seed)).mkdir()
    return parent / str(seed)


def forget(*_arguments: object, **_named: object) -> None:
    """Do nothing, where a key should be kept."""


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_ledger_relays_and_calls_agree_once_the_faults_stop(
    quick_path: Path, request: pytest.FixtureRequest, batch: int
) -> None:
    """Three to five bad relays, a full disk, jumps of the clock, deaths: nothing lost, doubled or made up."""
    cache: Any = getattr(request.config, "cache", None)
    failed = cast("list[int]", cache.get(FAILED, []) if cache else [])
    seeds = [*(failed if batch == 0 else ()), *(REGRESSIONS if batch == 0 else ())]
    seeds += [secrets.randbits(48) for _ in range(SCHEDULES // BATCHES)]
    bad: list[Outcome] = []
    for seed in dict.fromkeys(seeds):
        with TemporaryDirectory(dir=quick_path) as directory:
            outcome = await simulate(seed, Path(directory))
        if outcome.problems:
            bad.append(outcome)
    if cache and (bad or batch == 0):
        cache.set(FAILED, [outcome.seed for outcome in bad])
    assert [] == bad


async def test_a_publisher_that_believes_every_answer_is_found_out(tmp_path: Path) -> None:
    """Control: without reading back, some schedule ends with relays that lack entries."""
    outcomes = [await simulate(seed, directory_for(tmp_path, seed), is_trusting=True) for seed in range(4)]
    assert any(outcome.problems for outcome in outcomes)


async def test_a_ledger_without_keys_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: where keys are not kept with entries, some schedule ends with other sums."""
    monkeypatch.setattr(Transaction, "put_request", forget)
    outcomes = [await simulate(seed, directory_for(tmp_path, seed)) for seed in range(4)]
    assert any("two receipts" in problem for outcome in outcomes for problem in outcome.problems)
