#!/usr/bin/env python3
"""The whole mission on real input, one command after the other, each as you would type it yourself.

    1  two embedded relays on free loopback ports, and the home of an operator
    2  8,819 real AI requests, priced and recorded as signed entries of 20 customers over two months
    3  published over websockets to both relays, and read back
    4  every balance rebuilt in an empty home that knows only the operator's public key
    5  the same sums from an auditor that shares no code with this project
    6  one customer's balance, month and history; on a terminal, the dashboard

Everything lives in one temporary directory. Ctrl-C stops it at any time and leaves nothing running.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent
AUDITOR = SCRIPTS / "independent_audit.py"
TRACE = SCRIPTS / "data" / "azure-llm-inference-trace-2023-code.csv"
BIN = str(Path(sys.executable).parent)
ACCOUNTS = 20
WIDTH = 99
STOP_TIMEOUT_S = 10
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Balances = dict[str, int]


class DemoError(Exception):
    """A step that did not do its work."""


def main() -> int:
    """Run the demonstration; 0 if every sum agrees."""
    arguments = _arguments()
    started = time.monotonic()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nostr-usage-demo-")))
        requests = _shorten_trace(directory / "trace.csv", arguments.requests)
        demo = Demo(directory)
        _title("1  An operator's home, and two relays on this machine")
        relays = [stack.enter_context(demo.relay(f"relay-{number}.sqlite")) for number in (1, 2)]
        root, ledger = demo.found(relays)
        _title(f"2  {requests:,} real AI requests become signed entries")
        demo.run("operator", "replay", "trace.csv", "--accounts", str(ACCOUNTS))
        _title("3  Published to both relays, and read back from both")
        demo.run("operator", "publish")
        _title("4  Rebuilt from the relays, knowing nothing but the public key")
        demo.run("reader", "follow", root, *_repeat("--relay", relays))
        demo.run("reader", "sync")
        _title("5  Summed by an auditor that shares no code with this project")
        verdict = demo.compare(ledger, relays)
        _end(demo, time.monotonic() - started, verdict, opens_dashboard=arguments.dashboard)
        if arguments.keep:
            _keep(directory, relays)
    return 0 if verdict.startswith("✓") else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="stay up with relays and homes, until Ctrl-C")
    parser.add_argument("--requests", type=int, metavar="N", help="only the first N requests of the trace")
    parser.add_argument(
        "--no-dashboard", dest="dashboard", action="store_false", help="do not end in the dashboard"
    )
    return parser.parse_args()


class Demo:
    """Runs the commands of nostr-usage in one directory, and shows each as it would be typed there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def relay(self, database: str) -> Generator[str]:
        """An embedded relay in a process of its own; gives its URL, and stops it at the end."""
        command = ("nostr-usage", "relay", "--port", "0", "--db", database)
        _show(command)
        with self.started(*command, "--json", stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            announced = ""
            while not announced.endswith("}\n"):
                line = process.stdout.readline()
                if not line:
                    raise DemoError("the relay did not start")
                announced += line
            url = str(json.loads(announced)["url"])
            print(f"relay on {url}")
            yield url

    def found(self, relays: Sequence[str]) -> tuple[str, str]:
        """Make the operator's home; the root key that readers pin, and the ledger key that signs."""
        founded = self.json("operator", "init", *_repeat("--relay", relays))
        print(f"root key    {founded['root_npub']}")
        print(f"ledger key  {founded['ledger_npub']}")
        return str(founded["root_npub"]), str(founded["ledger_npub"])

    def compare(self, ledger: str, relays: Sequence[str]) -> str:
        """Who found what, account by account, and whether all agree."""
        _show(("scripts/independent_audit.py", ledger, *relays))
        with self.started(sys.executable, str(AUDITOR), ledger, *relays, "--json") as process:
            audit = _answer_of(process, codes=(0, 1))
        audited = {str(row["account"]): int(row["balance"] or 0) for row in audit["streams"]}
        print(f"exit code {process.returncode}, problems found: {len(audit['problems'])}")
        recorded, rebuilt = self.balances("operator"), self.balances("reader")
        for found, whose in (
            (recorded, "in the operator's own books"),
            (rebuilt, "rebuilt from the relays"),
            (audited, "in the eyes of the auditor"),
        ):
            print(f"{len(found):>4} accounts, {sum(found.values()):>9,} tokens left  {whose}")
        agree = recorded == rebuilt == audited and not audit["problems"]
        return "✓ all three agree, account by account" if agree else "✗ THEY DO NOT AGREE"

    def balances(self, home: str) -> Balances:
        """Tokens by account, as `account list` has them."""
        with self.started("nostr-usage", "--home", home, "account", "list", "--json") as process:
            return {str(row["account"]): int(row["tokens"]) for row in _answer_of(process)}

    def run(self, home: str, *arguments: str) -> None:
        """One command, with its own output."""
        command = ("nostr-usage", "--home", home, *arguments)
        _show(command)
        with self.started(*command, stdout=None) as process:
            if process.wait() != 0:
                raise DemoError(f"that ended with exit code {process.returncode}")

    def json(self, home: str, *arguments: str) -> Any:
        """What one command says as JSON."""
        command = ("nostr-usage", "--home", home, *arguments)
        _show(command)
        with self.started(*command, "--json") as process:
            return _answer_of(process)

    @contextmanager
    def started(
        self, *command: str, stdout: int | None = subprocess.PIPE
    ) -> Generator[subprocess.Popen[str]]:
        """A process that does not outlive the block.

        It has a session of its own, so that Ctrl-C reaches only this program, which then stops it in order.
        """
        process: subprocess.Popen[str] | None = None
        try:
            with _interrupts_held_back():
                process = subprocess.Popen(
                    (_program(command[0]), *command[1:]),
                    cwd=self.directory,
                    stdout=stdout,
                    text=True,
                    start_new_session=True,
                )
            yield process
        finally:
            if process is not None:
                _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _answer_of(process: subprocess.Popen[str], *, codes: Sequence[int] = (0,)) -> Any:
    output, _ = process.communicate()
    if process.returncode not in codes:
        raise DemoError(f"that ended with exit code {process.returncode}")
    return json.loads(output)


def _shorten_trace(path: Path, requests: int | None) -> int:
    """Put the trace, or its first `requests`, to `path`; how many they are."""
    header, *rows = TRACE.read_text("ascii").splitlines()
    kept = rows[:requests]
    path.write_text("\n".join([header, *kept]) + "\n", "ascii")
    return len(kept)


def _end(demo: Demo, seconds: float, verdict: str, *, opens_dashboard: bool) -> None:
    """The dashboard on a terminal, otherwise the same as text."""
    closing = f"{verdict} ({seconds:.0f} s in all)"
    if opens_dashboard and sys.stdout.isatty() and sys.stdin.isatty():
        print(closing)
        _title("6  One customer's dashboard: q leaves it, a shows the others, ? explains")
        command = ("nostr-usage-tui", "--home", "operator", "customer-01")
        _show(command)
        subprocess.run([_program(command[0]), *command[1:]], cwd=demo.directory, check=False)
        print(f"\n{closing}")
        return
    print(closing)
    _title("6  One customer, as the reader sees it")
    account = next(iter(demo.balances("reader")))
    for command in (("balance",), ("month",), ("history", "--limit", "10")):
        demo.run("reader", command[0], account, *command[1:])


def _keep(directory: Path, relays: Sequence[str]) -> None:
    _title("Staying up: Ctrl-C ends it and removes the directory")
    print(f"relays     {', '.join(relays)}")
    print(f"directory  {directory}")
    print(f"try        {_program('nostr-usage')} --home {directory / 'reader'} balance", flush=True)
    signal.pause()


def _program(name: str) -> str:
    """The program of this environment, if it is installed there."""
    found = shutil.which(name, path=os.pathsep.join((BIN, os.environ.get("PATH", os.defpath))))
    if found is None:
        raise DemoError(f"{name} is not installed: start this with scripts/run")
    return found


def _repeat(option: str, values: Sequence[str]) -> list[str]:
    return [part for value in values for part in (option, value)]


def _title(text: str) -> None:
    print(f"\n── {text} {'─' * (WIDTH - 4 - len(text))}", flush=True)


def _show(command: Sequence[str]) -> None:
    """The command as it would be typed, over several lines if need be."""
    lines = textwrap.wrap(shlex.join(command), WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    print("\n$ " + " \\\n    ".join(lines), flush=True)


@contextmanager
def _interrupts_held_back() -> Generator[None]:
    """Interrupts wait for the end of the block, so that no process starts without being noted."""
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: caught.append(number)) for number in INTERRUPTS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        _interrupt(caught[0], None)


def _interrupt(_number: int, _frame: object) -> None:
    """Stop everything in order; who presses Ctrl-C again does not disturb that."""
    for number in INTERRUPTS:
        signal.signal(number, lambda _number, _frame: None)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for interrupt in INTERRUPTS:
        signal.signal(interrupt, _interrupt)
    try:
        sys.exit(main())
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nstopped; nothing is left running", file=sys.stderr)
        sys.exit(130)
