"""`python -m scripts.benchmarks`: one run, one table, and the same as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from scripts.benchmarks import dashboard, memory, quoting, rebuilding, recording, reporting, spending
from scripts.benchmarks.measuring import Row, Table

SIZES = (1_000, 100_000)
NAMES = ("start", "record", "spend", "quote", "report", "rebuild", "dashboard")
DASHBOARD_ENTRIES = 1_000_000


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=SIZES, help="sizes of ledgers")
    parser.add_argument("--rounds", type=int, default=3, help="how often each pair is measured")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="these rows only")
    parser.add_argument(
        "--memory", type=int, nargs=2, metavar=("N", "M"), help="peaks at N entries, too, against those at M"
    )
    parser.add_argument("--json", type=Path, help="put the rows into this file, too")
    options = parser.parse_args()
    table = Table()
    wanted: dict[str, Callable[[], list[Row]]] = {
        "start": reporting.start_rows,
        "record": lambda: recording.rows(rounds=options.rounds),
        "spend": lambda: spending.rows(rounds=options.rounds),
        "quote": lambda: [
            row for size in options.entries for row in quoting.rows(size, rounds=options.rounds)
        ],
        "report": lambda: [row for size in options.entries for row in reporting.rows(size)],
        "rebuild": lambda: [
            row for size in options.entries for row in rebuilding.rows(size, rounds=options.rounds)
        ],
        "dashboard": lambda: dashboard.rows(DASHBOARD_ENTRIES, rounds=options.rounds),
    }
    for name in options.only:
        for row in wanted[name]():
            table.add(row)
    if options.memory:
        for row in memory.rows(options.memory[0], against=options.memory[1]):
            table.add(row)
    if options.json:
        _write(options.json, table)


def _write(path: Path, table: Table) -> None:
    """Write the rows; those of an earlier run that were not measured again stay, each with its date."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    machine = {
        "date": date,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
    }
    earlier: list[dict[str, object]] = json.loads(path.read_bytes())["rows"] if path.exists() else []
    rows = {_subject(row): row for row in earlier}
    rows |= {_subject(row): {**row, "date": date} for row in table.as_json()}
    path.write_text(json.dumps({**machine, "rows": list(rows.values())}, indent=1) + "\n", "utf-8")


def _subject(row: dict[str, object]) -> tuple[object, ...]:
    return row["name"], row["entries"], row["peer_name"]


if __name__ == "__main__":
    main()
