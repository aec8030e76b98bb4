#!/usr/bin/env python3
"""The whole mission on real input, one command after the other, each as you would type it yourself.

    1  two embedded relays on free loopback ports, and the home of an operator
    2  8,819 real AI requests, priced and recorded as signed entries of 20 customers over two months
    3  published over websockets to both relays, and read back
    4  every balance rebuilt in an empty home that knows only the operator's public key
    5  the same sums from an auditor that shares no code with this project
    6  one customer's balance, month and history

Everything lives in one temporary directory. Ctrl-C stops it at any time and leaves nothing running.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

SCRIPTS = Path(__file__).resolve().parent
TRACE = SCRIPTS / "data" / "azure-llm-inference-trace-2023-code.csv"
BIN = Path(sys.executable).parent
ACCOUNTS = 20
STOP_TIMEOUT_S = 10
Balances = dict[str, int]


def main() -> int:
    """Run the demonstration; 0 if every sum agrees."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nostr-usage-demo-")))
        relays = [stack.enter_context(running_relay(directory / f"relay-{n}.sqlite")) for n in (1, 2)]
        operator, reader = directory / "operator", directory / "reader"
        root, ledger = _record_and_publish(operator, relays)
        agree = _rebuild_and_compare(operator, reader, (root, ledger), relays)
        _show_one_customer(reader)
        print(f"\nAll of it took {time.monotonic() - started:.0f} s. Homes and relays are in {directory}")
        if agree and sys.stdout.isatty() and sys.stdin.isatty() and arguments.dashboard:
            _open_dashboard(operator)
        if arguments.keep:
            _keep(directory, relays)
    return 0 if agree else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/run", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--keep", action="store_true", help="stay up with relays and homes, until Ctrl-C")
    parser.add_argument(
        "--no-dashboard", dest="dashboard", action="store_false", help="do not end in the dashboard"
    )
    return parser.parse_args()


def _record_and_publish(operator: Path, relays: Sequence[str]) -> tuple[str, str]:
    """Steps 1 to 3; gives the public keys: the root key that readers pin, and the ledger key that signs."""
    _title("1  An operator's home, and two relays on this machine")
    founded = _json(operator, "init", *_repeat("--relay", relays))
    print(f"   root key   {founded['root_npub']}")
    print(f"   ledger key {founded['ledger_npub']}")
    _title("2  8,819 real AI requests become signed entries")
    _run(operator, "replay", str(TRACE), "--accounts", str(ACCOUNTS))
    _title("3  Published to both relays, and read back from both")
    _run(operator, "publish")
    return str(founded["root_npub"]), str(founded["ledger_npub"])


def _rebuild_and_compare(operator: Path, reader: Path, keys: tuple[str, str], relays: Sequence[str]) -> bool:
    """Steps 4 and 5; whether all three agree on every account."""
    root, ledger = keys
    _title("4  Rebuilt from the relays, knowing nothing but the public key")
    _run(reader, "follow", root, *_repeat("--relay", relays))
    _run(reader, "sync")
    _title("5  Summed by an auditor that shares no code with this project")
    audited = _audit(ledger, relays)
    recorded, rebuilt = _balances(operator), _balances(reader)
    agree = recorded == rebuilt == audited
    print(f"   {len(recorded)} accounts, {sum(recorded.values()):,} tokens owed by the operator's own books")
    print(f"   {len(rebuilt)} accounts, {sum(rebuilt.values()):,} tokens rebuilt from the relays")
    print(f"   {len(audited)} accounts, {sum(audited.values()):,} tokens in the eyes of the auditor")
    print("   ✓ all agree, account by account" if agree else "   ✗ THEY DISAGREE")
    return agree


def _show_one_customer(reader: Path) -> None:
    _title("6  One customer, as the reader sees it")
    account = next(iter(_balances(reader)))
    for command in (("balance",), ("month",), ("history", "--limit", "12")):
        _run(reader, command[0], account, *command[1:])


def _open_dashboard(home: Path) -> None:
    _title("The dashboard; q leaves it")
    subprocess.run([BIN / "nostr-usage-tui", "--home", home], check=False)


def _keep(directory: Path, relays: Sequence[str]) -> None:
    print(f"\nStaying up: {', '.join(relays)}")
    print(f"Try: {BIN / 'nostr-usage'} --home {directory / 'reader'} balance")
    print("Ctrl-C ends it and removes the directory.")
    signal.pause()


@contextmanager
def running_relay(database: Path) -> Generator[str]:
    """An embedded relay in a process of its own; gives its URL, and stops it at the end."""
    command = [BIN / "nostr-usage", "relay", "--port", "0", "--db", database, "--json"]
    # In a group of its own, so that Ctrl-C reaches this program first, which then stops it in order.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                line = process.stdout.readline()
                if not line:
                    raise SystemExit("the relay did not start")
                lines.append(line)
            yield str(json.loads("".join(lines))["url"])
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _run(home: Path, *arguments: str) -> None:
    """Run one command of nostr-usage, shown as it would be typed."""
    print(f"\n$ nostr-usage --home {home.name} {shlex.join(arguments)}", flush=True)
    finished = subprocess.run([BIN / "nostr-usage", "--home", home, *arguments], check=False)
    if finished.returncode != 0:
        raise SystemExit(f"that ended with exit code {finished.returncode}")


def _json(home: Path, *arguments: str) -> dict[str, Any]:
    """What one command says as JSON."""
    print(f"\n$ nostr-usage --home {home.name} {shlex.join(arguments)}", flush=True)
    command = [BIN / "nostr-usage", "--home", home, *arguments, "--json"]
    finished = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise SystemExit(f"that ended with exit code {finished.returncode}")
    return cast("dict[str, Any]", json.loads(finished.stdout))


def _balances(home: Path) -> Balances:
    """Tokens by account, as `account list` has them."""
    command = [BIN / "nostr-usage", "--home", home, "account", "list", "--json"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {str(row["account"]): int(row["tokens"]) for row in json.loads(listed)}


def _audit(ledger: str, relays: Sequence[str]) -> Balances:
    """Tokens by account, as the independent auditor has them."""
    print(f"\n$ scripts/independent_audit.py {ledger} {' '.join(relays)}", flush=True)
    command = [sys.executable, SCRIPTS / "independent_audit.py", ledger, *relays, "--json"]
    finished = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    verdict = json.loads(finished.stdout)
    print(f"   exit code {finished.returncode}, problems found: {len(verdict['problems'])}")
    return {str(stream["account"]): int(stream["balance"]) for stream in verdict["streams"]}


def _repeat(option: str, values: Sequence[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


def _title(text: str) -> None:
    print(f"\n── {text} {'─' * max(0, 96 - len(text))}", flush=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
