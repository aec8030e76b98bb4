"""The command line as a person or a script uses it: in this process, on a clock that tests set."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nostr_usage.cli.output import ExitCode
from nostr_usage.cli.start import execute
from nostr_usage.clock import ManualClock
from nostr_usage.founding import create_follower_home
from nostr_usage.home import Home, Role, Settings
from nostr_usage.wiring import relay_set_at
from tests.operators import FEBRUARY_1

RELAY = "ws://127.0.0.1:1/"
COMMAND = (sys.executable, "-c", "from nostr_usage.cli.start import run; run()")
"""The command line in a process of its own."""

CONTROLS = frozenset(map(chr, (*range(10), *range(11, 32), *range(127, 160), 0x202E, 0x2066, 0x200F)))
"""What a terminal would obey, except the line feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command ended with, and what it wrote where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """What it printed, by line."""
        return self.out.splitlines()


class _Screen(io.TextIOWrapper):
    """A text stream over bytes, as standard streams are."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def text(self) -> str:
        """All that was written."""
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("utf-8")


class Terminal:
    """Runs commands on one home.

    Attributes:
        home: the home's directory.
        clock: what commands tell the time by.
    """

    def __init__(self, home: Path, *, now: int = FEBRUARY_1) -> None:
        self.home = home
        self.clock = ManualClock(now)

    def run(
        self,
        *arguments: str,
        code: ExitCode = ExitCode.DONE,
        stdin: bytes = b"",
        is_terminal: bool = False,
    ) -> Outcome:
        """One command, which must end with `code`; `is_terminal` is what its standard output is."""
        out, err = _Screen(is_terminal=is_terminal), _Screen()
        with redirect_stdout(out), redirect_stderr(err), _stdin(stdin):
            ended = execute(["--home", str(self.home), *arguments], clock=self.clock)
        outcome = Outcome(code=ended, out=out.text, err=err.text)
        assert code == ended, outcome.out + outcome.err
        return outcome

    def at(self, now: int, *arguments: str, code: ExitCode = ExitCode.DONE) -> Outcome:
        """One command at a time of its own."""
        self.clock.set(now)
        return self.run(*arguments, code=code)


@contextmanager
def _stdin(data: bytes) -> Generator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def operator_terminal(directory: Path, *options: str) -> Terminal:
    """A terminal on a new operator's home."""
    terminal = Terminal(directory / "operator")
    terminal.run("init", "--relay", RELAY, *options)
    return terminal


def follower_terminal(directory: Path, operator: Terminal) -> Terminal:
    """A terminal on a new home that follows that operator, and has fetched nothing."""
    theirs = Home(operator.home).settings()
    home = Home(directory / "follower")
    settings = Settings(
        role=Role.FOLLOWER,
        root_pubkey=theirs.root_pubkey,
        ledger_pubkey=theirs.ledger_pubkey,
        ledger_id=theirs.ledger_id,
        kinds=theirs.kinds,
    )
    create_follower_home(home, settings, relays=relay_set_at((RELAY,)))
    return Terminal(home.path, now=operator.clock.now())


def controls_in(text: str) -> set[str]:
    """The characters of `text` that a terminal would obey."""
    return set(text) & CONTROLS


def february(day: int, hour: int, minute: int) -> int:
    """A unix time in February 2026, UTC."""
    return FEBRUARY_1 + (day - 1) * 86_400 + hour * 3_600 + minute * 60


def feed(terminal: Terminal) -> Sequence[Outcome]:
    """The activity feed of the transparency system: a match, an experiment, a chat, down to 5,847 tokens."""
    terminal.run("account", "new", "alice")
    terminal.run("grant", "alice", "5286", "--source", "purchased", "--paid", "9.11", "--key", "pack")
    match, experiment, chat = (
        ("profile-matching", "Matched with @sarah (Family dimension)", ()),
        ("experiment-creation", "Morning Rituals for Busy Moms", ("--tokens", "3892")),
        ("magic-mentor", "How do I set boundaries with family?", ("--tokens", "247")),
    )
    return [
        terminal.at(
            now, "record", "alice", activity, "--description", text, "--key", activity, "--json", *tokens
        )
        for now, (activity, text, tokens) in (
            (february(13, 16, 15), match),
            (february(14, 11, 23), experiment),
            (february(14, 14, 45), chat),
        )
    ]


_ON_A_TERMINAL = (
    sys.executable,
    "-c",
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
)


def on_a_terminal(*arguments: str, dialogue: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """The exit code and the screen of a command with a terminal of its own: each prompt gets its answer."""
    with subprocess.Popen(
        [*_ON_A_TERMINAL, *COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        shown, asked = b"", 0
        for prompt, answer in dialogue:
            # What is typed before a hidden prompt appears is thrown away.
            while prompt.encode() not in shown[asked:] and (data := os.read(process.stdout.fileno(), 4_096)):
                shown += data
            asked = len(shown)
            process.stdin.write(answer.encode() + b"\n")
            process.stdin.flush()
        shown += process.stdout.read()
        return process.wait(), shown.decode()
