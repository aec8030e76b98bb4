"""The dashboard for minutes: entries arrive from a relay, keys are pressed, the terminal changes its size.

It must end with the right balance, and use no more memory and no more of the processor late than early.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random

from scripts.benchmarks import arriving
from scripts.benchmarks.terminal import Screen
from tests.relay_process import relay_process

MINUTES = 10
SAMPLE_S = 15.0
EVENTS_A_SECOND = 5
STEP_S = 0.25
WARM_SHARE = 0.25
"""Of the samples, those before caches are full."""
GROWTH_MAX = 1.1
SPARE_MB = 4.0
CPU_GROWTH_MAX = 1.3
_DOWN, _UP, _ESCAPE = b"\x1b[B", b"\x1b[A", b"\x1b"
_WALK = (
    b"1", _DOWN, _DOWN, b"l", _ESCAPE, b"w", _ESCAPE, b"m", _ESCAPE,
    b"2", b"[", b"[", b"t", b"3", _DOWN, b"G", b"g", _DOWN, b"\r", b"v", _ESCAPE, b"b", b"[", b"[", _ESCAPE,
    b"s", b"s", b"s", b"s", b"/", b"tokens>5\r", _ESCAPE, b"4", _DOWN, b"c", b"V", _ESCAPE, b"?",
    _ESCAPE, b" ", b" ", b"z", b"d", b"d", b"z", b",", _ESCAPE, _UP, b"r",
)  # fmt: skip
_SIZES = ((24, 80), (40, 120), (12, 40), (60, 200))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Percent of a core since the sample before, and resident memory now."""

    cpu_percent: float
    resident_mb: float


def soak_dashboard(minutes: int, *, seed: int) -> int:
    """0 if it held, 1 if it grew, died or lost entries."""
    chance, entries = Random(seed), minutes * 60 * EVENTS_A_SECOND
    with tempfile.TemporaryDirectory(prefix="nostr-usage-soak-") as name:
        directory = Path(name)
        (directory / "operator").mkdir()
        history = arriving.signed_history(directory / "operator", entries, a_second=EVENTS_A_SECOND)
        with relay_process(directory / "relay.sqlite") as url:
            arriving.publish(url, history.events[: arriving.FIRST])
            home = arriving.follower_home(directory, history, url)
            with Screen("-c", "from tui.app import main; main()", "--home", str(home.path)) as screen:
                screen.until(b"Magic Mentor")
                feeding = threading.Thread(target=_feed, args=(url, history.events[arriving.FIRST :]))
                feeding.start()
                samples = list(_use(screen, minutes * 60.0, chance))
                feeding.join()
                screen.resize(40, 120)
                _go_to_history(screen, len(history.events), history.tokens)
    return _verdict(samples)


def _feed(url: str, events: tuple[arriving.Event, ...]) -> None:
    arriving.publish_steadily(url, events, a_second=EVENTS_A_SECOND)


def _use(screen: Screen, seconds: float, chance: Random) -> Iterator[Sample]:
    """Press the next key of a walk, sometimes change the size; a sample now and then."""
    walk, end = cycle(_WALK), time.monotonic() + seconds
    sampled_at, cpu_ms = time.monotonic(), screen.cpu_ms()
    while time.monotonic() < end:
        screen.type(next(walk))
        if chance.random() < 0.02:
            screen.resize(*chance.choice(_SIZES))
        screen.watch(STEP_S)
        passed_s = time.monotonic() - sampled_at
        if passed_s >= SAMPLE_S:
            sample = Sample(
                cpu_percent=(screen.cpu_ms() - cpu_ms) / passed_s / 10, resident_mb=screen.resident_mb()
            )
            print(f"{sample.cpu_percent:5.1f} % of a core, {sample.resident_mb:6.1f} MiB", flush=True)
            yield sample
            sampled_at, cpu_ms = time.monotonic(), screen.cpu_ms()


def _go_to_history(screen: Screen, entries: int, tokens: int) -> None:
    """Wherever the walk ended: out of any box, without a filter, to the list of everything."""
    for key in (_ESCAPE, _ESCAPE, _ESCAPE, _ESCAPE, b"3", _ESCAPE, _ESCAPE, b"1"):
        screen.type(key)
        screen.watch(1.0)
    screen.type(b"3")
    screen.until(f"{entries:,} entries, which add up to {tokens:,}".encode())


def _verdict(samples: list[Sample]) -> int:
    warm = samples[round(len(samples) * WARM_SHARE) :]
    half = len(warm) // 2
    memory = [statistics.median(sample.resident_mb for sample in part) for part in (warm[:half], warm[half:])]
    cpu = [statistics.median(sample.cpu_percent for sample in part) for part in (warm[:half], warm[half:])]
    print(f"memory: {memory[0]:.1f} MiB early, {memory[1]:.1f} late")
    print(f"processor: {cpu[0]:.1f} % early, {cpu[1]:.1f} % late")
    is_flat = memory[1] <= memory[0] * GROWTH_MAX + SPARE_MB and cpu[1] <= cpu[0] * CPU_GROWTH_MAX
    print("flat, and nothing lost" if is_flat else "it grows")
    return 0 if is_flat else 1
