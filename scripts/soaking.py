"""The fault tests at full size, started by `scripts/soak`; what must hold is in tests/faults.

crash     kills of a process that records and publishes
strace    errors and deaths at every system call of twenty entries
powercut  states of the disk after a power cut
simulate  schedules by chance among bad relays
fuzz      mutated messages
outage    entries recorded in a week without relays
dashboard minutes of the dashboard: entries arrive, keys are pressed, memory and processor stay flat
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scripts.soaking_dashboard import MINUTES, soak_dashboard
from tests.faults.acknowledging import UNHURT, found_ledger
from tests.faults.crashes import KILLS_PER_LEDGER, crash_ledger
from tests.faults.power_cuts import damage_by_cut, record
from tests.faults.relay_fuzz import fuzz
from tests.faults.simulation import simulate
from tests.faults.strace import why_not
from tests.faults.system_calls import faults_of, suffer
from tests.relay_process import relay_process

NOWHERE = "ws://127.0.0.1:1/"
MESSAGES_AT_ONCE = 1_000
THOROUGH_EVERY = 10
TELL_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An attempt to break something: how many of what is counted it was, and what was found, if anything."""

    count: int
    name: str
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A sort of trial: `run` yields trials for ever, or as many as there are."""

    run: Callable[[Random, Path], Iterator[Trial]]
    count: int
    needs_strace: bool = False


def crash(random: Random, directory: Path) -> Iterator[Trial]:
    """Kills, some on each ledger."""
    for number in range(sys.maxsize):
        seed, place = random.getrandbits(32), directory / str(number)
        place.mkdir()
        with relay_process(place / "relay.db") as relay:
            report = crash_ledger(place / "home", relay=relay, seed=seed)
        yield Trial(
            count=KILLS_PER_LEDGER, name=f"seed {seed}", finding="" if report.is_sound else str(report)
        )


def strace(random: Random, directory: Path) -> Iterator[Trial]:
    """Every fault once, in any order."""
    with relay_process(directory / "relay.db") as relay:
        founded = directory / "founded"
        found_ledger(founded, relays=(relay,))
        faults = list(faults_of(founded, directory=directory / "clean", relay=relay))
        random.shuffle(faults)
        for fault in faults:
            report = suffer(founded, fault, directory=directory / "copy", relay=relay)
            yield Trial(count=1, name=fault.injection, finding="" if report.is_sound else str(report))


def powercut(random: Random, directory: Path) -> Iterator[Trial]:
    """Cuts of one recording after the other."""
    found_ledger(directory / "founded", relays=(NOWHERE,))
    for number in range(sys.maxsize):
        recording = record(directory / "founded", directory / f"ledger-{number}")
        for place in range(1_000):
            seed = random.getrandbits(32)
            moment, damage = damage_by_cut(
                recording, seed=seed, directory=directory / "cut", is_thorough=place % THOROUGH_EVERY == 0
            )
            finding = "" if damage == UNHURT else f"{damage} at {moment}"
            yield Trial(count=1, name=f"seed {seed}", finding=finding)


def simulated(random: Random, directory: Path) -> Iterator[Trial]:
    """One schedule after the other."""
    while True:
        seed = random.getrandbits(48)
        with tempfile.TemporaryDirectory(dir=directory) as place:
            outcome = asyncio.run(simulate(seed, Path(place)))
        yield Trial(count=1, name=f"seed {seed}", finding=str(outcome) if outcome.problems else "")


def fuzzed(random: Random, _directory: Path) -> Iterator[Trial]:
    """Some messages from each seed."""
    while True:
        seed = random.getrandbits(32)
        report = fuzz(seed, MESSAGES_AT_ONCE)
        finding = str(report.crashes[0]) if report.crashes else ""
        yield Trial(count=MESSAGES_AT_ONCE, name=f"seed {seed}", finding=finding)


SEARCHES = {
    "crash": Search(run=crash, count=10_000),
    "strace": Search(run=strace, count=1_000_000, needs_strace=True),
    "powercut": Search(run=powercut, count=5_000, needs_strace=True),
    "simulate": Search(run=simulated, count=10_000),
    "fuzz": Search(run=fuzzed, count=1_000_000),
}
ENTRIES = 100_000


def main() -> int:
    """Run what is asked for: 0 nothing was found, 1 something was, 2 it cannot run, 130 after Ctrl-C."""
    arguments = _arguments()
    if arguments.sort == "outage":
        return _outage(arguments.count or ENTRIES)
    if arguments.sort == "dashboard":
        return soak_dashboard(arguments.count or MINUTES, seed=arguments.seed or 1)
    search = SEARCHES[arguments.sort]
    if search.needs_strace and why_not():
        sys.stderr.write(f"cannot run: {why_not()}\n")
        return 2
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    print(f"{arguments.sort}: seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="nostr-usage-soak-") as directory:
        trials = search.run(Random(seed), Path(directory))
        return _watch(arguments.sort, trials, arguments.count or search.count, arguments.failures)


def _watch(sort: str, trials: Iterator[Trial], wanted: int, failures: Path) -> int:
    """Show how far it has come, and keep what is found."""
    done = found = 0
    started, is_interrupted = time.monotonic(), False
    told_at = started
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have what runs behind them ignore it
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for trial in trials:
            done += trial.count
            if trial.finding:
                found += 1
                print(f"\nFOUND {sort} {trial.name}: {trial.finding}", flush=True)
                with failures.open("a", encoding="utf-8") as file:
                    file.write(f"{sort} {trial.name}: {trial.finding}\n")
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{sort}: {done:,} tried, {found:,} found ")
            elif time.monotonic() >= told_at + TELL_EVERY_S:
                told_at = time.monotonic()
                print(f"{sort}: {done:,} tried in {told_at - started:,.0f} s, {found:,} found", flush=True)
            if done >= wanted:
                break
    except KeyboardInterrupt:
        is_interrupted = True
    took_s = time.monotonic() - started
    print(f"\n{sort}: {done:,} tried in {took_s:,.0f} s, {found:,} found")
    if found:
        print(f"kept in {failures}")
        return 1
    return 130 if is_interrupted else 0


def _interrupt(_number: int, _frame: object) -> None:
    """End as with Ctrl-C, which asyncio knows how to take."""
    signal.raise_signal(signal.SIGINT)


def _outage(entries: int) -> int:
    """The test itself, with a longer queue."""
    environment = {**os.environ, "NOSTR_USAGE_QUEUED": str(entries)}
    command = [sys.executable, "-m", "pytest", "-q", "--durations=3", "tests/faults/test_outage.py"]
    return subprocess.run(command, env=environment, check=False).returncode


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sort", choices=[*SEARCHES, "outage", "dashboard"])
    parser.add_argument("--count", type=int, help="how many; the full size if left out")
    parser.add_argument("--seed", type=int, help="repeats a run; fresh if left out")
    parser.add_argument("--failures", type=Path, default=Path("soak-failures.txt"), help="where to keep them")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
