"""Memory: the peak of the processes that publish and rebuild a ledger, as the ledger grows.

Each runs in a process of its own, since a peak never comes down again; `VmHWM`, unlike what `getrusage` says,
does not begin with what the parent had. Of a rebuild it is the largest of the program and its workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nostr_usage.ledger.entry import AccountId
from scripts.benchmarks.measuring import Row, row_of
from scripts.benchmarks.published import Published, rebuild
from tests.relay_process import relay_process

PUBLISH = "publish"
REBUILD = "rebuild"
OURSELVES = Path("/proc/self")


def rows(entries: int, *, against: int) -> list[Row]:
    """Peaks at `entries` against those at a smaller size; one round, since they hardly vary."""
    large, small = _peaks_mb(entries), _peaks_mb(against)
    return [
        row_of(
            f"memory, {what}",
            [(large[what], small[what])],
            entries=entries,
            peer_name=f"{against:,} entries",
            unit="MiB at most",
            goal="≤ 1.2",
        )
        for what in large
    ]


def _peaks_mb(entries: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory, relay_process(Path(directory) / "relay.sqlite") as url:
        published = _run(PUBLISH, url, str(entries))
        rebuilt = _run(REBUILD, json.dumps(published["ledger"]))
    return {PUBLISH: float(str(published["peak_mb"])), REBUILD: float(str(rebuilt["peak_mb"]))}


def _run(*arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "scripts.benchmarks.memory", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main(what: str, *arguments: str) -> None:
    """Do one thing in this process, and print its peak."""
    answer: dict[str, object] = {}
    peaks: list[float] = []
    if what == PUBLISH:
        from scripts.benchmarks import rebuilding  # noqa: PLC0415  # a rebuild must not load it: its size counts

        url, entries = arguments
        ledger = asyncio.run(rebuilding.publish(url, int(entries)))
        answer["ledger"] = [ledger.url, ledger.pubkey, ledger.accounts, ledger.entries]
    else:
        url, pubkey, accounts, entries = json.loads(arguments[0])
        ledger = Published(
            url=url, pubkey=pubkey, accounts=tuple(map(AccountId, accounts)), entries=int(entries)
        )
        rebuilt = rebuild(ledger, on_progress=lambda _: peaks.extend(_worker_peaks_mb()))
        assert ledger.entries == asyncio.run(rebuilt), "entries are missing"
    answer["peak_mb"] = max(_peak_mb(OURSELVES), *peaks, 0)
    sys.stdout.write(json.dumps(answer))


def _worker_peaks_mb() -> Iterator[float]:
    for children in (OURSELVES / "task").glob("*/children"):
        for pid in children.read_text("ascii").split():
            with contextlib.suppress(OSError):  # it has just ended
                yield _peak_mb(Path("/proc") / pid)


def _peak_mb(process: Path) -> float:
    """In MiB; Linux counts in KiB."""
    status = (process / "status").read_text("ascii").splitlines()
    return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:")), 0.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
