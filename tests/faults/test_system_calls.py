"""System calls that fail, or are the last, at any place of a program that makes twenty entries."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.acknowledging import found_ledger
from tests.faults.strace import Fault, why_not
from tests.faults.system_calls import FaultReport, faults_of, suffer
from tests.relay_process import relay_process

FAULTS = int(os.environ.get("NOSTR_USAGE_FAULTS", "30"))
SEED = int(os.environ.get("NOSTR_USAGE_SEED", "1"))

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def some_of_each(faults: list[Fault], count: int) -> list[Fault]:
    """At random, but every sort of call and every outcome before any of them again."""
    chance = random.Random(SEED)
    chance.shuffle(faults)
    met: dict[tuple[str, str], int] = {}

    def turn(fault: Fault) -> int:
        met[fault.call, fault.outcome] = met.get((fault.call, fault.outcome), 0) + 1
        return met[fault.call, fault.outcome]

    turns = {fault: turn(fault) for fault in faults}
    return sorted(faults, key=turns.__getitem__)[:count]


def test_every_failing_call_is_an_error_of_ours_and_hurts_nothing(tmp_path: Path) -> None:
    """EIO, ENOSPC and SIGKILL at files and sockets: all acknowledged is there, once, and gets published."""
    with relay_process(tmp_path / "relay.db") as relay:
        found_ledger(tmp_path / "founded", relays=(relay,))
        faults = list(faults_of(tmp_path / "founded", directory=tmp_path / "clean", relay=relay))
        assert len(faults) > 500

        def run(fault: Fault) -> FaultReport:
            directory = tmp_path / f"{fault.call}-{fault.outcome}-{fault.when}"
            return suffer(tmp_path / "founded", fault, directory=directory, relay=relay)

        with ThreadPoolExecutor(max_workers=2) as pool:
            reports = list(pool.map(run, some_of_each(faults, FAULTS)))
    assert [] == [report for report in reports if not report.is_sound]
    assert any(report.complaints for report in reports)
    assert any(report.acknowledged < 20 for report in reports)


def test_a_hasty_program_loses_entries(tmp_path: Path) -> None:
    """Control: the same faults find a program that says yes before its commit."""
    relay = "ws://127.0.0.1:1/"
    found_ledger(tmp_path / "founded", relays=(relay,))
    fault = Fault(call="pwrite64", outcome="EIO", when=40)
    report = suffer(tmp_path / "founded", fault, directory=tmp_path / "copy", relay=relay, changes="hasty")
    assert report.damage.lost
