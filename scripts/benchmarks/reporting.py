"""What somebody who only looks has to wait for, and what that costs as the ledger grows."""

from __future__ import annotations

import compileall
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nostr_usage.insight.breakdown import Dimension
from nostr_usage.report import balance_view, month_view, stream_of
from nostr_usage.reporting.stream_use import month_days, read_use, save_use
from nostr_usage.store import Store
from scripts.benchmarks.ledgers import START, fill, new_ledger
from scripts.benchmarks.measuring import Row, compare

LOOKS = 2_000
STARTS = 15
TOKEN_VALUE = 1_500_000
SMALL = 1_000
MONTH = "2026-05"
BALANCE = "from nostr_usage.cli.start import run; run()"


def rows(entries: int) -> list[Row]:
    """Balance, month and its breakdowns at `entries` against a thousand; breakdowns from saved sums."""
    with tempfile.TemporaryDirectory() as directory:
        large, small = Path(directory) / "large", Path(directory) / "small"
        for path, count in ((large, entries), (small, SMALL)):
            path.mkdir()
            with new_ledger(path) as ledger:
                fill(ledger, count)
                with ledger.store.read() as reader:
                    stream = stream_of(reader, ledger.accounts[0])
                save_use(ledger.store, [stream])
        return [
            compare(
                "balance, as it grows",
                lambda: _look_us(large, "balance"),
                lambda: _look_us(small, "balance"),
                entries=entries,
                peer_name=f"{SMALL:,} entries",
                unit="µs",
                goal="≤ 1.1",
            ),
            compare(
                "month, as it grows",
                lambda: _look_us(large, "month"),
                lambda: _look_us(small, "month"),
                entries=entries,
                peer_name=f"{SMALL:,} entries",
                unit="µs",
                goal="≤ 1.5",
            ),
            compare(
                "breakdowns, as it grows",
                lambda: _look_us(large, "breakdowns"),
                lambda: _look_us(small, "breakdowns"),
                entries=entries,
                peer_name=f"{SMALL:,} entries",
                unit="µs",
                goal="≤ 1.5",
            ),
        ]


def start_rows() -> list[Row]:
    """`nostr-usage balance` and `statusline` against an interpreter that does nothing.

    Both from compiled bytecode, as an installation has it.
    """
    compileall.compile_dir("nostr_usage", quiet=2)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"
        for arguments in (("init", "--relay", "ws://127.0.0.1:9"), ("account", "new", "alice")):
            subprocess.run(
                [sys.executable, "-c", BALANCE, "--home", str(home), *arguments],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        return [
            compare(
                f"start, {command}",
                lambda command=command: _start_ms(["-c", BALANCE, "--home", str(home), command, "alice"]),
                lambda: _start_ms(["-c", "pass"]),
                entries=1,
                peer_name="python -c pass",
                unit="ms of CPU",
                goal="≤ 5",
                rounds=5,
            )
            for command in ("balance", "statusline")
        ]


def _look_us(directory: Path, what: str) -> float:
    """Microseconds of one look at a warm store."""
    with Store.open(directory / "ledger.sqlite") as store, store.read() as reader:
        account = next(reader.accounts()).account
        stream = stream_of(reader, account)

        def look() -> None:
            if what == "balance":
                balance_view(reader, stream, now=START, token_value=TOKEN_VALUE)
            elif what == "month":
                month_view(reader, stream, MONTH)
            else:
                use = read_use(reader, [stream])
                for dimension in (Dimension.ACTIVITY, Dimension.MODEL, Dimension.MEMBER):
                    use.by(dimension, month_days(MONTH))
                use.units(month_days(MONTH))

        look()
        started = time.perf_counter()
        for _ in range(LOOKS):
            look()
        return (time.perf_counter() - started) * 1e6 / LOOKS


def _start_ms(arguments: list[str]) -> float:
    """CPU milliseconds of a whole interpreter, the least of several: the rest is noise of the machine."""
    command, spent = [sys.executable, *arguments], list[float]()
    for _ in range(STARTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent) * 1_000
